// What lies in a pack: no row lists it, so it is found by going from header to header.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/files.h"
#include "content/frames.h"
#include "kv/kv.h"
#include "model/vault_rows.h"

namespace spind::content {

// So many pieces are found at once where live ones are wanted: a pack holds up to hundreds of
// thousands that compress well.
inline constexpr std::size_t kLiveAtOnce = 1024;

struct PackedPiece {
  FrameHeader header;  // of its first frame
  model::PieceRow row;
};

// What is found in a pack from `begin` on.
struct PackWalk {
  std::uint64_t number = 0;
  const File& file;
  std::uint64_t begin = 0, size = 0;
  std::uint64_t used_end = 0;  // of the last piece in use
  std::uint64_t used_bytes = 0;
  bool has_gap =
      false;  // something in it is not a frame that can be read, or not the one of its row
  // Either those that nothing refers to, in order, or, where it is wanted, those that are not
  // doomed; of these the walk ends behind kLiveAtOnce.
  std::vector<model::PieceRow> dead{};
  std::vector<PackedPiece>* live = nullptr;
};

// Whether a row, that of a piece that is to go among them, says that the piece lies there.
Result<bool> in_use(const kv::View& view, const FrameHeader& header, const model::BlobPlace& place);

Status walk_pack(const kv::View& view, PackWalk& walk);

// Reads the frames of pieces, one behind the other. Answers those that are whole and the pieces
// that they should be; what is damaged is left out. They move as they are: no key is needed.
Result<std::vector<PackedPiece>> read_whole(const File& file, std::span<const PackedPiece> pieces,
                                            std::vector<std::uint8_t>& frames);

// The partitions that switch_places owns.
std::vector<std::string> buckets_of(std::span<const PackedPiece> pieces);
// In a body: the rows of pieces whose frames lie at `to` now, one behind the other, name that
// place; but not those that have changed since they were read. Answers which were switched.
// `dooms`: with a row for each old place, which goes as that of any piece does.
Result<std::vector<bool>> switch_places(kv::Transaction& transaction,
                                        std::span<const PackedPiece> pieces, model::BlobPlace to,
                                        bool dooms);

}  // namespace spind::content
