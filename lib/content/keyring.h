// The keys of one vault, as they are in memory while it is used.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "base/secret.h"
#include "spind/result.h"

namespace spind::content {

// Thread-safe.
class Keyring {
 public:
  // One behind the other: id key, record key, data keys from generation 1 on.
  explicit Keyring(Secret keys, bool takes_plain = false)
      : keys_(std::move(keys)), takes_plain_(takes_plain) {}

  // Names pieces, and is never another one: equal pieces are found whatever was rotated.
  Result<Bytes> id_key() const { return key(0); }
  // Seals what lies in rows.
  Result<Bytes> record_key() const { return key(1); }
  // Seals pieces; new ones with that of generation(). Corruption: there is no such generation.
  Result<Bytes> data_key(std::uint64_t generation) const {
    if (generation == 0 || generation > this->generation())
      return Error{.code = Code::corruption,
                   .text = "sealed with a key that its vault does not have"};
    return key(1 + generation);
  }
  std::uint64_t generation() const { return keys_.size() / kKeyBytes - 2; }

  // Whether the vault is being encrypted, so that what is plain there is taken for what was stored
  // before it had keys.
  bool takes_plain() const { return takes_plain_; }

  // For whoever still holds it: nothing plain is taken any more, and no key is given out any more.
  void refuse_plain() { takes_plain_ = false; }
  void destroy() { destroyed_ = true; }
  static Error destroyed_error() {
    return {.code = Code::key_unavailable,
            .text = "the vault was destroyed: its content is gone for good"};
  }

 private:
  Result<Bytes> key(std::uint64_t index) const {
    if (destroyed_) return destroyed_error();
    return keys_.bytes().subspan(index * kKeyBytes, kKeyBytes);
  }

  const Secret keys_;
  std::atomic<bool> takes_plain_;
  std::atomic<bool> destroyed_{false};
};

}  // namespace spind::content
