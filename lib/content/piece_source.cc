#include "content/piece_source.h"

#include <algorithm>
#include <cstring>

#include "base/hash.h"
#include "base/hex.h"
#include "base/try.h"

namespace spind::content {
namespace {

// What is read in one go, in sequence or by a large read.
constexpr std::uint32_t kWindowFrames = 8;
// So many reads in sequence make it worth while to read ahead.
constexpr std::uint32_t kSequenceMin = 2;

constexpr std::size_t kFrameStride = kFrameHeaderBytes + kFrameBytesMax;

std::uint32_t frames_of(const model::Piece& piece) {
  return static_cast<std::uint32_t>((piece.size_bytes + kFrameBytesMax - 1) / kFrameBytesMax);
}

Error damaged(std::string_view what, const model::PieceId& piece) {
  return {Code::corruption, std::string(what), "piece " + to_hex(Bytes(piece))};
}

}  // namespace

// A window that a worker loads. Once the worker has begun, it owns the window until `outcome` is
// there.
struct PieceSource::Ahead {
  FrameWindow window;
  bool begun = false, called_off = false;
  std::optional<Status> outcome;
  std::mutex mutex;
  std::condition_variable loaded;

  bool begin() {
    const std::lock_guard lock(mutex);
    begun = !called_off;
    return begun;
  }
  void finish(Status status) {
    const std::lock_guard lock(mutex);
    outcome.emplace(std::move(status));
    loaded.notify_all();
  }
  // Whether it is loaded and sound. What no worker has begun is called off: reading it at once is
  // faster than waiting for its turn. An error is not told, since reading the same frames again
  // tells it where it belongs.
  bool await() {
    std::unique_lock lock(mutex);
    if (!begun) {
      called_off = true;
      return false;
    }
    loaded.wait(lock, [&] { return outcome.has_value(); });
    return outcome->ok();
  }
};

Result<std::size_t> InlineSource::read_at(std::uint64_t offset, std::span<std::uint8_t> out) {
  if (offset >= bytes_.size()) return std::size_t{0};
  const auto from = as_bytes(bytes_).subspan(static_cast<std::size_t>(offset));
  const std::size_t count = std::min(out.size(), from.size());
  std::copy_n(from.begin(), count, out.begin());
  return count;
}

PieceSource::PieceSource(Resources& resources, const model::VaultId& vault,
                         std::vector<model::Piece> pieces, kv::SnapshotRef pin)
    : resources_(resources), vault_(vault), pieces_(std::move(pieces)), pin_(std::move(pin)) {
  ends_.reserve(pieces_.size());
  for (const model::Piece& piece : pieces_) ends_.push_back(size_ += piece.size_bytes);
}

PieceSource::~PieceSource() {
  if (ahead_ != nullptr) (void)ahead_->await();
}

std::size_t PieceSource::piece_at(std::uint64_t offset) const {
  return static_cast<std::size_t>(std::upper_bound(ends_.begin(), ends_.end(), offset) -
                                  ends_.begin());
}

Result<std::size_t> PieceSource::read_at(std::uint64_t offset, std::span<std::uint8_t> out) {
  if (offset >= size_) return std::size_t{0};
  const std::lock_guard lock(mutex_);
  out = out.first(static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), size_ - offset)));
  sequence_ = offset == expected_offset_ ? sequence_ + 1 : 0;
  expected_offset_ = offset + out.size();
  auto got = read_pieces(offset, out);
  if (got.code() == Code::corruption) ++resources_.vaults.counts().corruptions;
  drop_if_crowded();
  return got;
}

// The range itself does not matter: from a reader in sequence every window leads to the next.
void PieceSource::read_ahead(std::uint64_t offset, std::uint64_t) {
  const std::lock_guard lock(mutex_);
  if (offset >= expected_offset_) sequence_ = kSequenceMin;
}

Result<std::size_t> PieceSource::read_pieces(std::uint64_t offset, std::span<std::uint8_t> out) {
  std::size_t done = 0;
  while (done < out.size()) {
    const std::size_t piece = piece_at(offset + done);
    const std::uint64_t in_piece = offset + done - begin_of(piece);
    const auto frame = static_cast<std::uint32_t>(in_piece / kFrameBytesMax);
    const std::size_t in_frame = in_piece % kFrameBytesMax;
    if (!window_.holds(piece, frame)) {
      const std::uint64_t frames = (in_frame + out.size() - done) / kFrameBytesMax + 1;
      SPIND_TRY(show(piece, frame,
                     static_cast<std::uint32_t>(std::min<std::uint64_t>(frames, kWindowFrames))));
    }
    const std::size_t count =
        std::min(out.size() - done, frame_size(pieces_[piece].size_bytes, frame) - in_frame);
    const std::uint8_t* from = window_.stored.data() + (frame - window_.first) * kFrameStride +
                               kFrameHeaderBytes + in_frame;
    std::memcpy(out.data() + done, from, count);
    done += count;
  }
  return done;
}

// Makes the window hold the frame, and begins to read what comes after it.
Status PieceSource::show(std::size_t piece, std::uint32_t frame, std::uint32_t count) {
  const bool in_sequence = sequence_ >= kSequenceMin;
  if (!take_ahead(piece, frame)) {
    count = std::min(in_sequence ? kWindowFrames : count, frames_of(pieces_[piece]) - frame);
    if (window_.lease.size_bytes() < count * kFrameStride) {
      window_ = {};
      spare_ = {};
      SPIND_TRY_ASSIGN(window_.lease, resources_.reading.take(count * kFrameStride, nullptr));
    }
    window_.piece = piece;
    window_.first = frame;
    window_.count = count;
    if (Status loaded = load(window_); !loaded.ok()) {
      window_.count = 0;
      return loaded;
    }
  }
  if (in_sequence) load_ahead();
  return {};
}

Status PieceSource::load(FrameWindow& window) const {
  const model::Piece& piece = pieces_[window.piece];
  const std::uint64_t at = std::uint64_t{window.first} * kFrameStride;
  const std::uint64_t end =
      std::min<std::uint64_t>(at + window.count * kFrameStride, stored_size(piece.size_bytes));
  window.stored.resize(static_cast<std::size_t>(end - at));
  SPIND_TRY(read_stored(piece, at, window.stored));
  return verify(window);
}

Status PieceSource::read_stored(const model::Piece& piece, std::uint64_t at,
                                std::span<std::uint8_t> out) const {
  SPIND_TRY_ASSIGN(const model::PieceRow row, resources_.vaults.find(*pin_, vault_, piece.id));
  if (row.size_bytes != piece.size_bytes || row.stored_bytes != stored_size(piece.size_bytes))
    return damaged("a piece is not as long as its file says", piece.id);
  auto got = resources_.vaults.read(row, at, out);
  if (got.code() == Code::not_found) {
    // The bytes may have moved since the snapshot.
    SPIND_TRY_ASSIGN(const model::PieceRow latest,
                     resources_.vaults.find(*resources_.vaults.kv().durable(), vault_, piece.id));
    if (latest.place == row.place) return damaged("the blob of a piece is missing", piece.id);
    got = resources_.vaults.read(latest, at, out);
    if (got.code() == Code::not_found) return damaged("the blob of a piece is missing", piece.id);
  }
  if (!got.ok()) return std::move(got).error();
  if (*got != out.size()) return damaged("the blob of a piece is cut short", piece.id);
  return {};
}

Status PieceSource::verify(const FrameWindow& window) const {
  const model::Piece& piece = pieces_[window.piece];
  Bytes stored = window.stored;
  for (std::uint32_t frame = window.first; frame < window.first + window.count; ++frame) {
    const auto header = decode_frame_header(stored);
    if (header.code() == Code::unsupported) return header.error();
    if (!header.ok()) return damaged("the header of a frame is damaged", piece.id);
    const bool belongs = header->piece == piece.id && header->vault == vault_ &&
                         header->position == frame && header->piece_bytes == piece.size_bytes;
    if (!belongs) return damaged("another frame is where a piece's should be", piece.id);
    const Bytes bytes = stored.subspan(kFrameHeaderBytes, header->size_bytes);
    if (xxh3_128(bytes) != header->digest)
      return damaged("the bytes of a frame are damaged", piece.id);
    stored = stored.subspan(kFrameHeaderBytes + bytes.size());
  }
  return {};
}

// Takes what was read ahead, if it holds the frame.
bool PieceSource::take_ahead(std::size_t piece, std::uint32_t frame) {
  if (ahead_ == nullptr) return false;
  const std::shared_ptr<Ahead> ahead = std::move(ahead_);
  if (!ahead->await() || !ahead->window.holds(piece, frame)) return false;
  std::swap(window_, ahead->window);
  spare_ = std::move(ahead->window);
  return true;
}

void PieceSource::load_ahead() {
  if (ahead_ != nullptr) return;
  std::size_t piece = window_.piece;
  std::uint32_t first = window_.first + window_.count;
  if (first == frames_of(pieces_[piece])) {
    first = 0;
    if (++piece == pieces_.size()) return;
  }
  const std::uint32_t count = std::min(kWindowFrames, frames_of(pieces_[piece]) - first);
  FrameWindow window = std::move(spare_);
  if (window.lease.size_bytes() < count * kFrameStride) {
    window = {};
    auto lease = resources_.reading.try_take(count * kFrameStride);
    if (!lease) return;
    window.lease = *std::move(lease);
  }
  window.piece = piece;
  window.first = first;
  window.count = count;
  ahead_ = std::make_shared<Ahead>();
  ahead_->window = std::move(window);
  resources_.workers.run([this, ahead = ahead_] {
    if (ahead->begin()) ahead->finish(load(ahead->window));
  });
}

// A reader that rests keeps its windows only while there is plenty.
void PieceSource::drop_if_crowded() {
  if (!resources_.reading.crowded()) return;
  if (ahead_ != nullptr) (void)ahead_->await();
  ahead_ = nullptr;
  spare_ = {};
  window_ = {};
}

}  // namespace spind::content
