#include "content/pack_walk.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/try.h"
#include "content/blob_judge.h"
#include "model/keys.h"

namespace spind::content {

using kv::Family;
using model::BlobPlace;

namespace {

constexpr std::size_t kSearchBytes = 1024 * 1024;
constexpr std::string_view kFrameMagicText = "SPFR";

// The header of a piece's first frame; nothing if there is none. One of a later format is an error
// only where a header must be: elsewhere it may be the content of a file.
Result<std::optional<FrameHeader>> first_header(const File& file, std::uint64_t offset,
                                                bool must_be) {
  std::array<std::uint8_t, kFrameHeaderBytes> bytes{};
  SPIND_TRY_ASSIGN(const std::size_t got, file.read_at(offset, bytes));
  auto header = decode_frame_header(Bytes(bytes).first(got));
  if (header.code() == Code::unsupported && must_be) return std::move(header).error();
  if (!header.ok() || header->position != 0) return std::optional<FrameHeader>();
  return std::optional(*header);
}

// Looks for frames by their first bytes, which content may have all over: what was read once serves
// for all that is found in it.
class MagicSearch {
 public:
  explicit MagicSearch(const File& file) : file_(file) {}

  // Where a frame may begin at or after `offset`; `end` if nowhere.
  Result<std::uint64_t> next(std::uint64_t offset, std::uint64_t end) {
    while (offset < end) {
      if (offset < begin_ || offset + kFrameMagicText.size() > begin_ + bytes_.size()) {
        bytes_.resize(kSearchBytes);
        SPIND_TRY_ASSIGN(const std::size_t got, file_.read_at(offset, bytes_));
        bytes_.resize(got);
        begin_ = offset;
      }
      const std::size_t found = as_text(bytes_).find(kFrameMagicText, offset - begin_);
      if (found != std::string_view::npos) return begin_ + found;
      if (bytes_.size() < kSearchBytes) break;
      offset = begin_ + bytes_.size() - (kFrameMagicText.size() - 1);
    }
    return end;
  }

 private:
  const File& file_;
  std::vector<std::uint8_t> bytes_;  // of the file from begin_ on
  std::uint64_t begin_ = 0;
};

}  // namespace

Result<bool> in_use(const kv::View& view, const FrameHeader& header, const BlobPlace& place) {
  const std::string doomed = model::doomed_key(header.vault, header.piece[0], place);
  SPIND_TRY_ASSIGN(const auto as_doomed, view.get(Family::content, doomed));
  if (as_doomed) return true;
  SPIND_TRY_ASSIGN(const auto bytes,
                   view.get(Family::content, model::piece_key(header.vault, header.piece)));
  if (!bytes) return false;
  SPIND_TRY_ASSIGN(const model::PieceRow row, model::decode_piece(*bytes));
  return row.place == place;
}

// From piece to piece by their headers. Where a header is broken, which is the torn tail or damage,
// only pieces that a row points at count: other headers behind it may be the content of a file.
Status walk_pack(const kv::View& view, PackWalk& walk) {
  bool trusted = true;
  MagicSearch search(walk.file);
  std::uint64_t offset = walk.begin;
  while (offset < walk.size) {
    SPIND_TRY_ASSIGN(const auto header, first_header(walk.file, offset, trusted));
    const BlobPlace place{BlobPlace::Kind::pack, walk.number, offset};
    const std::uint64_t stored = header ? header->piece_stored_bytes : 0;
    const bool fits = header && offset + stored <= walk.size;
    bool used = false;
    if (fits) {
      SPIND_TRY_ASSIGN(used, in_use(view, *header, place));
    }
    trusted = used || (trusted && fits);
    if (!trusted) {
      walk.has_gap = true;
      SPIND_TRY_ASSIGN(offset, search.next(offset + 1, walk.size));
      continue;
    }
    if (!used && walk.live == nullptr) walk.dead.push_back({place, header->piece_bytes, stored});
    offset += stored;
    if (!used) continue;
    walk.used_end = offset;
    walk.used_bytes += stored;
    if (walk.live == nullptr) continue;
    SPIND_TRY_ASSIGN(const auto row,
                     view.get(Family::content, model::piece_key(header->vault, header->piece)));
    if (!row) continue;
    SPIND_TRY_ASSIGN(const model::PieceRow here, model::decode_piece(*row));
    if (here.place != place) continue;
    if (here.size_bytes == header->piece_bytes && here.stored_bytes == stored)
      walk.live->push_back({*header, here});
    else
      walk.has_gap = true;
    if (walk.live->size() >= kLiveAtOnce) return {};
  }
  return {};
}

Result<std::vector<PackedPiece>> read_whole(const File& file, std::span<const PackedPiece> pieces,
                                            std::vector<std::uint8_t>& frames) {
  std::vector<PackedPiece> whole;
  for (const PackedPiece& piece : pieces) {
    const std::size_t begin = frames.size();
    frames.resize(begin + static_cast<std::size_t>(piece.row.stored_bytes));
    const std::span<std::uint8_t> place = std::span(frames).subspan(begin);
    SPIND_TRY_ASSIGN(const std::size_t got, file.read_at(piece.row.place.offset, place));
    if (got == place.size() &&
        are_frames_of(piece.header.vault, piece.header.piece, piece.row, place))
      whole.push_back(piece);
    else
      frames.resize(begin);
  }
  return whole;
}

std::vector<std::string> buckets_of(std::span<const PackedPiece> pieces) {
  std::vector<std::string> buckets;
  for (const PackedPiece& piece : pieces)
    buckets.push_back(model::bucket_of(piece.header.vault, piece.header.piece));
  std::sort(buckets.begin(), buckets.end());
  buckets.erase(std::unique(buckets.begin(), buckets.end()), buckets.end());
  return buckets;
}

Result<std::vector<bool>> switch_places(kv::Transaction& transaction,
                                        std::span<const PackedPiece> pieces, BlobPlace to,
                                        bool dooms) {
  std::vector<bool> switched(pieces.size());
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const auto& [header, before] = pieces[i];
    const std::string key = model::piece_key(header.vault, header.piece);
    SPIND_TRY_ASSIGN(const auto bytes, transaction.get(Family::content, key));
    switched[i] = bytes && *bytes == model::encode(before);
    if (switched[i]) {
      model::PieceRow row = before;
      row.place = to;
      transaction.put(Family::content, key, model::encode(row));
      if (dooms)
        transaction.put(Family::content,
                        model::doomed_key(header.vault, header.piece[0], before.place),
                        model::encode(before));
    }
    to.offset += before.stored_bytes;
  }
  return switched;
}

}  // namespace spind::content
