#include "base/limits.h"
#include "base/try.h"
#include "model/keys.h"
#include "ops/ops.h"
#include "ops/put.h"
#include "ops/uploads.h"
#include "ops/waiting_uploads.h"

namespace spind::ops {
namespace {

Status check_options(const UploadOptions& options) {
  const auto length = [](const std::optional<std::string>& text) {
    return text ? text->size() : 0;
  };
  const std::size_t etags_bytes =
      length(options.conditions.if_match) + length(options.conditions.if_none_match);
  if (etags_bytes > kUploadEtagsBytesMax)
    return Error{.code = Code::limit_exceeded,
                 .text = "the conditions of the upload are too long",
                 .path = {},
                 .limit = kUploadEtagsBytesMax,
                 .used = etags_bytes};
  if (options.kept.count() < 1)
    return Error{.code = Code::invalid_argument, .text = "the upload would expire at once"};
  const auto kept_seconds = static_cast<std::uint64_t>(options.kept.count());
  if (kept_seconds > kUploadKeptSecondsMax)
    return Error{.code = Code::limit_exceeded,
                 .text = "the upload would be kept for too long",
                 .path = {},
                 .limit = kUploadKeptSecondsMax,
                 .used = kept_seconds};
  return {};
}

// The checksums to compute: those that are wanted and those that are given.
std::uint8_t wanted_checksums(const UploadOptions& options) {
  std::uint8_t wanted = options.checksums_wanted & (kSha1 | kMd5 | kAdler32);
  if (options.checksums.sha1) wanted |= kSha1;
  if (options.checksums.md5) wanted |= kMd5;
  if (options.checksums.adler32) wanted |= kAdler32;
  return wanted;
}

model::UploadRecord new_upload(const Call& call, const Ref& target, std::uint64_t size_bytes,
                               const UploadOptions& options) {
  model::UploadRecord upload;
  upload.starter = call.who.user;
  upload.start = target.start();
  upload.path = target.path();
  upload.options = {.conditions = options.conditions,
                    .mtime_ns = options.mtime_ns,
                    .size_bytes = size_bytes,
                    .sha256 = options.sha256,
                    .checksums = options.checksums,
                    .checksums_wanted = wanted_checksums(options),
                    .make_parents = options.make_parents};
  upload.kept_seconds = static_cast<std::uint64_t>(options.kept.count());
  return upload;
}

}  // namespace

Result<bool> has_uploads(const kv::View& view, const SpaceId& space) {
  const std::string prefix = model::row_prefix(space, model::SpaceRow::upload);
  const auto cursor = view.scan(kv::Family::state, prefix, model::end_of(prefix));
  SPIND_TRY(cursor->status());
  return cursor->valid();
}

Status note_uploads(kv::Transaction& rows, space::State& state) {
  SPIND_TRY_ASSIGN(const bool some, has_uploads(rows, state.space()));
  if (!some) return {};
  const std::string key = model::waiting_uploads_key(state.space());
  SPIND_TRY_ASSIGN(const auto noted, rows.get(kv::Family::state, key));
  if (!noted) rows.put(kv::Family::state, key, "");
  return {};
}

Result<UploadInfo> start_upload(const Context& context, const Call& call, const SpaceId& space,
                                const Ref& target, std::uint64_t size_bytes,
                                const UploadOptions& options) {
  SPIND_TRY(may_change(call));
  SPIND_TRY(check_options(options));
  model::UploadRecord upload = new_upload(call, target, size_bytes, options);
  const Request request{.space = space,
                        .type = model::EntryType::upload_started,
                        .request_id = options.request_id,
                        .also_owned = model::waiting_uploads_key(space),
                        .also = note_uploads};
  const auto decide = [&](space::State& state, const Moment& moment) -> Result<Decision> {
    SPIND_TRY_ASSIGN(const model::SpaceRecord* info, state.info());
    SPIND_TRY(check_target(state, *info, call, target, upload.options));
    SPIND_TRY(context.content.room(size_bytes));
    upload.started_ns = upload.progress.touched_ns = moment.wall_ns;
    upload.progress.entry = moment.number;
    Decision decision{.changes = {model::UploadStarted{upload}}, .visible = false};
    decision.written.node = moment.number;
    return decision;
  };
  SPIND_TRY_ASSIGN(const Written written, commit(context, call, request, decide));
  if (written.repeated) {
    // A client that lost the answer wants to know where to go on.
    SPIND_TRY(context.kv.catch_up(call.deadline_monotonic_ns));
    return upload_info(context, call, space, written.node);
  }
  UploadInfo info = to_upload_info(written.node, upload);
  info.ticket = written.ticket;
  return info;
}

}  // namespace spind::ops
