#include "content/object_packs.h"

#include <algorithm>

#include "base/try.h"
#include "blob/interrupt.h"

namespace spind::content {

using kv::Family;
using model::BlobPlace;
using model::LedgerRow;

namespace {

// Whoever joins keeps a pack waiting for others, but not for longer than so many windows.
constexpr int kWindowsMax = 16;
// With each pack one in so many is forgotten of those who were at it at once.
constexpr std::size_t kForgotten = 8;
// So many settled packs get their rows at once.
constexpr std::size_t kSettledMax = 500;

// A pack that was fetched, as a file to walk through.
class FetchedPack final : public File {
 public:
  explicit FetchedPack(std::vector<std::uint8_t> bytes) : bytes_(std::move(bytes)) {}

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::uint8_t> out) const override {
    if (offset >= bytes_.size()) return std::size_t{0};
    const Bytes from = Bytes(bytes_).subspan(static_cast<std::size_t>(offset));
    const std::size_t count = std::min(out.size(), from.size());
    std::copy_n(from.begin(), count, out.begin());
    return count;
  }
  Result<std::uint64_t> size() const override { return std::uint64_t{bytes_.size()}; }
  Status append(Bytes) override { return fixed(); }
  Status sync() override { return fixed(); }
  Status truncate(std::uint64_t) override { return fixed(); }
  Status punch(std::uint64_t, std::uint64_t) override { return fixed(); }
  void will_read(std::uint64_t, std::uint64_t) const override {}
  void drop_cache(std::uint64_t, std::uint64_t) const override {}

 private:
  static Error fixed() { return {Code::unsupported, "a pack that is an object never changes"}; }

  const std::vector<std::uint8_t> bytes_;
};

}  // namespace

std::string pack_object_name(std::uint64_t number) { return blob_name(kPacksPrefix, number); }

ObjectPacks::ObjectPacks(kv::Store& kv, BlobStore& blobs, Clock& clock, MemoryBudget& memory,
                         const GatherOptions& options)
    : kv_(kv),
      blobs_(blobs),
      clock_(clock),
      memory_(memory),
      options_(options),
      numbers_(kv, LedgerRow::pack_range, kPackNumbersReserved) {}

ObjectPacks::~ObjectPacks() = default;

// The open window, or a new one that the caller leads.
std::shared_ptr<ObjectPacks::Window> ObjectPacks::join(Part& part, bool& leads) {
  const auto now = std::chrono::steady_clock::now();
  if (gathering_ != nullptr && gathering_->size_bytes + part.frames.size() > options_.pack_bytes) {
    gathering_->closed = true;
    gathering_->changed.notify_all();
    gathering_.reset();
  }
  leads = gathering_ == nullptr;
  if (leads) {
    gathering_ = std::make_shared<Window>();
    gathering_->begun = now;
  }
  std::shared_ptr<Window> window = gathering_;
  window->parts.push_back(&part);
  window->size_bytes += part.frames.size();
  window->joined = now;
  if (window->parts.size() >= expected_) window->changed.notify_all();
  return window;
}

// Returns when all are there who were at it lately, or nobody joins any more. While they come one
// soon after the other it waits for more of them, and also while packs with many more callers are
// on their way, who come back at once.
void ObjectPacks::gather(Window& window, std::unique_lock<std::mutex>& lock) {
  const auto last = window.begun + kWindowsMax * options_.window;
  while (!window.closed && window.parts.size() < expected_) {
    const bool few = 2 * window.parts.size() < under_way_;
    const auto until = few ? last : std::min(window.joined + options_.window, last);
    if (std::chrono::steady_clock::now() >= until) break;
    window.changed.wait_until(lock, until);
  }
  window.closed = true;
  if (gathering_.get() == &window) gathering_.reset();
  window.callers = window.parts.size();
  under_way_ += window.callers;
  expected_ = std::max(under_way_, expected_ - (expected_ + kForgotten - 1) / kForgotten);
}

// The pack of a window was put, or not: those who waited for it may want to join the next one.
void ObjectPacks::land(Window& window, const Status& done) {
  if (done.ok()) {
    // Whoever put it waits for it, so somebody settles it.
    Account& account = accounts_[*window.number];
    account.end_bytes = window.size_bytes;
    account.dead_bytes = window.left_bytes;
    account.unsettled = window.parts.size() - window.left;
  } else if (window.number) {
    failed_.add(*window.number, clock_.monotonic_ns());
  }
  window.outcome.emplace(done.ok() ? Status() : Status(done.error()));
  under_way_ -= window.callers;
  window.bytes = {};
  window.lease = {};
  window.changed.notify_all();
  if (gathering_ == nullptr) return;
  gathering_->joined = std::chrono::steady_clock::now();
  gathering_->changed.notify_all();
}

Result<BlobPlace> ObjectPacks::append(Bytes frames, const Interrupt& interrupt) {
  Part part{frames};
  std::unique_lock lock(mutex_);
  bool leads = false;
  const std::shared_ptr<Window> window = join(part, leads);
  if (leads) gather(*window, lock);
  while (!window->outcome) {
    const Status waited = leads ? lead(*window, interrupt, lock) : follow(*window, interrupt, lock);
    if (window->outcome) break;
    if (!waited.ok()) {
      leave(*window, part, waited);
      return waited.error();
    }
    leads = !window->led;
  }
  if (!window->outcome->ok()) return window->outcome->error();
  return BlobPlace{BlobPlace::Kind::pack, *window->number, part.offset};
}

// Puts the pack for all who wait for it. Where the caller gives up, that is answered, and whoever
// wakes up first goes on.
Status ObjectPacks::lead(Window& window, const Interrupt& interrupt,
                         std::unique_lock<std::mutex>& lock) {
  window.led = true;
  lock.unlock();
  const Status done = put(window, interrupt);
  Status asked = done.ok() ? Status() : ask(interrupt);
  lock.lock();
  if (asked.ok()) {
    land(window, done);
  } else {
    window.led = false;
    window.changed.notify_all();
  }
  return asked;
}

// Returns when the pack has landed, or nobody leads any more, or this caller gives up.
Status ObjectPacks::follow(Window& window, const Interrupt& interrupt,
                           std::unique_lock<std::mutex>& lock) {
  Status waited =
      wait_unless(window.changed, lock, interrupt, [&] { return window.outcome || !window.led; });
  while (!waited.ok() && window.copying) window.changed.wait_for(lock, kInterruptPeriod);
  return waited;
}

// Under mutex_. What is in the pack already is dead there.
void ObjectPacks::leave(Window& window, Part& part, const Status& why) {
  if (window.number) {
    ++window.left;
    window.left_bytes += part.frames.size();
  } else {
    std::erase(window.parts, &part);
    window.size_bytes -= part.frames.size();
  }
  if (window.left == window.parts.size()) land(window, why);
}

Status ObjectPacks::put(Window& window, const Interrupt& interrupt) {
  if (!window.number) SPIND_TRY(lay_out(window, interrupt));
  Status done = blobs_.put_unless(pack_object_name(*window.number), window.bytes, interrupt);
  const std::lock_guard lock(mutex_);
  ++counts_.syncs;
  if (done.ok()) counts_.appends_synced += window.parts.size() - window.left;
  return done;
}

// The parts are there as long as their owners wait.
Status ObjectPacks::lay_out(Window& window, const Interrupt& interrupt) {
  std::unique_lock lock(mutex_);
  const std::uint64_t most_bytes = window.size_bytes;
  lock.unlock();
  SPIND_TRY_ASSIGN(MemoryBudget::Lease lease, memory_.take(most_bytes, interrupt));
  SPIND_TRY_ASSIGN(const std::uint64_t number, numbers_.take());
  lock.lock();
  window.copying = true;  // nobody joins or leaves meanwhile
  lock.unlock();
  std::vector<std::uint8_t> bytes;
  bytes.reserve(static_cast<std::size_t>(window.size_bytes));
  for (Part* const part : window.parts) {
    part->offset = bytes.size();
    bytes.insert(bytes.end(), part->frames.begin(), part->frames.end());
  }
  lock.lock();
  window.copying = false;
  window.number = number;
  window.bytes = std::move(bytes);
  window.lease = std::move(lease);
  return {};
}

// Under mutex_.
void ObjectPacks::settled(std::map<std::uint64_t, Account>::iterator account) {
  if (--account->second.unsettled > 0) return;
  if (account->second.unknown)
    accounts_.erase(account);
  else
    settled_.push_back(account->first);
}

void ObjectPacks::settle_used(const BlobPlace& place, kv::Ticket ticket) {
  std::unique_lock lock(mutex_);
  const auto account = accounts_.find(place.number);
  if (account == accounts_.end()) return;
  account->second.tickets.push_back(ticket);
  settled(account);
  const bool many = settled_.size() >= kSettledMax;
  lock.unlock();
  // What could not be written now is tried again with the next ones.
  if (many) (void)write_accounts();
}

void ObjectPacks::settle_dead(const BlobPlace& place, std::uint64_t stored_bytes) {
  const std::lock_guard lock(mutex_);
  const auto account = accounts_.find(place.number);
  if (account == accounts_.end()) return;
  account->second.dead_bytes += stored_bytes;
  settled(account);
}

void ObjectPacks::settle_unknown(const BlobPlace& place) {
  const std::lock_guard lock(mutex_);
  const auto account = accounts_.find(place.number);
  if (account == accounts_.end()) return;
  account->second.unknown = true;
  settled(account);
}

Status ObjectPacks::write_accounts() {
  const std::lock_guard writing(writing_);
  std::vector<std::uint64_t> ready, durable;
  std::vector<kv::Ticket> tickets;
  {
    const std::lock_guard lock(mutex_);
    ready.swap(settled_);
  }
  for (const std::uint64_t number : ready) {
    {
      const std::lock_guard lock(mutex_);
      tickets = accounts_[number].tickets;
    }
    // Else frames that no row refers to would count as used: the range stays open.
    if (!all_durable(kv_, tickets)) continue;
    const std::lock_guard lock(mutex_);
    accounts_[number].durable = tickets.size();
    durable.push_back(number);
  }
  if (durable.empty()) return {};
  Status written = commit_accounts(durable);
  if (written.ok()) return {};
  const std::lock_guard lock(mutex_);
  settled_.insert(settled_.end(), durable.begin(), durable.end());
  for (const std::uint64_t number : durable) accounts_[number].written = false;
  return written;
}

Status ObjectPacks::commit_accounts(const std::vector<std::uint64_t>& numbers) {
  const kv::Answer answer =
      kv_.update({model::ledger_partition()}, [&](kv::Transaction& transaction) -> kv::Outcome {
        transaction.use_reserve();
        const std::lock_guard lock(mutex_);
        for (const std::uint64_t number : numbers) {
          Account& account = accounts_[number];
          // What died meanwhile may yet be lost, and would be counted again when it dies again.
          if (account.tickets.size() != account.durable) continue;
          account.written = true;  // what dies from here on finds the row
          const model::PackRow row{account.end_bytes, account.dead_bytes};
          transaction.put(Family::content, model::ledger_key(resting_tag(row), number),
                          model::encode(row));
        }
        return kv::Commit{};
      });
  if (!answer.status.ok()) return answer.status.error();
  for (const std::uint64_t number : forget_written(numbers)) numbers_.settle(number, answer.ticket);
  return {};
}

// Answers which; the others have another turn.
std::vector<std::uint64_t> ObjectPacks::forget_written(const std::vector<std::uint64_t>& numbers) {
  const std::lock_guard lock(mutex_);
  std::vector<std::uint64_t> written;
  for (const std::uint64_t number : numbers) {
    const auto account = accounts_.find(number);
    if (account->second.written) {
      written.push_back(number);
      accounts_.erase(account);
    } else {
      settled_.push_back(number);
    }
  }
  return written;
}

void ObjectPacks::count_dead(const model::PieceRow& row, kv::Ticket ticket) {
  {
    const std::lock_guard lock(mutex_);
    const auto account = accounts_.find(row.place.number);
    if (account != accounts_.end() && !account->second.written) {
      account->second.dead_bytes += row.stored_bytes;
      account->second.tickets.push_back(ticket);
      return;
    }
  }
  // Its row was written a moment ago. Where this fails the pack is only kept longer; where the
  // death itself is lost it must not count, since it comes again.
  if (!kv_.wait(ticket).ok()) return;
  (void)kv_.update({model::ledger_partition()}, [&](kv::Transaction& transaction) -> kv::Outcome {
    SPIND_TRY(change_pack(transaction, row.place.number, [&](LedgerRow, model::PackRow& pack) {
      pack.dead_bytes += row.stored_bytes;
      return resting_tag(pack);
    }));
    return kv::Commit{};
  });
}

void ObjectPacks::close() {
  (void)write_accounts();
  numbers_.close();
}

Status ObjectPacks::catch_up(std::int64_t failed_ns_ago) {
  SPIND_TRY(write_accounts());
  const std::vector<std::uint64_t> gone = failed_.take(clock_.monotonic_ns() - failed_ns_ago);
  if (Status removed = remove(gone); !removed.ok()) {
    for (const std::uint64_t number : gone) failed_.add(number, clock_.monotonic_ns());
    return removed;
  }
  for (const std::uint64_t number : gone) numbers_.settle(number);
  return {};
}

Result<std::size_t> ObjectPacks::read(std::uint64_t number, std::uint64_t offset, Places places,
                                      const Interrupt& interrupt) {
  return blobs_.scatter_unless(pack_object_name(number), offset, places, interrupt);
}

std::optional<PackBlob> ObjectPacks::blob_of(std::uint64_t number) {
  PackBlob blob{number, pack_object_name(number)};
  const std::lock_guard lock(mutex_);
  const auto account = accounts_.find(number);
  if (account != accounts_.end()) blob.end_bytes = account->second.end_bytes;
  return blob;
}

Result<std::unique_ptr<File>> ObjectPacks::open_pack(std::uint64_t number) {
  SPIND_TRY_ASSIGN(auto bytes, blobs_.get(pack_object_name(number), kPackBytesMax));
  return std::unique_ptr<File>(std::make_unique<FetchedPack>(std::move(bytes)));
}

Status ObjectPacks::remove(std::span<const std::uint64_t> numbers) {
  std::vector<std::string> names;
  names.reserve(numbers.size());
  for (const std::uint64_t number : numbers) names.push_back(pack_object_name(number));
  return blobs_.remove_all(names);
}

Status ObjectPacks::list(const NumberVisit& visit) {
  return visit_blob_numbers(blobs_, kPacksPrefix, visit);
}

SyncCounts ObjectPacks::sync_counts() {
  const std::lock_guard lock(mutex_);
  return counts_;
}

}  // namespace spind::content
