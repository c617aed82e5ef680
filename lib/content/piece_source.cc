#include "content/piece_source.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>

#include "base/try.h"
#include "blob/interrupt.h"

namespace spind::content {
namespace {

// So many reads in sequence make it worth while to read ahead.
constexpr std::uint32_t kSequenceMin = 2;

// Into so many windows a reader divides its share of the memory: one is in use, the others are on
// their way.
constexpr std::uint64_t kWindowsMin = 3, kWindowsWanted = 4;

// So many pieces are announced to the device: several, so that it always has something to do.
constexpr std::size_t kPiecesHinted = 4;

// What a place that has the piece would not have answered. A header may be damaged so that it looks
// like one of a later format.
bool was_read_in_vain(const Status& read) {
  return read.code() == Code::not_found || read.code() == Code::corruption ||
         read.code() == Code::unsupported;
}

std::uint32_t frames_of(const model::Piece& piece) { return frame_count(piece.size_bytes); }

// How many whole frames from `frame` on fit into so many bytes, and how many bytes they hold.
std::uint32_t frames_within(const model::Piece& piece, std::uint32_t frame, std::size_t bytes) {
  const std::uint64_t left = piece.size_bytes - std::uint64_t{frame} * kFrameBytesMax;
  const std::uint64_t whole =
      left <= bytes ? (left + kFrameBytesMax - 1) / kFrameBytesMax : bytes / kFrameBytesMax;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(whole, kReadFramesMax));
}

std::size_t bytes_of(const model::Piece& piece, std::uint32_t first, std::uint32_t count) {
  const std::uint64_t begin = std::uint64_t{first} * kFrameBytesMax;
  const std::uint64_t end =
      std::min<std::uint64_t>(begin + std::uint64_t{count} * kFrameBytesMax, piece.size_bytes);
  return static_cast<std::size_t>(end - begin);
}

// Frames on their way into memory: each header goes to the side, and what is stored of a frame to
// the beginning of its place, where it is no longer than the frame itself.
class FrameScatter {
 public:
  // The frames from `first` on, which fill `out`; at most kReadFramesMax.
  FrameScatter(const FrameLayout& layout, std::uint32_t first, std::span<std::uint8_t> out) {
    for (; !out.empty(); ++count_) {
      whole_[count_] = out.first(std::min(out.size(), kFrameBytesMax));
      out = out.subspan(whole_[count_].size());
      const std::size_t stored = layout.stored_bytes(first + static_cast<std::uint32_t>(count_));
      parts_[2 * count_] = std::span(headers_[count_]).first(layout.header_bytes());
      parts_[2 * count_ + 1] = whole_[count_].first(stored);
      stored_bytes_ += layout.header_bytes() + stored;
    }
  }

  Places places() const { return Places(parts_).first(2 * count_); }
  std::size_t count() const { return count_; }
  std::size_t stored_bytes() const { return stored_bytes_; }
  Bytes header(std::size_t i) const { return parts_[2 * i]; }
  std::span<std::uint8_t> place(std::size_t i) const { return whole_[i]; }

 private:
  std::array<std::array<std::uint8_t, kFrameHeaderBytes>, kReadFramesMax> headers_;
  std::array<std::span<std::uint8_t>, kReadFramesMax> whole_;
  std::array<std::span<std::uint8_t>, 2 * kReadFramesMax> parts_;
  std::size_t count_ = 0;
  std::size_t stored_bytes_ = 0;
};

}  // namespace

// A window that a worker loads. Once the worker has begun, it owns the window until `outcome` is
// there.
struct PieceSource::Ahead {
  FrameWindow window;
  bool begun = false;
  std::atomic<bool> called_off{false};
  std::optional<Status> outcome;
  std::mutex mutex;
  std::condition_variable loaded;

  Status going_on() const {
    if (called_off) return Error{.code = Code::cancelled, .text = "the reader went elsewhere"};
    return {};
  }

  bool begin() {
    const std::lock_guard lock(mutex);
    begun = !called_off;
    return begun;
  }
  void call_off() {
    const std::lock_guard lock(mutex);
    called_off = true;
  }
  void finish(Status status) {
    const std::lock_guard lock(mutex);
    outcome.emplace(std::move(status));
    loaded.notify_all();
  }
  // Whether it is loaded and sound. What no worker has begun is called off: reading it at once is
  // faster than waiting for its turn; what one has begun is, where the caller gives up. An error is
  // not told, since reading the same frames again tells it where it belongs.
  Result<bool> await(const Interrupt& interrupt) {
    std::unique_lock lock(mutex);
    if (!begun) {
      called_off = true;
      return false;
    }
    const auto there = [&] { return outcome.has_value(); };
    SPIND_TRY(wait_unless(loaded, lock, interrupt, there));
    return outcome->ok();
  }
  // Gives its memory back, unless a worker is at it.
  bool give_up() {
    const std::lock_guard lock(mutex);
    if (begun && !outcome) return false;
    called_off = true;
    window = {};
    return true;
  }
  void await_call_off() {
    std::unique_lock lock(mutex);
    loaded.wait(lock, [&] { return !begun || outcome.has_value(); });
  }
};

Result<std::size_t> InlineSource::read_at(std::uint64_t offset, std::span<std::uint8_t> out,
                                          const Interrupt&) {
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
  resources_.reading.leave(*this);
  call_off_ahead();
}

std::size_t PieceSource::piece_at(std::uint64_t offset) const {
  return static_cast<std::size_t>(std::upper_bound(ends_.begin(), ends_.end(), offset) -
                                  ends_.begin());
}

Result<std::size_t> PieceSource::read_at(std::uint64_t offset, std::span<std::uint8_t> out,
                                         const Interrupt& interrupt) {
  if (offset >= size_) return std::size_t{0};
  const std::lock_guard lock(mutex_);
  out = out.first(static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), size_ - offset)));
  sequence_ = offset == expected_offset_ ? sequence_ + 1 : 0;
  expected_offset_ = offset + out.size();
  wanted_until_ = sequence_ >= kSequenceMin ? size_ : expected_offset_;
  if (resources_.ahead.far && out.size() > kWindowBytes) sequence_ = kSequenceMin;
  auto got = read_pieces(offset, out, interrupt);
  // Nobody waits for what a store does not break off.
  if (got.code() == Code::cancelled || got.code() == Code::deadline_exceeded)
    for (const std::shared_ptr<Ahead>& ahead : ahead_) ahead->call_off();
  if (got.code() == Code::corruption) ++resources_.vaults.counts().corruptions;
  // The frame in which the next read may begin is kept.
  if (held_bytes() > 0)
    hold_at_most(std::max<std::uint64_t>(resources_.reading.share_of(*this), kFrameBytesMax));
  if (held_bytes() == 0) resources_.reading.leave(*this);
  return got;
}

// The range itself does not matter: from a reader in sequence every window leads to the next.
void PieceSource::read_ahead(std::uint64_t offset, std::uint64_t) {
  const std::lock_guard lock(mutex_);
  if (offset >= expected_offset_) sequence_ = kSequenceMin;
}

// Whole frames go straight to where they are wanted. The rest comes out of the window.
Result<std::size_t> PieceSource::read_pieces(std::uint64_t offset, std::span<std::uint8_t> out,
                                             const Interrupt& interrupt) {
  std::size_t done = 0;
  while (done < out.size()) {
    if (done > 0 && interrupt) SPIND_TRY(interrupt());
    const std::span<std::uint8_t> rest = out.subspan(done);
    const std::size_t piece = piece_at(offset + done);
    const std::uint64_t in_piece = offset + done - begin_of(piece);
    const auto frame = static_cast<std::uint32_t>(in_piece / kFrameBytesMax);
    const std::size_t in_frame = in_piece % kFrameBytesMax;
    if (in_frame == 0 && !reads_ahead() && !shows(piece, frame)) {
      const std::uint32_t whole = frames_within(pieces_[piece], frame, rest.size());
      if (whole > 0) {
        const std::span<std::uint8_t> place = rest.first(bytes_of(pieces_[piece], frame, whole));
        if (sequence_ >= kSequenceMin) hint_ahead(piece);
        SPIND_TRY(read_frames(piece, frame, place, interrupt));
        done += place.size();
        continue;
      }
    }
    if (!window_.holds(piece, frame)) {
      const std::uint64_t frames = (in_frame + rest.size() - 1) / kFrameBytesMax + 1;
      SPIND_TRY(show(piece, frame,
                     static_cast<std::uint32_t>(std::min<std::uint64_t>(frames, kWindowFrames)),
                     interrupt));
    }
    const std::size_t count =
        std::min(rest.size(), frame_size(pieces_[piece].size_bytes, frame) - in_frame);
    const std::size_t from = (frame - window_.first) * kFrameBytesMax + in_frame;
    std::memcpy(rest.data(), window_.bytes.data() + from, count);
    done += count;
  }
  return done;
}

// Whether even whole frames go through windows, since the next ones are to be on their way
// meanwhile.
bool PieceSource::reads_ahead() const { return resources_.ahead.far && sequence_ >= kSequenceMin; }

// Whether the frame is in memory or on its way there.
bool PieceSource::shows(std::size_t piece, std::uint32_t frame) const {
  return window_.holds(piece, frame) ||
         (!ahead_.empty() && ahead_.front()->window.holds(piece, frame));
}

// Makes the window hold the frame, and begins to read what comes after it.
Status PieceSource::show(std::size_t piece, std::uint32_t frame, std::uint32_t count,
                         const Interrupt& interrupt) {
  const bool in_sequence = sequence_ >= kSequenceMin;
  const std::uint64_t share = resources_.reading.share_of(*this);
  SPIND_TRY_ASSIGN(const bool loaded, take_ahead(piece, frame, interrupt));
  if (!loaded) {
    if (!window_.holds(piece, frame)) {
      const std::uint64_t most = in_sequence ? window_frames(piece, share) : share / kFrameBytesMax;
      const std::uint64_t wanted =
          std::min<std::uint64_t>(most, in_sequence ? wanted_frames(piece, frame) : count);
      SPIND_TRY(aim(piece, frame, static_cast<std::uint32_t>(std::max<std::uint64_t>(wanted, 1)),
                    interrupt));
    }
    if (Status read = load(window_, interrupt); !read.ok()) {
      window_.count = 0;
      return read;
    }
  }
  if (in_sequence) load_ahead(share);
  return {};
}

// Makes room in the window for so many frames, or for fewer where memory is short. Nothing is
// ahead.
Status PieceSource::aim(std::size_t piece, std::uint32_t frame, std::uint32_t count,
                        const Interrupt& interrupt) {
  count = std::min(count, frames_of(pieces_[piece]) - frame);
  if (window_.lease.size_bytes() < count * kFrameBytesMax) {
    window_ = {};
    spares_.clear();
    SPIND_TRY_ASSIGN(window_.lease, resources_.reading.take(*this, count * kFrameBytesMax,
                                                            kFrameBytesMax, interrupt));
    count =
        std::min(count, static_cast<std::uint32_t>(window_.lease.size_bytes() / kFrameBytesMax));
  }
  window_.piece = piece;
  window_.first = frame;
  window_.count = count;
  return {};
}

Status PieceSource::load(FrameWindow& window, const Interrupt& interrupt) const {
  window.bytes.reserve(window.lease.size_bytes());
  window.bytes.resize(bytes_of(pieces_[window.piece], window.first, window.count));
  return read_frames(window.piece, window.first, window.bytes, interrupt);
}

// Reads and verifies the frames from `first` on that fill `out`.
Status PieceSource::read_frames(std::size_t piece_index, std::uint32_t first,
                                std::span<std::uint8_t> out, const Interrupt& interrupt) const {
  const model::Piece& piece = pieces_[piece_index];
  SPIND_TRY_ASSIGN(const model::PieceRow row, resources_.vaults.find(*pin_, vault_, piece.id));
  Status read = read_stored(piece, row, first, out, interrupt);
  if (!was_read_in_vain(read)) return read;
  // The bytes may have moved since the snapshot, or been spoilt on their way from far, or lie there
  // while another copy is good.
  SPIND_TRY_ASSIGN(const model::PieceRow latest,
                   resources_.vaults.find(*resources_.vaults.kv().durable(), vault_, piece.id));
  if (latest.place != row.place) read = read_stored(piece, latest, first, out, interrupt);
  if (resources_.vaults.far() && was_read_in_vain(read)) {
    if (read.code() != Code::not_found)
      resources_.vaults.suspect(latest, vault_, piece.id, interrupt);
    read = read_stored(piece, latest, first, out, interrupt);
  }
  if (read.code() == Code::not_found) return damaged("the blob of a piece is missing", piece.id);
  return read;
}

// not_found if there is no blob where the row says.
Status PieceSource::read_stored(const model::Piece& piece, const model::PieceRow& row,
                                std::uint32_t first, std::span<std::uint8_t> out,
                                const Interrupt& interrupt) const {
  const auto layout = FrameLayout::of(row);
  if (!layout.ok() || row.size_bytes != piece.size_bytes)
    return damaged("a piece is not as long as its file says", piece.id);
  FrameScatter frames(*layout, first, out);
  SPIND_TRY_ASSIGN(const std::size_t got,
                   resources_.vaults.read(row, layout->begin(first), frames.places(), interrupt));
  if (got != frames.stored_bytes()) return damaged("the blob of a piece is cut short", piece.id);
  FrameOpener opener(resources_.vaults.keys());
  for (std::size_t i = 0; i < frames.count(); ++i) {
    const std::uint32_t frame = first + static_cast<std::uint32_t>(i);
    SPIND_TRY_ASSIGN(const FrameHeader header,
                     layout->verify(vault_, piece.id, frame, frames.header(i),
                                    frames.place(i).first(layout->stored_bytes(frame))));
    SPIND_TRY(open(opener, piece, header, frames.place(i)));
  }
  return {};
}

// What is stored of a frame, which lies at the beginning of its place and is whole, becomes what
// the piece has there.
Status PieceSource::open(FrameOpener& opener, const model::Piece& piece, const FrameHeader& header,
                         std::span<std::uint8_t> place) const {
  Status opened = opener.open(header, place.first(header.stored_bytes));
  if (opened.code() == Code::corruption) return damaged(opened.error().text, piece.id);
  SPIND_TRY(std::move(opened));
  if (header.compressed && !resources_.codec.grow(place, header.stored_bytes).ok())
    return damaged("a frame does not have the size that its header says", piece.id);
  return {};
}

// Takes the first of what was read ahead, if it holds the frame; else the reader has gone
// elsewhere. Answers whether it is loaded. Where it is not, the window has its place all the same,
// so that what was read behind it still fits.
Result<bool> PieceSource::take_ahead(std::size_t piece, std::uint32_t frame,
                                     const Interrupt& interrupt) {
  if (ahead_.empty()) return false;
  if (!ahead_.front()->window.holds(piece, frame)) {
    call_off_ahead();
    return false;
  }
  const std::shared_ptr<Ahead> ahead = ahead_.front();
  SPIND_TRY_ASSIGN(const bool sound, ahead->await(interrupt));
  ahead_.pop_front();
  std::swap(window_, ahead->window);
  spares_.push_back(std::move(ahead->window));
  return sound;
}

void PieceSource::load_ahead(std::uint64_t share) {
  const FrameWindow& last = ahead_.empty() ? window_ : ahead_.back()->window;
  std::size_t piece = last.piece;
  std::uint32_t first = last.first + last.count;
  while (ahead_.size() < resources_.ahead.windows) {
    if (first == frames_of(pieces_[piece])) {
      first = 0;
      if (++piece == pieces_.size()) return;
    }
    if (wanted_frames(piece, first) == 0) return;
    const std::uint32_t most = window_frames(piece, share);
    const std::uint32_t count = std::min(most, wanted_frames(piece, first));
    std::optional<FrameWindow> window = memory_for(count, most, share);
    if (!window) return;
    window->piece = piece;
    window->first = first;
    window->count = count;
    first += count;
    auto ahead = std::make_shared<Ahead>();
    ahead->window = *std::move(window);
    ahead_.push_back(ahead);
    resources_.workers.run([this, ahead] {
      if (!ahead->begin()) return;
      ahead->finish(load(ahead->window, [&] { return ahead->going_on(); }));
    });
  }
}

// Of the rest of the piece what is wanted, now or by whoever reads on.
std::uint32_t PieceSource::wanted_frames(std::size_t piece, std::uint32_t first) const {
  const std::uint64_t begin = begin_of(piece) + std::uint64_t{first} * kFrameBytesMax;
  const std::uint64_t end = std::min(ends_[piece], wanted_until_);
  if (end <= begin) return 0;
  return static_cast<std::uint32_t>((end - begin + kFrameBytesMax - 1) / kFrameBytesMax);
}

// A window that is big enough, one that has done its work if there is one; but not one that is far
// larger than any that are wanted now, nor any while the reader holds too much.
std::optional<FrameWindow> PieceSource::memory_for(std::uint32_t frames, std::uint32_t frames_most,
                                                   std::uint64_t share) {
  const std::uint64_t bytes = frames * kFrameBytesMax;
  if (held_bytes() > share) {
    spares_.clear();
    return std::nullopt;
  }
  FrameWindow window;
  if (!spares_.empty()) {
    window = std::move(spares_.back());
    spares_.pop_back();
    const std::uint64_t room = window.lease.size_bytes();
    if (room >= bytes && room < 2 * frames_most * kFrameBytesMax) return window;
    window = {};
  }
  if (held_bytes() + bytes > share) return std::nullopt;
  auto lease = resources_.reading.try_take(bytes);
  if (!lease) return std::nullopt;
  window.lease = *std::move(lease);
  return window;
}

// A request costs who serves it as much as a MiB does, so windows are of that first; then more of
// them are on their way; then they grow. They divide a piece evenly.
std::uint32_t PieceSource::window_frames(std::size_t piece, std::uint64_t share) const {
  const std::uint64_t bytes =
      std::max(std::min<std::uint64_t>(share / kWindowsMin, kWindowBytes), share / kWindowsWanted);
  const auto most = static_cast<std::uint32_t>(
      std::clamp<std::uint64_t>(bytes / kFrameBytesMax, 1, resources_.ahead.window_frames));
  const std::uint32_t frames = frames_of(pieces_[piece]), windows = (frames + most - 1) / most;
  return (frames + windows - 1) / windows;
}

std::uint64_t PieceSource::held_bytes() const {
  std::uint64_t bytes = window_.lease.size_bytes();
  for (const FrameWindow& spare : spares_) bytes += spare.lease.size_bytes();
  for (const auto& ahead : ahead_) bytes += ahead->window.lease.size_bytes();
  return bytes;
}

// As far as that can be without waiting for what is on its way: first memory without bytes, then
// what would be wanted last.
void PieceSource::hold_at_most(std::uint64_t bytes) {
  if (held_bytes() <= bytes) return;
  spares_.clear();
  while (held_bytes() > bytes && !ahead_.empty() && ahead_.back()->give_up()) ahead_.pop_back();
  if (window_.lease.size_bytes() > bytes) window_ = {};
  if (bytes == 0)
    for (const std::shared_ptr<Ahead>& ahead : ahead_) ahead->call_off();
}

std::uint64_t PieceSource::shrink_to(std::uint64_t bytes) {
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock.owns_lock()) return resources_.reading.all_bytes();
  hold_at_most(bytes);
  return held_bytes();
}

// The device begins with this piece and the next ones while this thread verifies.
void PieceSource::hint_ahead(std::size_t piece) {
  // A snapshot that is only borrowed (the check does so) may be gone before a worker looks at it.
  if (pin_.use_count() == 0) return;
  for (hinted_ = std::max(hinted_, piece);
       hinted_ < std::min(piece + kPiecesHinted, pieces_.size()); ++hinted_) {
    resources_.workers.run(
        [&vaults = resources_.vaults, vault = vault_, pin = pin_, id = pieces_[hinted_].id] {
          const auto row = vaults.find(*pin, vault, id);
          if (row.ok()) vaults.will_read(*row);
        });
  }
}

void PieceSource::call_off_ahead() {
  for (const std::shared_ptr<Ahead>& ahead : ahead_) ahead->call_off();
  for (const std::shared_ptr<Ahead>& ahead : ahead_) ahead->await_call_off();
  ahead_.clear();
}

}  // namespace spind::content
