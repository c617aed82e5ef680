#include "content/piece_upload.h"

#include <algorithm>
#include <bit>

#include "base/try.h"
#include "content/landing.h"
#include "spind/options.h"

namespace spind::content {
namespace {

// Pieces of one upload that are being hashed and written while the next is gathered.
constexpr std::size_t kFlightsMax = 4;

// How long an upload waits, once, for the memory of a large piece before it goes on in small ones.
// Uploads that move give theirs back sooner.
constexpr std::chrono::milliseconds kLargePatience{1000};

template <std::size_t kSize>
std::optional<std::array<std::uint8_t, kSize>> finish_hash(std::optional<Hasher>& hasher) {
  if (!hasher) return std::nullopt;
  const std::vector<std::uint8_t> digest = hasher->finish();
  std::array<std::uint8_t, kSize> out{};
  std::copy_n(digest.begin(), std::min(kSize, digest.size()), out.begin());
  return out;
}

}  // namespace

// A piece on its way to the blob store.
struct PieceUpload::Flight : Landing {
  std::unique_ptr<Piece> piece;
  model::Piece stored;
};

FileHashes::FileHashes(std::uint8_t checksums_wanted) {
  if ((checksums_wanted & kSha1) != 0) sha1_.emplace(HashKind::sha1);
  if ((checksums_wanted & kMd5) != 0) md5_.emplace(HashKind::md5);
  if ((checksums_wanted & kAdler32) != 0) adler32_.emplace(HashKind::adler32);
}

void FileHashes::update(Bytes bytes) {
  sha256_.update(bytes);
  for (std::optional<Hasher>* hasher : {&sha1_, &md5_, &adler32_})
    if (*hasher) (*hasher)->update(bytes);
}

void FileHashes::finish(Stored& stored) {
  stored.sha256 = sha256_.finish_whole();
  stored.checksums.sha1 = finish_hash<20>(sha1_);
  stored.checksums.md5 = finish_hash<16>(md5_);
  if (const auto sum = finish_hash<4>(adler32_)) {
    stored.checksums.adler32 = std::uint32_t{(*sum)[0]} << 24 | std::uint32_t{(*sum)[1]} << 16 |
                               std::uint32_t{(*sum)[2]} << 8 | std::uint32_t{(*sum)[3]};
  }
}

Stored store_inline(Bytes bytes, std::uint8_t checksums_wanted) {
  Stored stored;
  stored.size_bytes = bytes.size();
  stored.inline_bytes = as_text(bytes);
  FileHashes hashes(checksums_wanted);
  hashes.update(bytes);
  hashes.finish(stored);
  return stored;
}

PieceUpload::PieceUpload(Resources& resources, const Owner& owner, std::uint8_t checksums_wanted,
                         Interrupt interrupt, std::shared_ptr<Claim> claim)
    : resources_(resources),
      owner_(owner),
      vault_(model::vault_of(owner.vault)),
      interrupt_(std::move(interrupt)),
      claim_(claim != nullptr ? std::move(claim) : resources.claims.claim(owner.space)),
      hashes_(checksums_wanted) {}

PieceUpload::~PieceUpload() {
  dropped_ = true;
  (void)land(false);
}

Status PieceUpload::going_on() const {
  if (dropped_) return Error{.code = Code::cancelled, .text = "the upload was given up"};
  return ask(interrupt_);
}

Status PieceUpload::append(Bytes bytes) {
  if (failed_) return *failed_;
  Status added = add(bytes);
  if (!added.ok()) failed_ = added.error();
  return added;
}

Status PieceUpload::add(Bytes bytes) {
  if (kFileBytesMax - size_ < bytes.size())
    return Error{
        .code = Code::limit_exceeded, .text = "the file is too large", .limit = kFileBytesMax};
  if (interrupt_) SPIND_TRY(interrupt_());
  size_ += bytes.size();
  claim_->renew();
  return gather(bytes);
}

Status PieceUpload::gather(Bytes bytes) {
  if (filling_ == nullptr) {
    if (small_.size() + bytes.size() <= kInlineBytesMax) {
      hashes_.update(bytes);
      small_.append(as_text(bytes));
      return {};
    }
    SPIND_TRY(leave_small(small_.size() + bytes.size()));
  }
  while (!bytes.empty()) {
    // Only now is it known that the piece is not the last one.
    if (cutter_ && cutter_->at_end()) SPIND_TRY(dispatch());
    const std::size_t count = cutter_ ? cutter_->take(bytes) : bytes.size();
    SPIND_TRY(fill(bytes.first(count)));
    bytes = bytes.subspan(count);
  }
  return {};
}

Status PieceUpload::fill(Bytes bytes) {
  while (true) {
    const std::size_t count = filling_->buffer.append(bytes);
    hashes_.update(bytes.first(count));
    bytes = bytes.subspan(count);
    if (bytes.empty()) return {};
    // The piece is not the last one.
    if (filling_->buffer.capacity() < kPieceBytesMax) {
      SPIND_TRY(grow_or_dispatch());
    } else {
      SPIND_TRY(dispatch());
    }
  }
}

// From now on there are pieces: the first takes what was small until now.
Status PieceUpload::leave_small(std::size_t size_bytes) {
  SPIND_TRY(take_buffer(size_bytes));
  if (owner_.pieces == PieceRule::content) {
    SPIND_TRY_ASSIGN(const GearTable gear, resources_.vaults.keys().gear(vault_));
    cutter_.emplace(gear);
    cutter_->take(as_bytes(small_));
  }
  filling_->buffer.append(as_bytes(small_));
  small_.clear();
  return {};
}

// The first buffer is as large as what has come at once asks for, since most files come so; where
// others hold the memory for large pieces, it is a small one.
Status PieceUpload::take_buffer(std::size_t size_bytes) {
  SPIND_TRY(resources_.vaults.note(vault_, owner_.vault));
  if (size_bytes > kPackedBytesMax) {
    if (auto lease = try_take_large()) {
      filling_ = std::make_unique<Piece>(Piece{PieceBuffer(kPieceBytesMax), *std::move(lease)});
      return {};
    }
  }
  const std::size_t capacity = std::bit_ceil(std::min(size_bytes, kPackedBytesMax));
  SPIND_TRY_ASSIGN(auto lease, resources_.small_pieces.take(stored_size(capacity), interrupt_));
  filling_ = std::make_unique<Piece>(Piece{PieceBuffer(capacity), std::move(lease)});
  return {};
}

std::optional<MemoryBudget::Lease> PieceUpload::try_take_large() {
  const auto patience = patient_ ? kLargePatience : std::chrono::milliseconds(0);
  auto lease = resources_.large_pieces.try_take(stored_size(kPieceBytesMax), patience);
  patient_ = lease.has_value();
  return lease;
}

// A small buffer is full. It becomes a larger one if there is memory at once. If there is none, as
// when many slow uploads hold theirs, its piece ends here: smaller pieces share less with other
// files, but nobody waits for somebody who waits. Only tiny buffers wait for a large one.
Status PieceUpload::grow_or_dispatch() {
  const std::size_t capacity = filling_->buffer.capacity();
  std::size_t larger = 2 * capacity;
  std::optional<MemoryBudget::Lease> lease;
  if (larger <= kPackedBytesMax) lease = resources_.small_pieces.try_take(stored_size(larger));
  if (!lease) {
    larger = kPieceBytesMax;
    lease = try_take_large();
  }
  if (!lease && capacity >= kFrameBytesMax) return dispatch();
  if (!lease) {
    SPIND_TRY_ASSIGN(lease, resources_.large_pieces.take(stored_size(larger), interrupt_));
  }
  auto piece = std::make_unique<Piece>(Piece{PieceBuffer(larger), *std::move(lease)});
  piece->buffer.take_over(filling_->buffer);
  filling_ = std::move(piece);
  return {};
}

Status PieceUpload::store(PieceBuffer& buffer, const model::PieceId& piece,
                          const Interrupt& interrupt) {
  claim_->add(vault_, piece);
  SPIND_TRY_ASSIGN(const kv::Ticket ticket,
                   resources_.vaults.store(vault_, owner_.space, buffer, piece, interrupt));
  claim_->rests_on(ticket);
  return {};
}

// What is hashed beside the whole file has to end at certain offsets; pieces that end elsewhere are
// hashed by themselves.
Result<model::PieceId> PieceUpload::end_piece(const PieceBuffer& buffer) {
  return resources_.vaults.keys().name(vault_, cutter_ ? buffer.digest() : hashes_.end_piece());
}

// Sends the full piece off and makes an empty one the next to fill: one that came back, a new one
// if there is memory to spare, or the one that is awaited.
Status PieceUpload::dispatch() {
  SPIND_TRY_ASSIGN(const model::PieceId id, end_piece(filling_->buffer));
  auto flight = std::make_shared<Flight>();
  flight->piece = std::move(filling_);
  flight->stored = {id, flight->piece->buffer.size()};
  flights_.push_back(flight);
  resources_.workers.run([this, flight] {
    if (!flight->begin()) return;  // nor is the upload there any more
    flight->land(store(flight->piece->buffer, flight->stored.id, [this] { return going_on(); }));
  });
  if (flights_.size() <= kFlightsMax && spare_.empty()) {
    if (auto lease = resources_.large_pieces.try_take(stored_size(kPieceBytesMax))) {
      filling_ = std::make_unique<Piece>(Piece{PieceBuffer(kPieceBytesMax), *std::move(lease)});
      return {};
    }
  }
  if (spare_.empty()) SPIND_TRY(land(true));
  filling_ = std::move(spare_.back());
  spare_.pop_back();
  return {};
}

// Waits for the first flight or for all. Waits for all in any case; answers the first error.
Status PieceUpload::land(bool only_first) {
  Status first;
  const Interrupt dropped = [this] { return going_on(); };
  while (!flights_.empty()) {
    const std::shared_ptr<Flight> flight = std::move(flights_.front());
    flights_.pop_front();
    Status outcome = flight->await(dropped_ ? dropped : interrupt_);
    if (outcome.ok()) {
      pieces_.push_back(flight->stored);
    } else if (first.ok()) {
      first = std::move(outcome);
    }
    flight->piece->buffer.clear();
    spare_.push_back(std::move(flight->piece));
    if (only_first) break;
  }
  return first;
}

Result<Stored> PieceUpload::finish() {
  if (failed_) return *failed_;
  if (interrupt_) SPIND_TRY(interrupt_());
  Result<Stored> stored = finish_pieces();
  failed_ = stored.ok() ? Error{.code = Code::aborted, .text = "the upload was finished before"}
                        : stored.error();
  return stored;
}

Result<Stored> PieceUpload::finish_as_pieces() {
  if (!failed_ && !small_.empty()) {
    Status left = leave_small(small_.size());
    if (!left.ok()) failed_ = left.error();
  }
  return finish();
}

Result<Stored> PieceUpload::finish_pieces() {
  Stored stored;
  stored.size_bytes = size_;
  const bool has_pieces = filling_ != nullptr;
  model::PieceId last_id{};
  if (has_pieces) {
    SPIND_TRY_ASSIGN(last_id, end_piece(filling_->buffer));
  }
  hashes_.finish(stored);
  if (!has_pieces) {
    stored.inline_bytes = std::move(small_);
    return stored;
  }
  stored.claim = claim_;
  // The last piece is stored by this thread, beside those that are on their way.
  const model::Piece last{last_id, filling_->buffer.size()};
  const Status last_stored = store(filling_->buffer, last.id, interrupt_);
  SPIND_TRY(land(false));
  if (!last_stored.ok()) return last_stored.error();
  pieces_.push_back(last);
  stored.pieces = std::move(pieces_);
  filling_.reset();
  spare_.clear();
  return stored;
}

}  // namespace spind::content
