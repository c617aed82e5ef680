// Numbers for blobs, from ranges that were durably reserved before the first of them is used: after
// a crash only the numbers of ranges that were still open can belong to a blob that nothing refers
// to.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "kv/kv.h"
#include "model/vault_rows.h"
#include "spind/blob_store.h"

namespace spind::content {

inline constexpr std::uint64_t kNumbersReserved = 1000;

// Thread-safe.
class BlobNumbers {
 public:
  // `range` is the row that is there while a range of `count` numbers is open.
  explicit BlobNumbers(kv::Store& kv, model::LedgerRow range = model::LedgerRow::range,
                       std::uint64_t count = kNumbersReserved)
      : kv_(kv), range_(range), count_(count) {}

  // A number that was never given out before, in a range that is durably open.
  Result<std::uint64_t> take();
  // The blob of the number is referred to by the commit of `ticket`, or is durably gone (0). A
  // number that is never settled keeps its range open for the collector of a later run.
  void settle(std::uint64_t number, kv::Ticket ticket = 0);
  // Closes the ranges whose given-out numbers are all settled. No number is taken after.
  void close();

 private:
  struct Range {
    std::uint64_t next = 0, end = 0;
    std::set<std::uint64_t> unsettled;
    std::vector<kv::Ticket> tickets;
  };
  Status reserve();
  void close_range(std::uint64_t first, const Range& range);

  kv::Store& kv_;
  const model::LedgerRow range_;
  const std::uint64_t count_;
  std::mutex reserving_;  // held while a range is being reserved; before mutex_
  std::mutex mutex_;
  std::map<std::uint64_t, Range> ranges_;  // by first number; numbers come from the last one
};

// The name of the blob of a number, below `prefix`, and the numbers of all blobs there. Names that
// are no such names are passed over.
std::string blob_name(std::string_view prefix, std::uint64_t number);
Status visit_blob_numbers(BlobStore& blobs, std::string_view prefix,
                          const std::function<Status(std::uint64_t)>& visit);

// Waits for all of them. False if one was lost: a store that was full and opened anew loses commits
// that were not durable, and goes on.
bool all_durable(kv::Store& kv, const std::vector<kv::Ticket>& tickets);

// Takes `count` numbers in a body that owns the ledger.
Result<std::uint64_t> take_numbers(kv::Transaction& transaction, std::uint64_t count);

}  // namespace spind::content
