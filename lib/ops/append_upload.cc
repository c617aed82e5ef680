#include <fmt/format.h>

#include "base/limits.h"
#include "base/try.h"
#include "ops/ops.h"
#include "ops/uploads.h"

namespace spind::ops {
namespace {

// Small appends make small parts; when there are so many, they become one.
constexpr std::size_t kPartsBeforeJoin = 16;
constexpr std::size_t kCopyBytes = 1 << 20;

Status check_append(const model::UploadRecord& upload, std::uint64_t offset,
                    std::uint64_t size_bytes) {
  if (upload.progress.stage != model::UploadStage::receiving)
    return Error{.code = Code::conflict, .text = "the upload was finished and is held"};
  const std::uint64_t received = upload.progress.received_bytes();
  if (offset != received)
    return Error{.code = Code::precondition_failed,
                 .text = fmt::format("the upload goes on at {}", received),
                 .path = upload.path,
                 .limit = received,
                 .used = offset};
  if (size_bytes > upload.size_bytes() - received)
    return Error{.code = Code::invalid_argument,
                 .text = "more bytes come than were declared",
                 .path = upload.path,
                 .limit = upload.size_bytes(),
                 .used = received + size_bytes};
  return {};
}

// Stores what comes, with the tail before it where the two make pieces, and says what the upload is
// then.
class Appending {
 public:
  Appending(const Context& context, const Call& call, const SeenUpload& seen, Bytes bytes)
      : context_(context),
        call_(call),
        seen_(seen),
        bytes_(bytes),
        owner_(owner_of(*seen.entered.info, seen.entered.reading.space())),
        completes_(progress().received_bytes() + bytes.size() == seen.upload.size_bytes()),
        joins_(completes_ || progress().tail.size() >= kPartsBeforeJoin ||
               progress().received_bytes() - progress().settled_bytes + bytes.size() >=
                   kPieceBytesMax) {}

  Status store() {
    const auto upload = context_.content.upload(owner_, 0, call_.interrupt(context_.clock));
    if (joins_)
      for (const model::UploadPart& part : progress().tail) SPIND_TRY(copy(part, *upload));
    SPIND_TRY(upload->append(bytes_));
    // The last bytes of a file that has pieces are one, however few they are.
    const bool as_pieces = completes_ && progress().settled_bytes > 0;
    SPIND_TRY_ASSIGN(stored_, as_pieces ? upload->finish_as_pieces() : upload->finish());
    return {};
  }

  Result<Decision> decide(UploadId number, const Moment& moment) const {
    SPIND_TRY(context_.content.verify(stored_));
    Decision decision{.visible = false};
    model::UploadChanged change{.upload = number, .before = {}, .after = progress()};
    model::UploadProgress& after = change.after;
    after.entry = moment.number;
    after.touched_ns = moment.wall_ns;
    if (joins_) after.tail.clear();
    if (stored_.pieces.empty()) {
      const model::ContentRef content{model::ContentKind::inline_bytes, {moment.number, 0}, {}};
      after.tail.push_back({content, stored_.size_bytes});
      decision.attachments.push_back(model::encode_inline(stored_.inline_bytes));
    }
    for (const model::Piece& piece : stored_.pieces) {
      if (settles(piece)) {
        change.settled.push_back(piece);
        after.settled_bytes += piece.size_bytes;
      } else {
        const model::ContentRef content{model::ContentKind::piece, {}, piece.id};
        after.tail.push_back({content, piece.size_bytes});
      }
    }
    decision.changes.emplace_back(std::move(change));
    return decision;
  }

 private:
  const model::UploadProgress& progress() const { return seen_.upload.progress; }

  // Only the last piece may be one that more bytes belong to.
  bool settles(const model::Piece& piece) const {
    return joins_ &&
           (completes_ || piece.size_bytes == kPieceBytesMax || &piece != &stored_.pieces.back());
  }

  Status copy(const model::UploadPart& part, content::Upload& upload) const {
    SPIND_TRY_ASSIGN(const auto source,
                     context_.content.source(seen_.entered.reading.snapshot_ref(), owner_,
                                             part.content, part.size_bytes));
    std::vector<std::uint8_t> buffer(std::min<std::uint64_t>(part.size_bytes, kCopyBytes));
    for (std::uint64_t offset = 0; offset < part.size_bytes;) {
      SPIND_TRY_ASSIGN(const std::size_t got,
                       source->read_at(offset, buffer, call_.interrupt(context_.clock)));
      if (got == 0) return Error{.code = Code::corruption, .text = "a part is shorter than it was"};
      SPIND_TRY(upload.append(Bytes(buffer).first(got)));
      offset += got;
    }
    return {};
  }

  const Context& context_;
  const Call& call_;
  const SeenUpload& seen_;
  const Bytes bytes_;
  const content::Owner owner_;
  const bool completes_, joins_;
  content::Stored stored_;
};

}  // namespace

Result<UploadInfo> append_upload(const Context& context, const Call& call, const SpaceId& space,
                                 UploadId number, std::uint64_t offset, Bytes bytes) {
  SPIND_TRY(may_change(call));
  if (bytes.size() > kUploadAppendBytesMax)
    return Error{.code = Code::limit_exceeded,
                 .text = "too many bytes for one append",
                 .path = {},
                 .limit = kUploadAppendBytesMax,
                 .used = bytes.size()};
  SPIND_TRY_ASSIGN(const SeenUpload seen,
                   see_upload(context, call, space, number, Whose::own, [&](const auto& upload) {
                     return upload.progress.received_bytes() == offset;
                   }));
  SPIND_TRY(check_append(seen.upload, offset, bytes.size()));
  if (bytes.empty()) return to_upload_info(number, seen.upload);
  Appending appending(context, call, seen, bytes);
  SPIND_TRY(appending.store());
  model::UploadRecord after = seen.upload;
  const auto decide = [&](space::State& state, const Moment& moment) -> Result<Decision> {
    SPIND_TRY_ASSIGN(const model::SpaceRecord* info, state.info());
    SPIND_TRY_ASSIGN(const model::UploadRecord now,
                     find_upload(context, state.rows(), space, *info, call, number, Whose::own));
    SPIND_TRY(check_append(now, offset, bytes.size()));
    SPIND_TRY(check_unchanged(context, state, call, number, Whose::own, seen.upload));
    SPIND_TRY_ASSIGN(Decision decision, appending.decide(number, moment));
    after.progress = std::get<model::UploadChanged>(decision.changes.front()).after;
    return decision;
  };
  const Request request{.space = space, .type = model::EntryType::upload_changed};
  SPIND_TRY_ASSIGN(const Written written, commit(context, call, request, decide));
  UploadInfo info = to_upload_info(number, after);
  info.ticket = written.ticket;
  return info;
}

}  // namespace spind::ops
