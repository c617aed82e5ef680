// Bytes of records: what a row holds is written with an Encoder and read with a Decoder.
//
//   std::string row;
//   Encoder(row).u8(kVersion).varint(size).bytes(name);
//   seal(row);                                         // a checksum at the end
//
//   std::optional<std::string_view> body = unseal(row);
//   Decoder in(*body);
//   ... in.u8() ... in.varint() ... in.bytes() ...
//   if (!in.finish()) -> corruption
//
// Numbers are little-endian in values and big-endian in keys, where byte order is number order.
// A number has one encoding only, so equal records are equal bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/hash.h"

namespace spind {

// Appends to a string that it borrows. One thread at a time.
class Encoder {
 public:
  explicit Encoder(std::string& out) : out_(out) {}

  Encoder& u8(std::uint8_t value) {
    out_.push_back(static_cast<char>(value));
    return *this;
  }
  Encoder& u16(std::uint16_t value) { return little_endian<2>(value); }
  Encoder& u32(std::uint32_t value) { return little_endian<4>(value); }
  Encoder& u64(std::uint64_t value) { return little_endian<8>(value); }
  Encoder& u64_be(std::uint64_t value) {
    char bytes[8];
    for (int i = 7; i >= 0; --i, value >>= 8) bytes[i] = static_cast<char>(value);
    out_.append(bytes, 8);
    return *this;
  }
  // 7 bits a byte, lowest first, the top bit set on all but the last.
  Encoder& varint(std::uint64_t value) {
    while (value >= 0x80) {
      out_.push_back(static_cast<char>(value | 0x80));
      value >>= 7;
    }
    out_.push_back(static_cast<char>(value));
    return *this;
  }
  // A varint of 0, -1, 1, -2, 2, … as 0, 1, 2, 3, 4, …
  Encoder& zigzag(std::int64_t value) {
    return varint(static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63));
  }
  // The length as a varint, then the bytes.
  Encoder& bytes(std::string_view value) { return varint(value.size()).raw(value); }
  Encoder& raw(std::string_view value) {
    out_.append(value);
    return *this;
  }
  Encoder& raw(Bytes value) { return raw(as_text(value)); }

 private:
  template <std::size_t kSize>
  Encoder& little_endian(std::uint64_t value) {
    char bytes[kSize];
    for (char& byte : bytes) {
      byte = static_cast<char>(value);
      value >>= 8;
    }
    out_.append(bytes, kSize);
    return *this;
  }
  std::string& out_;
};

// Reads bytes that anybody may have made. After the first thing that does not fit, every read
// answers zero or nothing and finish() is false, so one check at the end is enough; only what
// sizes a loop or an allocation is checked before. Strings are borrowed from the input. One thread
// at a time.
class Decoder {
 public:
  explicit Decoder(std::string_view in) : in_(in) {}

  std::uint8_t u8() {
    if (!take(1)) return 0;
    return static_cast<std::uint8_t>(in_[at_ - 1]);
  }
  std::uint16_t u16() { return static_cast<std::uint16_t>(little_endian(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(little_endian(4)); }
  std::uint64_t u64() { return little_endian(8); }
  std::uint64_t u64_be() {
    std::uint64_t value = 0;
    for (const char byte : raw(8)) value = value << 8 | static_cast<std::uint8_t>(byte);
    return value;
  }
  std::uint64_t varint() {
    if (at_ < in_.size() && static_cast<std::uint8_t>(in_[at_]) < 0x80)  // most are this short
      return u8();
    return long_varint();
  }
  std::int64_t zigzag() {
    const std::uint64_t value = varint();
    return static_cast<std::int64_t>(value >> 1 ^ (~(value & 1) + 1));
  }
  std::string_view bytes() { return raw(varint()); }
  std::string_view raw(std::uint64_t size) {
    if (!take(size)) return {};
    return in_.substr(at_ - size, size);
  }

  // For the caller's own rules, such as a kind that does not exist.
  void fail() { ok_ = false; }
  bool ok() const { return ok_; }
  std::size_t remaining() const { return ok_ ? in_.size() - at_ : 0; }
  // Whether every byte was read and all fitted.
  bool finish() const { return ok_ && at_ == in_.size(); }

 private:
  bool take(std::uint64_t size) {
    if (!ok_ || in_.size() - at_ < size) {
      ok_ = false;
      return false;
    }
    at_ += size;
    return true;
  }
  std::uint64_t long_varint() {
    std::uint64_t value = 0;
    std::size_t at = at_;
    for (unsigned shift = 0; ok_ && at < in_.size() && shift < 64; shift += 7) {
      const std::uint64_t byte = static_cast<std::uint8_t>(in_[at++]);
      if (shift == 63 && byte > 1) break;  // more than 64 bits
      value |= (byte & 0x7f) << shift;
      if ((byte & 0x80) != 0) continue;
      if (byte == 0 && shift > 0) break;  // a shorter encoding exists
      at_ = at;
      return value;
    }
    fail();
    return 0;
  }
  std::uint64_t little_endian(std::size_t size) {
    const std::string_view from = raw(size);
    std::uint64_t value = 0;
    for (std::size_t i = from.size(); i-- > 0;)
      value = value << 8 | static_cast<std::uint8_t>(from[i]);
    return value;
  }

  std::string_view in_;
  std::size_t at_ = 0;
  bool ok_ = true;
};

inline constexpr std::size_t kSealBytes = 4;

// Appends a checksum of what precedes: the low 32 bits of its XXH3-64, little-endian.
inline void seal(std::string& record) {
  Encoder(record).u32(static_cast<std::uint32_t>(xxh3_64(as_bytes(record))));
}

// What was sealed, if it is whole and unchanged.
inline std::optional<std::string_view> unseal(std::string_view record) {
  if (record.size() < kSealBytes) return std::nullopt;
  const std::string_view body = record.substr(0, record.size() - kSealBytes);
  const std::uint32_t expected = Decoder(record.substr(body.size())).u32();
  if (static_cast<std::uint32_t>(xxh3_64(as_bytes(body))) != expected) return std::nullopt;
  return body;
}

}  // namespace spind
