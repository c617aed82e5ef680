#include "model/aside.h"

#include <algorithm>

#include "base/codec.h"
#include "base/try.h"
#include "model/keys.h"
#include "model/record_codec.h"

namespace spind::model {
namespace {

constexpr std::uint8_t kFamilies = 4;

}  // namespace

std::string asides_prefix(std::string_view partition) {
  return std::string(partition).append(1, static_cast<char>(SpaceRow::aside));
}

std::string aside_key(std::string_view partition, std::string_view kind, std::string_view subject) {
  std::string key = asides_prefix(partition);
  key.append(kind).push_back('\0');
  key.append(subject);
  return key;
}

std::string_view kind_in_aside_key(std::string_view partition, std::string_view key) {
  const std::string_view rest = key.substr(std::min(key.size(), partition.size() + 1));
  const std::size_t end = rest.find('\0');
  return end == std::string_view::npos ? std::string_view() : rest.substr(0, end);
}

std::string encode(const AsideRecord& record) {
  std::string out = begin_record(RecordTag::aside, record.text.size() + 64);
  Encoder(out).varint(record.node).bytes(record.text).u8(record.row ? 1 : 0);
  if (record.row) Encoder(out).u8(record.family).bytes(*record.row);
  return finish_record(std::move(out));
}

Result<AsideRecord> decode_aside(std::string_view bytes) {
  constexpr std::string_view kWhat = "what was set aside";
  SPIND_TRY_ASSIGN(const std::string_view body, open_record(RecordTag::aside, bytes, kWhat));
  Decoder in(body);
  AsideRecord record;
  record.node = in.varint();
  record.text = in.bytes();
  const std::uint8_t has_row = in.u8();
  if (has_row == 1) {
    record.family = in.u8();
    record.row = std::string(in.bytes());
  }
  if (!in.finish() || has_row > 1 || record.family >= kFamilies) return corrupt_record(kWhat);
  return record;
}

}  // namespace spind::model
