#include <fmt/format.h>

#include "base/try.h"
#include "content/piece_upload.h"
#include "ops/ops.h"
#include "ops/put.h"
#include "ops/uploads.h"

namespace spind::ops {
namespace {

constexpr std::size_t kReadBytes = 1 << 20;

Status check_finish(const model::UploadRecord& upload) {
  if (upload.progress.stage != model::UploadStage::receiving)
    return Error{.code = Code::conflict, .text = "the upload was finished and is held"};
  if (upload.complete()) return {};
  const std::uint64_t received = upload.progress.received_bytes();
  return Error{.code = Code::conflict,
               .text = fmt::format("the upload has {} of {} bytes", received, upload.size_bytes()),
               .path = upload.path,
               .limit = upload.size_bytes(),
               .used = received};
}

// What a version of it refers to. Its content is small, or has pieces.
Status add_content(const Context& context, const Call& call, const SeenUpload& seen,
                   UploadId number, content::Stored& stored) {
  const space::Reading& reading = seen.entered.reading;
  stored.size_bytes = seen.upload.size_bytes();
  SPIND_TRY_ASSIGN(stored.pieces,
                   settled_pieces(reading.snapshot(), reading.space(), number, seen.upload));
  if (!stored.pieces.empty()) return {};
  SPIND_TRY_ASSIGN(const auto source, upload_source(context, seen, number));
  stored.inline_bytes.resize(stored.size_bytes);
  const std::span<std::uint8_t> out(reinterpret_cast<std::uint8_t*>(stored.inline_bytes.data()),
                                    stored.inline_bytes.size());
  SPIND_TRY(source->read_at(0, out, call.interrupt(context.clock)));
  return {};
}

// Reads it whole, for the hashes of it.
Status add_hashes(const Context& context, const Call& call, const SeenUpload& seen, UploadId number,
                  const ProgressCallback& progress, content::Stored& stored) {
  content::FileHashes hashes(seen.upload.options.checksums_wanted);
  SPIND_TRY_ASSIGN(const auto source, upload_source(context, seen, number));
  std::vector<std::uint8_t> buffer(std::min<std::uint64_t>(stored.size_bytes, kReadBytes));
  for (std::uint64_t offset = 0; offset < stored.size_bytes;) {
    SPIND_TRY(call.interrupted(context.clock));
    if (progress && !progress({offset, stored.size_bytes}))
      return Error{.code = Code::cancelled, .text = "the caller cancelled it"};
    source->read_ahead(offset, 8 * kReadBytes);
    SPIND_TRY_ASSIGN(const std::size_t got,
                     source->read_at(offset, buffer, call.interrupt(context.clock)));
    if (got == 0) return Error{.code = Code::corruption, .text = "the upload is not whole"};
    hashes.update(Bytes(buffer).first(got));
    offset += got;
  }
  hashes.finish(stored);
  return {};
}

// The file gets its version, and the upload ends, by one entry.
Result<Written> become_version(const Context& context, const Call& call, UploadId number,
                               Whose whose, const SeenUpload& seen, const content::Stored& stored,
                               std::string_view request_id) {
  const Request request{.space = seen.entered.reading.space(),
                        .type = model::EntryType::file_put,
                        .request_id = request_id};
  const model::UploadRecord& upload = seen.upload;
  const auto decide = [&](space::State& state, const Moment& moment) -> Result<Decision> {
    SPIND_TRY(check_unchanged(context, state, call, number, whose, upload));
    SPIND_TRY_ASSIGN(Decision decision, decide_put(context, call, upload.starter, target_of(upload),
                                                   upload.options, stored, state, moment));
    SPIND_TRY(add_end(state, number, upload, decision));
    return decision;
  };
  return commit(context, call, request, decide);
}

Result<Written> become_held(const Context& context, const Call& call, UploadId number,
                            const SeenUpload& seen, const content::Stored& stored,
                            std::string_view request_id) {
  const Request request{.space = seen.entered.reading.space(),
                        .type = model::EntryType::upload_changed,
                        .request_id = request_id};
  const auto decide = [&](space::State& state, const Moment& moment) -> Result<Decision> {
    SPIND_TRY(check_unchanged(context, state, call, number, Whose::own, seen.upload));
    SPIND_TRY_ASSIGN(const model::SpaceRecord* info, state.info());
    SPIND_TRY(check_target(state, *info, call, target_of(seen.upload), seen.upload.options));
    model::UploadChanged change{.upload = number, .before = {}, .after = seen.upload.progress};
    change.after.stage = model::UploadStage::held;
    change.after.entry = moment.number;
    change.after.touched_ns = moment.wall_ns;
    change.after.sha256 = stored.sha256;
    change.after.checksums = stored.checksums;
    Decision decision{.changes = {std::move(change)}, .visible = false};
    decision.written.size_bytes = stored.size_bytes;
    decision.written.sha256 = stored.sha256;
    return decision;
  };
  return commit(context, call, request, decide);
}

// A request that was answered before has its answer, though the upload is gone.
Result<Written> repeat(const Context& context, const Call& call, const SpaceId& space,
                       model::EntryType type, std::string_view request_id, const Error& otherwise) {
  if (request_id.empty()) return otherwise;
  const Request request{.space = space, .type = type, .request_id = request_id};
  return commit(context, call, request,
                [&](space::State&, const Moment&) -> Result<Decision> { return otherwise; });
}

bool is_held(const model::UploadRecord& upload) {
  return upload.progress.stage != model::UploadStage::receiving;
}

Error not_held() { return {.code = Code::conflict, .text = "the upload is not held"}; }

}  // namespace

Result<Written> finish_upload(const Context& context, const Call& call, const SpaceId& space,
                              UploadId number, const FinishUploadOptions& options) {
  SPIND_TRY(may_change(call));
  const auto type = options.hold ? model::EntryType::upload_changed : model::EntryType::file_put;
  const auto enough = [](const model::UploadRecord& upload) { return check_finish(upload).ok(); };
  const auto seen = see_upload(context, call, space, number, Whose::own, enough);
  Status ready = seen.ok() ? check_finish(seen->upload) : Status(seen.error());
  if (!ready.ok()) return repeat(context, call, space, type, options.request_id, ready.error());
  content::Stored stored;
  SPIND_TRY(add_content(context, call, *seen, number, stored));
  SPIND_TRY(add_hashes(context, call, *seen, number, options.progress, stored));
  SPIND_TRY(check_content(seen->upload.options, stored, target_of(seen->upload)));
  if (options.hold) return become_held(context, call, number, *seen, stored, options.request_id);
  return become_version(context, call, number, Whose::own, *seen, stored, options.request_id);
}

Result<Written> release_upload(const Context& context, const Call& call, const SpaceId& space,
                               UploadId number, const ReleaseUploadOptions& options) {
  SPIND_TRY(may_change(call));
  const auto seen = see_upload(context, call, space, number, Whose::managed, is_held);
  Status ready = seen.ok() ? Status() : Status(seen.error());
  if (seen.ok() && !is_held(seen->upload)) ready = not_held();
  if (!ready.ok())
    return repeat(context, call, space, model::EntryType::file_put, options.request_id,
                  ready.error());
  SPIND_TRY(permit(call, *seen->entered.info, {kRootNode}, 0, access::kUpdateGrant, Ref("/")));
  content::Stored stored;
  SPIND_TRY(add_content(context, call, *seen, number, stored));
  stored.sha256 = seen->upload.progress.sha256;
  stored.checksums = seen->upload.progress.checksums;
  return become_version(context, call, number, Whose::managed, *seen, stored, options.request_id);
}

Result<Written> quarantine_upload(const Context& context, const Call& call, const SpaceId& space,
                                  UploadId number) {
  const Request request{.space = space, .type = model::EntryType::upload_changed};
  const auto decide = [&](space::State& state, const Moment& moment) -> Result<Decision> {
    SPIND_TRY_ASSIGN(const model::SpaceRecord* info, state.info());
    SPIND_TRY_ASSIGN(
        const model::UploadRecord upload,
        find_upload(context, state.rows(), space, *info, call, number, Whose::managed));
    SPIND_TRY(permit(call, *info, {kRootNode}, 0, access::kUpdateGrant, Ref("/")));
    if (!is_held(upload)) return not_held();
    if (upload.progress.stage == model::UploadStage::quarantined) return Decision{};
    model::UploadChanged change{.upload = number, .before = {}, .after = upload.progress};
    change.after.stage = model::UploadStage::quarantined;
    change.after.entry = moment.number;
    return Decision{.changes = {std::move(change)}, .visible = false};
  };
  return commit(context, call, request, decide);
}

Result<OpenedFile> open_upload(const Context& context, const Call& call, const SpaceId& space,
                               UploadId number, const ReadUploadOptions& options) {
  SPIND_TRY_ASSIGN(const SeenUpload seen,
                   see_upload(context, call, space, number, Whose::managed, is_held));
  if (!options.inspect && seen.upload.progress.stage == model::UploadStage::quarantined)
    return Error{.code = Code::permission_denied, .text = "the content is quarantined"};
  if (!options.inspect || !is_held(seen.upload))
    return Error{.code = Code::too_early, .text = "the content is not released"};
  SPIND_TRY(permit(call, *seen.entered.info, {kRootNode}, 0, access::kUpdateGrant, Ref("/")));
  OpenedFile opened;
  opened.name = "upload " + std::to_string(number);
  opened.info.size_bytes = seen.upload.size_bytes();
  opened.info.sha256 = seen.upload.progress.sha256;
  opened.info.checksums = seen.upload.progress.checksums;
  opened.info.author = seen.upload.starter;
  SPIND_TRY_ASSIGN(opened.source, upload_source(context, seen, number));
  return opened;
}

}  // namespace spind::ops
