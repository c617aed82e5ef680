#include "space/upload_changes.h"

#include <algorithm>
#include <span>

#include "base/try.h"

namespace spind::space {
namespace {

using model::ContentKind;
using model::ContentRef;
using model::Piece;
using model::UploadPart;
using Parts = std::span<const UploadPart>;

ContentRef content_of(const Piece& piece) { return {ContentKind::piece, {}, piece.id}; }

// What of a tail the other one does not have as well; both begin with the same parts.
struct Difference {
  Parts gone, came;
};
Difference difference(const model::UploadChanged& change) {
  const Parts before = change.before.tail, after = change.after.tail;
  const auto parted = std::mismatch(before.begin(), before.end(), after.begin(), after.end()).first;
  const auto same = static_cast<std::size_t>(parted - before.begin());
  return {before.subspan(same), after.subspan(same)};
}

ContentRef settled_of(const model::UploadEnded& change, EntryNumber at) {
  return {ContentKind::manifest, {at, change.settled_index}, {}};
}

Status set_progress(State& state, EntryNumber number, const model::UploadProgress& progress) {
  SPIND_TRY_ASSIGN(model::UploadRecord upload, known_upload(state, number));
  upload.progress = progress;
  state.put_upload(number, upload);
  return {};
}

Result<std::vector<Piece>> settled_pieces(State& state, const model::UploadEnded& change,
                                          EntryNumber at) {
  SPIND_TRY_ASSIGN(const std::string row, state.attachment({at, change.settled_index}));
  return model::decode_manifest(row);
}

}  // namespace

Result<model::UploadRecord> known_upload(State& state, EntryNumber number) {
  SPIND_TRY_ASSIGN(auto upload, state.upload(number));
  if (!upload) return Error{.code = Code::corruption, .text = "an upload is missing"};
  return *std::move(upload);
}

// What comes is counted before what goes falls away: a piece that does both is held all the time.
Status change_upload(State& state, const model::UploadChanged& change, EntryNumber at) {
  std::uint64_t offset = change.before.settled_bytes;
  for (const Piece& piece : change.settled) {
    SPIND_TRY(state.add_references(content_of(piece), +1));
    state.put_settled(change.upload, offset, piece);
    offset += piece.size_bytes;
  }
  const Difference tails = difference(change);
  for (const UploadPart& part : tails.came) SPIND_TRY(state.add_references(part.content, +1));
  for (const UploadPart& part : tails.gone) SPIND_TRY(state.drop(part.content, at));
  return set_progress(state, change.upload, change.after);
}

Status unchange_upload(State& state, const model::UploadChanged& change, EntryNumber at) {
  const Difference tails = difference(change);
  for (auto part = tails.gone.rbegin(); part != tails.gone.rend(); ++part)
    SPIND_TRY(state.regain(part->content, at));
  for (const UploadPart& part : tails.came) SPIND_TRY(state.add_references(part.content, -1));
  std::uint64_t offset = change.before.settled_bytes;
  for (const Piece& piece : change.settled) {
    SPIND_TRY(state.add_references(content_of(piece), -1));
    state.erase_settled(change.upload, offset);
    offset += piece.size_bytes;
  }
  return set_progress(state, change.upload, change.before);
}

Status end_upload(State& state, const model::UploadEnded& change, EntryNumber at) {
  state.erase_upload(change.number);
  if (change.upload.progress.settled_bytes > 0) {
    SPIND_TRY_ASSIGN(const auto pieces, settled_pieces(state, change, at));
    std::uint64_t offset = 0;
    for (const Piece& piece : pieces) {
      state.erase_settled(change.number, offset);
      offset += piece.size_bytes;
    }
    SPIND_TRY(state.drop(settled_of(change, at), at));
  }
  for (const UploadPart& part : change.upload.progress.tail)
    SPIND_TRY(state.drop(part.content, at));
  return {};
}

Status unend_upload(State& state, const model::UploadEnded& change, EntryNumber at) {
  const std::vector<UploadPart>& tail = change.upload.progress.tail;
  for (auto part = tail.rbegin(); part != tail.rend(); ++part)
    SPIND_TRY(state.regain(part->content, at));
  if (change.upload.progress.settled_bytes > 0) {
    SPIND_TRY(state.regain(settled_of(change, at), at));
    SPIND_TRY_ASSIGN(const auto pieces, settled_pieces(state, change, at));
    std::uint64_t offset = 0;
    for (const Piece& piece : pieces) {
      state.put_settled(change.number, offset, piece);
      offset += piece.size_bytes;
    }
  }
  state.put_upload(change.number, change.upload);
  return {};
}

}  // namespace spind::space
