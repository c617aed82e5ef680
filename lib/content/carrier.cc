#include "content/carrier.h"

#include <utility>

#include "base/limits.h"
#include "base/page_buffer.h"
#include "base/try.h"
#include "content/landing.h"
#include "content/piece_upload.h"

namespace spind::content {
namespace {

// Small pieces on their way at once; they leave workers to others.
constexpr std::size_t kCarried = kWorkerCount - 1;
constexpr std::size_t kFarCarried = kFarWorkerCount / 2;

// Less than a window, so that what comes next is read meanwhile.
constexpr std::size_t kCarryBytes = 128 << 10;
static_assert(kCarryBytes < kWindowBytes);

// Of a large file so much is brought between two calls of `moved`.
constexpr std::uint64_t kCarriedTold = kPieceBytesMax;

Status check_load(const Carrier::Load& load) {
  std::uint64_t sum = 0;
  bool sound = true;
  for (const model::Piece& piece : load.pieces) {
    sound = sound && piece.size_bytes > 0 && piece.size_bytes <= kPieceBytesMax;
    sum += piece.size_bytes;
  }
  if (sound && sum == load.size_bytes) return {};
  return Error{.code = Code::corruption, .text = "the content is not as long as its version says"};
}

Status check_brought(const Sha256& found, const Sha256& wanted) {
  if (found == wanted) return {};
  return Error{.code = Code::corruption, .text = "the content is not what its checksum says"};
}

// What an upload would make one piece of a pack of, whatever rule it cuts by.
bool is_one_small_piece(const Carrier::Load& load) {
  static_assert(kPackedBytesMax <= kCutBytesMin);
  return load.pieces.size() == 1 && load.size_bytes > kInlineBytesMax &&
         load.size_bytes <= kPackedBytesMax;
}

// Damage is told of the file; the piece stays in the text.
Status name_load(Status status, const std::string& path) {
  const bool of_the_caller =
      status.code() == Code::cancelled || status.code() == Code::deadline_exceeded;
  if (status.ok() || of_the_caller) return status;
  Error error = std::move(status).error();
  if (error.code == Code::corruption && !error.path.empty()) error.text += ": " + error.path;
  if (error.code == Code::corruption || error.path.empty()) error.path = path;
  return error;
}

}  // namespace

// A small piece on its way from vault to vault.
struct PieceCarrier::Flight : Landing {
  Flight(Load what, std::size_t place, MemoryBudget::Lease memory)
      : load(std::move(what)),
        index(place),
        lease(std::move(memory)),
        buffer(static_cast<std::size_t>(load.size_bytes)) {}

  const Load load;
  const std::size_t index;  // in files_
  const MemoryBudget::Lease lease;
  PieceBuffer buffer;
  model::PieceId piece{};  // there
};

PieceCarrier::PieceCarrier(Resources& resources, kv::SnapshotRef snapshot, const Owner& from,
                           const Owner& to, CarrierHooks hooks)
    : resources_(resources),
      snapshot_(std::move(snapshot)),
      from_vault_(model::vault_of(from.vault)),
      to_(to),
      to_vault_(model::vault_of(to.vault)),
      hooks_(std::move(hooks)),
      claim_(resources.claims.claim(to.space)) {}

PieceCarrier::~PieceCarrier() {
  dropped_ = true;
  (void)land(0);
}

Status PieceCarrier::going_on() const {
  if (dropped_) return Error{.code = Code::cancelled, .text = "the copy was given up"};
  return ask(hooks_.interrupt);
}

Status PieceCarrier::add(Load load) {
  if (failed_) return *failed_;
  Status begun = begin(std::move(load));
  if (!begun.ok()) failed_ = begun.error();
  return begun;
}

Status PieceCarrier::begin(Load load) {
  SPIND_TRY(name_load(check_load(load), load.path));
  SPIND_TRY(going_on());
  files_.emplace_back();
  if (is_one_small_piece(load)) return dispatch(std::move(load));
  SPIND_TRY(name_load(bring_large(load), load.path));
  return {};
}

// Memory is taken here, so that no worker waits for what somebody holds who waits for a worker.
Status PieceCarrier::dispatch(Load load) {
  SPIND_TRY(land((resources_.vaults.far() ? kFarCarried : kCarried) - 1));
  SPIND_TRY(resources_.vaults.note(to_vault_, to_.vault));
  const std::uint64_t needed = stored_size(load.size_bytes);
  auto lease = resources_.small_pieces.try_take(needed);
  if (!lease) {
    // Those who fly have memory themselves.
    SPIND_TRY(land(0));
    SPIND_TRY_ASSIGN(lease, resources_.small_pieces.take(needed, [this] { return going_on(); }));
  }
  auto flight = std::make_shared<Flight>(std::move(load), files_.size() - 1, *std::move(lease));
  flights_.push_back(flight);
  resources_.workers.run([this, flight] {
    if (!flight->begin()) return;  // nor is the carrier there any more
    flight->land(fly(*flight));
  });
  return {};
}

Status PieceCarrier::fly(Flight& flight) {
  const Interrupt interrupt = [this] { return going_on(); };
  PieceBuffer& buffer = flight.buffer;
  PieceSource source = source_of(flight.load);
  while (!buffer.full()) {
    SPIND_TRY_ASSIGN(const std::size_t got,
                     source.read_at(buffer.size(), buffer.place(), interrupt));
    buffer.filled(got);
  }
  const Sha256 digest = buffer.digest();
  SPIND_TRY(check_brought(digest, flight.load.sha256));
  SPIND_TRY_ASSIGN(flight.piece, resources_.vaults.keys().name(to_vault_, digest));
  claim_->add(to_vault_, flight.piece);
  SPIND_TRY_ASSIGN(const kv::Ticket ticket,
                   resources_.vaults.store(to_vault_, to_.space, buffer, flight.piece, interrupt));
  claim_->rests_on(ticket);
  return {};
}

Status PieceCarrier::bring_large(const Load& load) {
  PieceSource source = source_of(load);
  PieceUpload upload(
      resources_, to_, 0, [this] { return going_on(); }, claim_);
  const PageBuffer buffer(kCarryBytes);
  std::uint64_t done = 0, told = 0;
  while (done < load.size_bytes) {
    SPIND_TRY_ASSIGN(const std::size_t got,
                     source.read_at(done, buffer.all(), [this] { return going_on(); }));
    SPIND_TRY(upload.append(buffer.all().first(got)));
    done += got;
    if (done - told < kCarriedTold && done < load.size_bytes) continue;
    SPIND_TRY(hooks_.moved(done - told));
    told = done;
  }
  SPIND_TRY_ASSIGN(files_.back(), upload.finish());
  files_.back().claim.reset();
  return check_brought(files_.back().sha256, load.sha256);
}

// Waits until no more than so many are on their way; the first error of any.
Status PieceCarrier::land(std::size_t left_flying) {
  Status first;
  while (flights_.size() > left_flying || (!first.ok() && !flights_.empty())) {
    const std::shared_ptr<Flight> flight = std::move(flights_.front());
    flights_.pop_front();
    Status outcome = flight->await([this] { return going_on(); });
    if (outcome.ok()) {
      Stored& stored = files_[flight->index];
      stored.size_bytes = flight->load.size_bytes;
      stored.sha256 = flight->load.sha256;
      stored.pieces = {{flight->piece, stored.size_bytes}};
      if (!dropped_) outcome = hooks_.moved(stored.size_bytes);
    }
    // What is on its way behind it is not wanted any more.
    if (!outcome.ok()) dropped_ = true;
    if (first.ok()) first = name_load(std::move(outcome), flight->load.path);
  }
  return first;
}

Result<Brought> PieceCarrier::finish() {
  if (failed_) return *failed_;
  Status landed = land(0);
  if (landed.ok()) landed = going_on();
  failed_ = landed.ok() ? Error{.code = Code::aborted, .text = "the carrier was finished before"}
                        : landed.error();
  if (!landed.ok()) return std::move(landed).error();
  Brought brought{.files = std::move(files_), .claimed = {}};
  brought.claimed.claim = claim_;
  return brought;
}

PieceSource PieceCarrier::source_of(const Load& load) const {
  return PieceSource(resources_, from_vault_, load.pieces, snapshot_);
}

}  // namespace spind::content
