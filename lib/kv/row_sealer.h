// Who hides what rows hold from whoever reads the store's files: which values are sealed, and with
// which keys. A store over it is in kv/sealed.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "kv/kv.h"

namespace spind::kv {

// Begins what is read of a row that does not open. No record begins with this byte, and no name
// does.
inline constexpr char kUnreadable = '\xff';

// The keys of one partition's rows. Thread-safe.
class RowKeys {
 public:
  virtual ~RowKeys() = default;
  // Bound to family and key: what it gives opens there and nowhere else. key_unavailable.
  virtual Result<std::string> seal(Family family, std::string_view key,
                                   std::string_view value) const = 0;
};
using RowKeysRef = std::shared_ptr<const RowKeys>;

// Thread-safe.
class RowSealer {
 public:
  virtual ~RowSealer() = default;

  // Whether every value under such a key is sealed. Otherwise none is.
  virtual bool seals(Family family, std::string_view key) const = 0;
  // The partition of a key whose value is sealed.
  virtual std::string_view partition_of(std::string_view key) const = 0;

  // The keys of a partition; null: it has no sealed rows, or the rows do not say yet whose they
  // are. Rows that are in flight may never be committed, so nothing is remembered of them.
  // key_unavailable; but keys that are gone for good are such as seal nothing, so that rows can be
  // erased.
  enum class Rows { durable, in_flight };
  virtual Result<RowKeysRef> keys_of(const View& rows, Rows which, std::string_view partition) = 0;

  // Fills `plain`. corruption, unsupported: it is not what was sealed under this key.
  // key_unavailable; of those in memory only, also where they would have to be asked for, which may
  // take its time.
  enum class Keys { wherever, in_memory };
  virtual Status open(Family family, std::string_view key, std::string_view sealed, Keys keys,
                      std::string& plain) = 0;
};

}  // namespace spind::kv
