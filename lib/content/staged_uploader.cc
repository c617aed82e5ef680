#include "content/staged_uploader.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <optional>
#include <thread>

#include "base/try.h"
#include "content/content_rows.h"
#include "model/keys.h"

namespace spind::content {

using kv::Family;
using model::BlobPlace;
using model::LedgerRow;

namespace {

// What is put by one append and switched by one commit; a pack of the blob store has room for it.
constexpr std::uint64_t kBroughtBytes = kPackRoomMin;
// So many of them are on their way at once.
constexpr std::size_t kBroughtAtOnce = 4;
// How often it is asked whether what a flush waits for has come.
constexpr std::chrono::milliseconds kPoll{5};

// Nothing more can be done with the pack in this run, and no other one waits for it.
bool is_lost(Code code) {
  return code == Code::corruption || code == Code::unsupported || code == Code::io_error;
}

// Whatever the blob store or a commit says, the local pack is not what is lost.
Error not_of_the_pack(Error error) {
  if (is_lost(error.code)) error.code = Code::unavailable;
  return error;
}

std::uint64_t stored_bytes(std::span<const PackedPiece> pieces) {
  std::uint64_t bytes = 0;
  for (const PackedPiece& piece : pieces) bytes += piece.row.stored_bytes;
  return bytes;
}

}  // namespace

// What a worker brings. It owns all of it until `outcome` is there.
struct StagedUploader::Flight {
  Flight(std::uint64_t pack, const File& pack_file, std::span<const PackedPiece> some,
         MemoryBudget::Lease memory, Interrupt ends)
      : number(pack),
        file(pack_file),
        pieces(some.begin(), some.end()),
        lease(std::move(memory)),
        interrupt(std::move(ends)) {}

  const std::uint64_t number;
  const File& file;
  const std::vector<PackedPiece> pieces;
  const MemoryBudget::Lease lease;
  const Interrupt interrupt;
  std::uint64_t brought_bytes = 0;
  std::optional<Result<std::uint64_t>> outcome;  // bytes of those that are damaged
  std::mutex mutex;
  std::condition_variable landed;
};

Status StagedUploader::start() {
  SPIND_TRY_ASSIGN(const auto numbers, brought_packs(*kv_.durable()));
  for (const std::uint64_t number : numbers) brought_[number] = 0;
  return {};
}

void StagedUploader::run_every(Threads& threads, std::chrono::milliseconds period) {
  periodic_ = std::make_unique<Periodic>(threads, "spind-staged", period,
                                         [this](const CancelToken& cancel) { look(cancel); });
}

// An outage is told once, and that it is over.
void StagedUploader::look(const CancelToken& cancel) {
  const std::lock_guard lock(running_);
  interrupt_ = [&cancel]() -> Status {
    if (!cancel.cancelled()) return {};
    return Error{.code = Code::cancelled, .text = "the store closes"};
  };
  const Status done = bring_all(interrupt_);
  if (done.code() == Code::cancelled) return;
  const bool failed = !done.ok();
  if (failed != told_failure_ && log_)
    log_(failed ? LogLevel::warning : LogLevel::info,
         failed ? "staged content waits for the blob store: " + done.error().to_string()
                : std::string("staged content goes to the blob store again"));
  told_failure_ = failed;
}

Result<FlushStagedReport> StagedUploader::flush(const FlushStagedOptions& options) {
  const std::vector<std::uint64_t> wanted = packs_.local_packs();
  const std::uint64_t all_bytes = packs_.backlog_bytes();
  std::uint64_t done_bytes = 0;
  const Error cancelled{.code = Code::cancelled, .text = "the flush was cancelled"};
  const Interrupt interrupt = [&]() -> Status {
    if (options.cancel && options.cancel->cancelled()) return cancelled;
    return {};
  };
  const GoOn go_on = [&]() -> Status {
    if (options.progress && !options.progress({done_bytes, all_bytes})) return cancelled;
    return interrupt();
  };
  // The pass that runs may try for long to reach the blob store.
  std::unique_lock lock(running_, std::defer_lock);
  while (!lock.try_lock()) {
    SPIND_TRY(go_on());
    std::this_thread::sleep_for(kPoll);
  }
  interrupt_ = interrupt;
  const std::uint64_t before = brought_bytes_;
  const GoOn step = [&]() -> Status {
    done_bytes = brought_bytes_ - before;
    return go_on();
  };
  SPIND_TRY(bring_all(step));
  // Some are not settled yet by those who appended to them.
  while (any_waits(wanted)) {
    SPIND_TRY(step());
    std::this_thread::sleep_for(kPoll);
    SPIND_TRY(bring_all(step));
  }
  FlushStagedReport report{.bytes = brought_bytes_ - before};
  for (const std::uint64_t number : wanted) report.bytes_left += packs_.staged_bytes(number);
  if (report.bytes_left > 0) SPIND_TRY(kv_.health());
  return report;
}

// Whether another pass may bring more of the pack.
bool StagedUploader::waits(std::uint64_t number) {
  return packs_.is_local(number) && !brought_.contains(number) && !kept_.contains(number) &&
         !left_open_.contains(number);
}

bool StagedUploader::any_waits(const std::vector<std::uint64_t>& numbers) {
  return std::any_of(numbers.begin(), numbers.end(),
                     [this](std::uint64_t number) { return waits(number); });
}

Status StagedUploader::bring_all(const GoOn& go_on) {
  left_open_.clear();
  SPIND_TRY(may_write_());
  SPIND_TRY(remove_brought());
  const std::vector<std::uint64_t> numbers = packs_.local_packs();
  if (!any_waits(numbers)) return {};
  packs_.seal();
  SPIND_TRY(kv_.catch_up());  // so that the rows of what was sealed are seen
  for (const std::uint64_t number : numbers)
    if (waits(number)) SPIND_TRY(bring(number, go_on));
  return remove_brought();
}

Status StagedUploader::bring(std::uint64_t number, const GoOn& go_on) {
  const bool settling = packs_.is_settling(number);
  auto row = find_pack(*kv_.durable(), number);
  if (row.ok() && *row && (*row)->tag == LedgerRow::pack_open) {
    if (settling) return {};
    SPIND_TRY(kv_.catch_up());  // its row may have been written a moment ago
    row = find_pack(*kv_.durable(), number);
  }
  if (is_lost(row.code())) return keep(number);
  SPIND_TRY_ASSIGN(const auto found, std::move(row));
  // A collector decides on it, of this run or of the next; one without a row is the check's to tell
  // of.
  if (!found || found->tag == LedgerRow::pack_open) {
    left_open_.insert(number);
    return {};
  }
  if (found->tag == LedgerRow::pack_removed) {
    packs_.brought_all(number);
    kept_.insert(number);
    return {};
  }
  Status done = bring_pack(number, found->row, go_on);
  if (is_lost(done.code())) return keep(number);
  return done;
}

// No row will ever name the pack that does not name it now: so once a walk finds none, none is
// left.
Status StagedUploader::bring_pack(std::uint64_t number, const model::PackRow& row,
                                  const GoOn& go_on) {
  auto opened = packs_.open_pack(number);
  // A collector has removed it, since all of it died; or it is lost.
  if (opened.code() == Code::not_found) return keep(number);
  SPIND_TRY_ASSIGN(const std::unique_ptr<File> file, std::move(opened));
  SPIND_TRY_ASSIGN(const std::uint64_t size, file->size());
  bool has_gap = size < row.end_bytes;
  std::uint64_t damaged_bytes = 0;
  std::vector<PackedPiece> live;
  for (std::uint64_t begin = 0;;) {
    live.clear();
    PackWalk walk{.number = number,
                  .file = *file,
                  .begin = begin,
                  .size = std::min(size, row.end_bytes),
                  .used_end = begin,
                  .live = &live};
    const kv::SnapshotRef rows = kv_.durable();  // held, so that nothing it names goes meanwhile
    SPIND_TRY(walk_pack(*rows, walk));
    has_gap = has_gap || walk.has_gap;
    if (live.empty()) break;
    SPIND_TRY_ASSIGN(const std::uint64_t damaged, bring_pieces(number, *file, live, go_on));
    damaged_bytes += damaged;
    begin = walk.used_end;
  }
  if (damaged_bytes == 0 && !has_gap) return note_brought(number);
  if (!has_gap) packs_.brought_all_but(number, damaged_bytes);
  return keep(number);
}

Status StagedUploader::keep(std::uint64_t number) {
  kept_.insert(number);
  if (log_ && packs_.staged_bytes(number) > 0)
    log_(LogLevel::error,
         "local pack " + std::to_string(number) +
             " is damaged or cannot be read: what is lost of it is not brought to the blob store");
  return {};
}

// Answers how many bytes are damaged and stay. When it returns all others are there, durably.
Result<std::uint64_t> StagedUploader::bring_pieces(std::uint64_t number, const File& file,
                                                   std::span<const PackedPiece> pieces,
                                                   const GoOn& go_on) {
  // All that fly at once leave half of the memory to those who write.
  const std::uint64_t at_once =
      std::min(kBroughtBytes, resources_.small_pieces.all_bytes() / (2 * kBroughtAtOnce));
  std::uint64_t damaged_bytes = 0;
  Status sent;
  while (sent.ok() && !pieces.empty()) {
    std::size_t count = 0;
    for (std::uint64_t bytes = 0; count < pieces.size(); ++count) {
      bytes += pieces[count].row.stored_bytes;
      if (count > 0 && bytes > at_once) break;
    }
    sent = dispatch(number, file, pieces.first(count), damaged_bytes, go_on);
    pieces = pieces.subspan(count);
    if (sent.ok()) sent = land(kBroughtAtOnce - 1, damaged_bytes);
  }
  Status landed = land(0, damaged_bytes);
  SPIND_TRY(std::move(sent));
  SPIND_TRY(std::move(landed));
  return damaged_bytes;
}

Status StagedUploader::dispatch(std::uint64_t number, const File& file,
                                std::span<const PackedPiece> pieces, std::uint64_t& damaged_bytes,
                                const GoOn& go_on) {
  SPIND_TRY(go_on());
  // Those who fly have memory themselves.
  const std::uint64_t bytes = stored_bytes(pieces);
  auto lease = resources_.small_pieces.try_take(bytes);
  if (!lease) {
    SPIND_TRY(land(0, damaged_bytes));
    SPIND_TRY_ASSIGN(lease, resources_.small_pieces.take(bytes, go_on));
  }
  const auto flight = std::make_shared<Flight>(number, file, pieces, *std::move(lease), interrupt_);
  flights_.push_back(flight);
  resources_.workers.run([this, flight] {
    Result<std::uint64_t> outcome = put(*flight);
    const std::lock_guard lock(flight->mutex);
    flight->outcome.emplace(std::move(outcome));
    flight->landed.notify_all();
  });
  return {};
}

// Waits until no more than so many are on their way; the first error of any.
Status StagedUploader::land(std::size_t left_flying, std::uint64_t& damaged_bytes) {
  Status first;
  while (flights_.size() > left_flying) {
    const std::shared_ptr<Flight> flight = std::move(flights_.front());
    flights_.pop_front();
    std::unique_lock lock(flight->mutex);
    flight->landed.wait(lock, [&] { return flight->outcome.has_value(); });
    if (!flight->outcome->ok()) {
      if (first.ok()) first = flight->outcome->error();
      continue;
    }
    damaged_bytes += **flight->outcome;
    brought_bytes_ += flight->brought_bytes;
  }
  return first;
}

// Answers how many bytes are damaged, and stay where they are.
Result<std::uint64_t> StagedUploader::put(Flight& flight) {
  SPIND_TRY(may_write_());
  std::vector<std::uint8_t> frames;
  SPIND_TRY_ASSIGN(const std::vector<PackedPiece> whole,
                   read_whole(flight.file, flight.pieces, frames));
  const std::uint64_t damaged_bytes = stored_bytes(flight.pieces) - frames.size();
  if (whole.empty()) return damaged_bytes;
  auto to = packs_.append_for_good(frames, flight.interrupt);
  if (!to.ok()) return not_of_the_pack(std::move(to).error());
  const Result<kv::Ticket> ticket = switch_rows(whole, *to);
  if (!ticket.ok()) return not_of_the_pack(ticket.error());
  // The next walk must see it.
  if (Status seen = kv_.wait(*ticket); !seen.ok()) return not_of_the_pack(seen.error());
  packs_.brought(flight.number, frames.size());
  flight.brought_bytes = frames.size();
  return damaged_bytes;
}

Result<kv::Ticket> StagedUploader::switch_rows(std::span<const PackedPiece> pieces,
                                               const BlobPlace& to) {
  std::vector<bool> switched;
  const kv::Answer answer =
      kv_.update(buckets_of(pieces), [&](kv::Transaction& transaction) -> kv::Outcome {
        transaction.use_reserve();
        SPIND_TRY_ASSIGN(switched, switch_places(transaction, pieces, to, false));
        return kv::Commit{};
      });
  if (!answer.status.ok()) {
    if (answer.status.code() == Code::no_space)
      packs_.settle_dead(to, stored_bytes(pieces));
    else
      packs_.settle_unknown(to);
    return answer.status.error();
  }
  for (std::size_t i = 0; i < pieces.size(); ++i)
    if (!switched[i])
      packs_.count_dead({to, pieces[i].row.size_bytes, pieces[i].row.stored_bytes}, answer.ticket);
  packs_.settle_used(to, answer.ticket);
  return answer.ticket;
}

Status StagedUploader::note_brought(std::uint64_t number) {
  LedgerRow now{};
  const kv::Answer answer =
      kv_.update({model::ledger_partition()}, [&](kv::Transaction& transaction) -> kv::Outcome {
        transaction.use_reserve();
        SPIND_TRY(change_pack(transaction, number, [&](LedgerRow tag, model::PackRow&) {
          const bool left_to_others = tag == LedgerRow::pack_open || tag == LedgerRow::pack_removed;
          return now = left_to_others ? tag : LedgerRow::pack_brought;
        }));
        return kv::Commit{};
      });
  // A collector may have removed it by now.
  if (!answer.status.ok() && answer.status.code() != Code::not_found)
    return not_of_the_pack(answer.status.error());
  SPIND_TRY(kv_.wait(answer.ticket));
  packs_.brought_all(number);
  if (now == LedgerRow::pack_brought) brought_[number] = answer.ticket;
  return {};
}

Status StagedUploader::remove_brought() {
  std::vector<std::uint64_t> gone;
  for (const auto& [number, ticket] : brought_) {
    if (ticket > kv_.oldest_snapshot()) continue;
    gone.push_back(number);
  }
  if (gone.empty()) return {};
  SPIND_TRY(packs_.remove_local(gone));
  SPIND_TRY(erase_brought(kv_, gone));
  for (const std::uint64_t number : gone) brought_.erase(number);
  return {};
}

}  // namespace spind::content
