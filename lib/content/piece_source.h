// The Sources of this room: of inline content, and of pieces, of which every frame that is touched
// is verified.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "content/content.h"
#include "content/reading_shares.h"
#include "content/resources.h"

namespace spind::content {

// Frames of one piece that were read and verified.
struct FrameWindow {
  std::size_t piece = 0;            // index in the file
  std::uint32_t first = 0;          // frame
  std::uint32_t count = 0;          // 0: nothing
  std::vector<std::uint8_t> bytes;  // of the frames, one behind the other
  MemoryBudget::Lease lease;

  bool holds(std::size_t piece_index, std::uint32_t frame) const {
    return piece == piece_index && frame >= first && frame - first < count;
  }
};

// Thread-safe.
class InlineSource final : public Source {
 public:
  explicit InlineSource(std::string bytes) : bytes_(std::move(bytes)) {}
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::uint8_t> out,
                              const Interrupt& interrupt) override;
  void read_ahead(std::uint64_t, std::uint64_t) override {}

 private:
  const std::string bytes_;
};

// Thread-safe; reads of one source come one after another. The snapshot pins what is read: the
// collector removes no blob that it still knows.
class PieceSource final : public Source, private ReadingShares::Reader {
 public:
  PieceSource(Resources& resources, const model::VaultId& vault, std::vector<model::Piece> pieces,
              kv::SnapshotRef pin);
  ~PieceSource() override;

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::uint8_t> out,
                              const Interrupt& interrupt) override;
  void read_ahead(std::uint64_t offset, std::uint64_t size_bytes) override;

 private:
  struct Ahead;

  std::size_t piece_at(std::uint64_t offset) const;
  std::uint64_t begin_of(std::size_t piece) const { return piece == 0 ? 0 : ends_[piece - 1]; }
  Result<std::size_t> read_pieces(std::uint64_t offset, std::span<std::uint8_t> out,
                                  const Interrupt& interrupt);
  Status show(std::size_t piece, std::uint32_t frame, std::uint32_t count,
              const Interrupt& interrupt);
  Status aim(std::size_t piece, std::uint32_t frame, std::uint32_t count,
             const Interrupt& interrupt);
  bool reads_ahead() const;
  bool shows(std::size_t piece, std::uint32_t frame) const;
  Status load(FrameWindow& window, const Interrupt& interrupt) const;
  Status read_frames(std::size_t piece, std::uint32_t first, std::span<std::uint8_t> out,
                     const Interrupt& interrupt) const;
  Status read_stored(const model::Piece& piece, const model::PieceRow& row, std::uint32_t first,
                     std::span<std::uint8_t> out, const Interrupt& interrupt) const;
  Status open(FrameOpener& opener, const model::Piece& piece, const FrameHeader& header,
              std::span<std::uint8_t> place) const;
  void load_ahead(std::uint64_t share);
  std::optional<FrameWindow> memory_for(std::uint32_t frames, std::uint32_t frames_most,
                                        std::uint64_t share);
  std::uint32_t window_frames(std::size_t piece, std::uint64_t share) const;
  std::uint32_t wanted_frames(std::size_t piece, std::uint32_t first) const;
  std::uint64_t held_bytes() const;
  void hold_at_most(std::uint64_t bytes);
  void hint_ahead(std::size_t piece);
  void call_off_ahead();
  Result<bool> take_ahead(std::size_t piece, std::uint32_t frame, const Interrupt& interrupt);
  std::uint64_t shrink_to(std::uint64_t bytes) override;

  Resources& resources_;
  const model::VaultId vault_;
  const std::vector<model::Piece> pieces_;
  const kv::SnapshotRef pin_;
  std::vector<std::uint64_t> ends_;  // of each piece in the file
  std::uint64_t size_ = 0;

  std::mutex mutex_;  // guards what follows
  FrameWindow window_;
  std::vector<FrameWindow> spares_;           // memory for windows that will be read ahead
  std::uint64_t expected_offset_ = 0;         // where a read in sequence would go on
  std::uint64_t wanted_until_ = 0;            // nothing behind it is read ahead
  std::uint32_t sequence_ = 0;                // reads in sequence so far
  std::size_t hinted_ = 0;                    // pieces before it were announced to the blob store
  std::deque<std::shared_ptr<Ahead>> ahead_;  // in the order of the file, without gaps
};

}  // namespace spind::content
