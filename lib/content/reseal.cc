#include "content/reseal.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/limits.h"
#include "base/try.h"
#include "content/content_rows.h"
#include "content/piece_source.h"

namespace spind::content {

using model::VaultRow;

namespace {

// Rows that are looked at by one snapshot, which is not kept while their pieces are stored anew.
constexpr std::size_t kResealPage = 1000;
// Pieces on their way at once: they share syncs, or requests, and leave workers to others.
constexpr std::size_t kResealFlights = kWorkerCount - 1;
constexpr std::size_t kFarResealFlights = kFarWorkerCount / 2;

bool is_older(std::string_view row_bytes, std::uint32_t generation, model::PieceRow& row) {
  auto decoded = model::decode_piece(row_bytes);
  // The check tells of a damaged one.
  if (!decoded.ok() || decoded->generation >= generation || decoded->size_bytes == 0) return false;
  row = *std::move(decoded);
  return true;
}

}  // namespace

Result<std::uint64_t> count_pieces_before(const kv::View& rows, const model::VaultId& vault,
                                          std::uint32_t generation,
                                          const std::function<Status()>& step) {
  std::uint64_t pieces = 0;
  model::PieceRow row;
  for (unsigned bucket = 0; bucket < 256; ++bucket) {
    SPIND_TRY(step());
    const auto cursor = scan_content(
        rows, model::bucket_prefix(vault, static_cast<std::uint8_t>(bucket), VaultRow::piece));
    for (; cursor->valid(); cursor->next())
      pieces += is_older(cursor->value(), generation, row) ? 1 : 0;
    SPIND_TRY(cursor->status());
  }
  return pieces;
}

// A piece that a worker stores anew. It owns all of it until `outcome` is there.
struct Resealer::Flight {
  Flight(const Found& found, MemoryBudget::Lease memory)
      : piece(found.first),
        before(found.second),
        lease(std::move(memory)),
        buffer(static_cast<std::size_t>(found.second.size_bytes)) {}

  const model::PieceId piece;
  const model::PieceRow before;
  const MemoryBudget::Lease lease;
  PieceBuffer buffer;
  std::optional<Result<std::optional<kv::Ticket>>> outcome;
  std::mutex mutex;
  std::condition_variable landed;
};

Resealer::~Resealer() { (void)land(0); }

Result<ResealReport> Resealer::run() {
  SPIND_TRY_ASSIGN(generation_, resources_.vaults.keys().generation(vault_));
  if (generation_ == 0) return Error{.code = Code::not_found, .text = "the vault has no keys"};
  SPIND_TRY(kv_.catch_up());  // so that what was committed by now is seen
  SPIND_TRY(count(total_));
  for (unsigned bucket = 0; total_ > 0 && bucket < 256; ++bucket)
    SPIND_TRY(reseal_bucket(static_cast<std::uint8_t>(bucket)));
  SPIND_TRY(land(0));
  SPIND_TRY(kv_.wait(ticket_));
  SPIND_TRY(count(report_.pieces_left));
  return report_;
}

Status Resealer::count(std::uint64_t& pieces) {
  SPIND_TRY_ASSIGN(
      pieces, count_pieces_before(*kv_.durable(), vault_, generation_, [this] { return go_on(); }));
  return {};
}

Status Resealer::reseal_bucket(std::uint8_t bucket) {
  const std::string prefix = model::bucket_prefix(vault_, bucket, VaultRow::piece);
  for (std::string position = prefix; !position.empty();) {
    SPIND_TRY_ASSIGN(const std::vector<Found> page, next_page(prefix, position));
    for (const Found& found : page) SPIND_TRY(dispatch(found));
  }
  return {};
}

// The position becomes where the next page begins; empty: there is none.
Result<std::vector<Resealer::Found>> Resealer::next_page(const std::string& prefix,
                                                         std::string& position) {
  std::vector<Found> page;
  const kv::SnapshotRef snapshot = kv_.durable();
  const auto cursor = snapshot->scan(kv::Family::content, position, model::end_of(prefix));
  std::size_t seen = 0;
  for (; cursor->valid() && seen < kResealPage; cursor->next(), ++seen) {
    model::PieceRow row;
    if (is_older(cursor->value(), generation_, row))
      page.emplace_back(model::piece_in_key(cursor->key()), std::move(row));
  }
  SPIND_TRY(cursor->status());
  position = cursor->valid() ? std::string(cursor->key()) : "";
  return page;
}

// Memory is taken here, so that no worker waits for what somebody holds who waits for a worker.
Status Resealer::dispatch(const Found& found) {
  const bool far = resources_.vaults.far();
  SPIND_TRY(land((far ? kFarResealFlights : kResealFlights) - 1));
  SPIND_TRY(go_on());
  const std::uint64_t size_bytes = found.second.size_bytes;
  MemoryBudget& budget =
      size_bytes <= kPackedBytesMax ? resources_.small_pieces : resources_.large_pieces;
  // Those who fly have memory themselves.
  auto lease = budget.try_take(stored_size(size_bytes));
  if (!lease) {
    SPIND_TRY(land(0));
    SPIND_TRY_ASSIGN(lease, budget.take(stored_size(size_bytes), [this] { return go_on(); }));
  }
  auto flight = std::make_shared<Flight>(found, *std::move(lease));
  flights_.push_back(flight);
  resources_.workers.run([this, flight] {
    auto outcome = store_anew(*flight);
    const std::lock_guard lock(flight->mutex);
    flight->outcome.emplace(std::move(outcome));
    flight->landed.notify_all();
  });
  return {};
}

Result<std::optional<kv::Ticket>> Resealer::store_anew(Flight& flight) {
  PieceSource source(resources_, vault_, {{flight.piece, flight.before.size_bytes}}, kv_.durable());
  while (!flight.buffer.full()) {
    SPIND_TRY_ASSIGN(const std::size_t got,
                     source.read_at(flight.buffer.size(), flight.buffer.place(), nullptr));
    flight.buffer.filled(got);
  }
  return resources_.vaults.replace(vault_, flight.piece, flight.before, flight.buffer);
}

// Waits until no more than so many are on their way; the first error of any.
Status Resealer::land(std::size_t left_flying) {
  Status first;
  while (flights_.size() > left_flying) {
    const std::shared_ptr<Flight> flight = std::move(flights_.front());
    flights_.pop_front();
    {
      std::unique_lock lock(flight->mutex);
      flight->landed.wait(lock, [&] { return flight->outcome.has_value(); });
    }
    Status taken = take_in(*flight);
    if (first.ok()) first = std::move(taken);
  }
  return first;
}

// What is damaged stays as it is, for the check to tell of.
Status Resealer::take_in(Flight& flight) {
  Result<std::optional<kv::Ticket>>& outcome = *flight.outcome;
  ++done_;
  if (outcome.code() == Code::corruption || outcome.code() == Code::unsupported) return {};
  if (!outcome.ok()) return outcome.error();
  if (!*outcome) return {};
  ticket_ = std::max(ticket_, **outcome);
  const std::uint64_t stored = flight.buffer.stored().size();
  ++report_.pieces;
  report_.bytes += stored;
  pace_.spend(stored, clock_.monotonic_ns());
  return {};
}

// Waits until the rate allows more, unless it is to end.
Status Resealer::go_on() {
  for (;;) {
    const bool cancelled = (options_.cancel && options_.cancel->cancelled()) ||
                           (options_.progress && !options_.progress({done_, total_}));
    if (cancelled) return Error{.code = Code::cancelled, .text = "sealing anew was cancelled"};
    const std::int64_t left_ns = pace_.wait_ns(clock_.monotonic_ns());
    if (left_ns <= 0) return {};
    std::this_thread::sleep_for(std::chrono::nanoseconds(std::min(left_ns, kWaitPollNs)));
  }
}

}  // namespace spind::content
