#include "ops/uploads.h"

#include <fmt/format.h>

#include "base/hash.h"
#include "base/try.h"
#include "model/keys.h"

namespace spind::ops {

using kv::Family;

Error no_such_upload(UploadId number) {
  return {.code = Code::not_found, .text = fmt::format("no such upload: {}", number)};
}

bool manages(const Call& call, const model::SpaceRecord& info) {
  const NodeId root = kRootNode;
  return access::permit(call.who, info, {&root, 1}, access::kUpdateGrant).ok();
}

Result<model::UploadRecord> find_upload(const Context& context, const kv::View& view,
                                        const SpaceId& space, const model::SpaceRecord& info,
                                        const Call& call, UploadId number, Whose whose) {
  SPIND_TRY_ASSIGN(const auto row, view.get(Family::state, model::upload_key(space, number)));
  if (!row) return no_such_upload(number);
  SPIND_TRY_ASSIGN(model::UploadRecord upload, model::decode_upload(*row));
  const bool known =
      upload.starter == call.who.user || (whose == Whose::managed && manages(call, info));
  if (!known || upload.expired(context.clocks.believed_now())) return no_such_upload(number);
  return upload;
}

namespace {

Result<SeenUpload> see_now(const Context& context, const Call& call, const SpaceId& space,
                           UploadId number, Whose whose) {
  SPIND_TRY_ASSIGN(Entered entered, enter(context, call, space));
  SPIND_TRY_ASSIGN(
      model::UploadRecord upload,
      find_upload(context, entered.reading.snapshot(), space, *entered.info, call, number, whose));
  return SeenUpload{std::move(entered), std::move(upload)};
}

}  // namespace

Result<SeenUpload> see_upload(const Context& context, const Call& call, const SpaceId& space,
                              UploadId number, Whose whose,
                              const std::function<bool(const model::UploadRecord&)>& enough) {
  auto seen = see_now(context, call, space, number, whose);
  if (seen.ok() ? enough(seen->upload) : seen.code() != Code::not_found) return seen;
  SPIND_TRY(context.kv.catch_up(call.deadline_monotonic_ns));
  return see_now(context, call, space, number, whose);
}

Status check_unchanged(const Context& context, space::State& state, const Call& call,
                       UploadId number, Whose whose, const model::UploadRecord& seen) {
  SPIND_TRY_ASSIGN(const model::SpaceRecord* info, state.info());
  SPIND_TRY_ASSIGN(const model::UploadRecord now,
                   find_upload(context, state.rows(), state.space(), *info, call, number, whose));
  if (now == seen) return {};
  return Error{.code = Code::aborted, .text = "the upload was changed meanwhile"};
}

Result<std::vector<model::Piece>> settled_pieces(const kv::View& view, const SpaceId& space,
                                                 UploadId number,
                                                 const model::UploadRecord& upload) {
  const Error broken{.code = Code::corruption,
                     .text = fmt::format("the pieces of upload {} are not whole", number)};
  std::vector<model::Piece> pieces;
  std::uint64_t offset = 0;
  const std::string prefix = model::settled_prefix(space, number);
  const auto cursor = view.scan(Family::state, prefix, model::end_of(prefix));
  for (; cursor->valid(); cursor->next()) {
    SPIND_TRY_ASSIGN(const auto one, model::decode_manifest(cursor->value()));
    if (one.size() != 1 || model::last_u64_in(cursor->key()) != offset) return broken;
    pieces.push_back(one.front());
    offset += one.front().size_bytes;
  }
  SPIND_TRY(cursor->status());
  if (offset != upload.progress.settled_bytes) return broken;
  return pieces;
}

Result<std::unique_ptr<content::Source>> upload_source(const Context& context,
                                                       const SeenUpload& seen, UploadId number) {
  const space::Reading& reading = seen.entered.reading;
  const content::Owner owner = owner_of(*seen.entered.info, reading.space());
  const std::vector<model::UploadPart>& tail = seen.upload.progress.tail;
  SPIND_TRY_ASSIGN(auto pieces,
                   settled_pieces(reading.snapshot(), reading.space(), number, seen.upload));
  if (!pieces.empty() && tail.empty())
    return context.content.source(reading.snapshot_ref(), owner, std::move(pieces));
  if (!pieces.empty() || tail.size() > 1)
    return Error{.code = Code::corruption, .text = "an upload that is complete has a tail"};
  const model::ContentRef content = tail.empty() ? model::ContentRef{} : tail.front().content;
  return context.content.source(reading.snapshot_ref(), owner, content, seen.upload.size_bytes());
}

Status add_end(space::State& state, UploadId number, const model::UploadRecord& upload,
               Decision& decision) {
  model::UploadEnded ended{.number = number, .upload = {}};
  if (upload.progress.settled_bytes > 0) {
    SPIND_TRY_ASSIGN(const auto pieces,
                     settled_pieces(state.rows(), state.space(), number, upload));
    ended.settled_index = static_cast<std::uint32_t>(decision.attachments.size());
    decision.attachments.push_back(model::encode_manifest(pieces));
    decision.manifests.push_back(sha256(as_bytes(decision.attachments.back())));
  }
  decision.changes.emplace_back(std::move(ended));
  return {};
}

Ref target_of(const model::UploadRecord& upload) { return Ref::below(upload.start, upload.path); }

UploadInfo to_upload_info(UploadId number, const model::UploadRecord& upload) {
  UploadInfo info;
  info.id = number;
  info.target = target_of(upload);
  info.starter = upload.starter;
  info.size_bytes = upload.size_bytes();
  info.offset = upload.progress.received_bytes();
  info.sha256 = upload.progress.sha256;
  info.started_ns = upload.started_ns;
  switch (upload.progress.stage) {
    case model::UploadStage::receiving:
      info.state = UploadState::receiving;
      info.expires_ns = upload.expires_ns();
      break;
    case model::UploadStage::held: info.state = UploadState::held; break;
    case model::UploadStage::quarantined: info.state = UploadState::quarantined; break;
  }
  return info;
}

}  // namespace spind::ops
