// Packs as objects of a blob store, which are put once and never change.
//
//   p/<number / 1000>/<number>
//
// Who appends first leads: it waits until as many are there as were at it lately, or nobody has
// joined for a short while, or the pack is as large as it may be, and puts what has been gathered;
// all who joined return when the put does.
// Meanwhile the next pack is gathered, so many are on their way at once, as far as the memory for
// them goes. One that has few callers waits for those of a pack under way that has many, who come
// back with more.
//
// Numbers come from ranges that are durably open before the first of them is used, and no number is
// used twice: a put that failed, or timed out, may have been carried out all the same, or may be
// yet. The row of a pack is written some time after all that is in it was settled; until then its
// range stays open, and after a crash the collector looks at the objects of such ranges and walks
// through those that have no row.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "content/failed_puts.h"
#include "content/memory_budget.h"
#include "content/numbers.h"
#include "content/packs.h"
#include "spind/blob_store.h"

namespace spind::content {

inline constexpr std::string_view kPacksPrefix = "p";
// So many looks after a crash, for so many packs without a sync of the ledger.
inline constexpr std::uint64_t kPackNumbersReserved = 100;

struct GatherOptions {
  std::chrono::milliseconds window{5};
  std::uint64_t pack_bytes = 4 << 20;
};

// Thread-safe.
class ObjectPacks final : public Packs {
 public:
  // Borrows all. `memory` bounds what is on its way; no more of it is taken for one pack than there
  // is in all.
  ObjectPacks(kv::Store& kv, BlobStore& blobs, Clock& clock, MemoryBudget& memory,
              const GatherOptions& options);
  ~ObjectPacks() override;

  Result<model::BlobPlace> append(Bytes frames, const Interrupt& interrupt) override;
  void settle_used(const model::BlobPlace& place, kv::Ticket ticket) override;
  void settle_dead(const model::BlobPlace& place, std::uint64_t stored_bytes) override;
  void settle_unknown(const model::BlobPlace& place) override;
  void close() override;
  Result<std::size_t> read(std::uint64_t number, std::uint64_t offset, Places places,
                           const Interrupt& interrupt) override;
  std::optional<PackBlob> blob_of(std::uint64_t number) override;

  Status catch_up(std::int64_t failed_ns_ago) override;
  Result<std::unique_ptr<File>> open_pack(std::uint64_t number) override;
  // Nothing is given back before the whole object goes.
  Result<bool> punch(const model::BlobPlace&, std::uint64_t) override { return true; }
  void count_dead(const model::PieceRow& row, kv::Ticket ticket) override;
  Status remove(std::span<const std::uint64_t> numbers) override;
  Status list(const NumberVisit& visit) override;
  std::uint64_t worth_moving_bytes() const override { return 64 * 1024; }
  model::LedgerRow left_open_tag(std::uint64_t) override { return model::LedgerRow::pack_range; }
  SyncCounts sync_counts() override;

 private:
  // What a caller brings.
  struct Part {
    Bytes frames;
    std::uint64_t offset = 0;  // in the pack, once that is laid out
  };
  // A pack that is being gathered and put, by one of those who wait for it. Where that one gives
  // up, another does it: the same bytes under the same name once more.
  struct Window {
    std::vector<Part*> parts;  // of callers who wait, and of those who left when it was laid out
    std::uint64_t size_bytes = 0;
    std::chrono::steady_clock::time_point begun, joined;
    bool closed = false;
    bool led = true;                      // somebody gathers or puts it
    bool copying = false;                 // what the callers brought is in use
    std::size_t callers = 0;              // when it was closed
    std::optional<std::uint64_t> number;  // of the pack, once it is laid out
    std::vector<std::uint8_t> bytes;
    MemoryBudget::Lease lease;
    std::size_t left = 0;  // callers whose bytes it has
    std::uint64_t left_bytes = 0;
    std::optional<Status> outcome;
    std::condition_variable changed;
  };
  // What the row of a pack that was put will say.
  struct Account {
    std::uint64_t end_bytes = 0, dead_bytes = 0;
    std::size_t unsettled = 0;
    std::vector<kv::Ticket> tickets;
    std::size_t durable = 0;  // so many of the tickets are known to be
    bool unknown = false;     // never written: the collector of a later run finds out
    bool written = false;     // dead bytes are to be added to the row itself
  };

  std::shared_ptr<Window> join(Part& part, bool& leads);
  void gather(Window& window, std::unique_lock<std::mutex>& lock);
  Status lead(Window& window, const Interrupt& interrupt, std::unique_lock<std::mutex>& lock);
  Status follow(Window& window, const Interrupt& interrupt, std::unique_lock<std::mutex>& lock);
  Status lay_out(Window& window, const Interrupt& interrupt);
  Status put(Window& window, const Interrupt& interrupt);
  void land(Window& window, const Status& done);
  void leave(Window& window, Part& part, const Status& why);
  void settled(std::map<std::uint64_t, Account>::iterator account);
  Status write_accounts();
  Status commit_accounts(const std::vector<std::uint64_t>& numbers);
  std::vector<std::uint64_t> forget_written(const std::vector<std::uint64_t>& numbers);

  kv::Store& kv_;
  BlobStore& blobs_;
  Clock& clock_;
  MemoryBudget& memory_;
  const GatherOptions options_;
  BlobNumbers numbers_;
  FailedPuts failed_;

  std::mutex writing_;  // held while rows are written; before mutex_
  std::mutex mutex_;
  std::shared_ptr<Window> gathering_;
  std::size_t under_way_ = 0;                  // callers whose packs are being put
  std::size_t expected_ = 16;                  // callers at once, lately; at first many
  std::map<std::uint64_t, Account> accounts_;  // of packs that have no row yet
  std::vector<std::uint64_t> settled_;         // those of them that are ready
  SyncCounts counts_;
};

std::string pack_object_name(std::uint64_t number);

}  // namespace spind::content
