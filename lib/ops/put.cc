#include "ops/put.h"

#include "base/hash.h"
#include "base/limits.h"
#include "base/try.h"
#include "ops/make_parents.h"
#include "ops/ops.h"

namespace spind::ops {
namespace {

// What stands at the place of a put: a file, or nothing with a folder to put it in.
struct Target {
  space::Resolved at;
  std::vector<std::string> missing;
};

Result<Target> find_target(space::NodeSource& source, const model::SpaceRecord& info,
                           const Call& call, const Ref& ref, const PutOptions& options) {
  Target target;
  SPIND_TRY_ASSIGN(target.at, space::resolve_with_missing(source, ref, &target.missing));
  if (target.at.exists()) {
    const model::NodeRecord& node = *target.at.place.node;
    SPIND_TRY(permit(call, info, target.at.way, node.id, access::kInitiateFileUpload, ref));
    if (node.kind == NodeKind::folder)
      return Error{
          .code = Code::is_a_folder, .text = "a folder stands there", .path = ref.to_string()};
  } else {
    SPIND_TRY(permit(call, info, target.at.way, 0, access::kInitiateFileUpload, ref));
    if (!target.missing.empty() && !options.make_parents)
      return Error{.code = Code::not_found,
                   .text = "a folder on the way is missing",
                   .path = ref.to_string()};
  }
  SPIND_TRY(check_conditions(target.at.place.node.get(), info.history, options.conditions, ref));
  return target;
}

Status check_declared_size(const PutOptions& options, const Ref& ref) {
  if (!options.size_bytes || *options.size_bytes <= kFileBytesMax) return {};
  return Error{.code = Code::limit_exceeded,
               .text = "the declared size is too large",
               .path = ref.to_string(),
               .limit = kFileBytesMax,
               .used = *options.size_bytes};
}

// Names the stored bytes, as rows beside the entry where they do not fit into the version.
model::ContentRef refer(const content::Stored& stored, const Moment& moment, Decision& decision) {
  NamedContent named = name_content(stored);
  if (!named.content.has_attachment()) return named.content;
  named.content.attachment = {moment.number, 0};
  if (named.content.kind == model::ContentKind::manifest)
    decision.manifests.push_back(sha256(as_bytes(named.row)));
  decision.attachments.push_back(std::move(named.row));
  return named.content;
}

model::VersionRecord new_version(std::string_view author, const PutOptions& options,
                                 const content::Stored& stored, const Moment& moment,
                                 Decision& decision) {
  model::VersionRecord version;
  version.number = 1;
  version.size_bytes = stored.size_bytes;
  version.mtime_ns = options.mtime_ns.value_or(moment.wall_ns);
  version.written_ms = moment.time_ns / 1'000'000;
  version.entry = moment.number;
  version.author = author;
  version.sha256 = stored.sha256;
  version.checksums = stored.checksums;
  version.content = refer(stored, moment, decision);
  return version;
}

}  // namespace

NamedContent name_content(const content::Stored& stored) {
  NamedContent named;
  if (stored.size_bytes == 0) return named;
  if (stored.pieces.empty()) {
    named.content.kind = model::ContentKind::inline_bytes;
    named.row = model::encode_inline(stored.inline_bytes);
  } else if (stored.pieces.size() == 1) {
    named.content.kind = model::ContentKind::piece;
    named.content.piece = stored.pieces.front().id;
  } else {
    named.content.kind = model::ContentKind::manifest;
    named.row = model::encode_manifest(stored.pieces);
  }
  return named;
}

Status check_target(space::NodeSource& source, const model::SpaceRecord& info, const Call& call,
                    const Ref& file, const PutOptions& options) {
  SPIND_TRY(check_declared_size(options, file));
  SPIND_TRY(find_target(source, info, call, file, options));
  return {};
}

Status check_content(const PutOptions& options, const content::Stored& stored, const Ref& ref) {
  SPIND_TRY(check_declared_size(options, ref));
  if (options.size_bytes && *options.size_bytes != stored.size_bytes)
    return Error{.code = Code::invalid_argument,
                 .text = "the content has not the declared size",
                 .path = ref.to_string(),
                 .limit = *options.size_bytes,
                 .used = stored.size_bytes};
  const auto differs = [](const auto& given, const auto& computed) {
    return given && given != computed;
  };
  if ((options.sha256 && *options.sha256 != stored.sha256) ||
      differs(options.checksums.sha1, stored.checksums.sha1) ||
      differs(options.checksums.md5, stored.checksums.md5) ||
      differs(options.checksums.adler32, stored.checksums.adler32))
    return Error{.code = Code::precondition_failed,
                 .text = "the content has not the given checksum",
                 .path = ref.to_string()};
  return {};
}

Result<Decision> decide_put(const Context& context, const Call& call, std::string_view author,
                            const Ref& ref, const PutOptions& options,
                            const content::Stored& stored, space::State& state,
                            const Moment& moment) {
  SPIND_TRY(context.content.verify(stored));
  SPIND_TRY_ASSIGN(const model::SpaceRecord* info, state.info());
  SPIND_TRY_ASSIGN(const Target target, find_target(state, *info, call, ref, options));
  Decision decision;
  model::VersionRecord version = new_version(author, options, stored, moment, decision);
  if (target.at.exists()) {
    const model::NodeRecord& node = *target.at.place.node;
    version.number = node.current.number + 1;
    decision.written.node = node.id;
    decision.changes.push_back(model::VersionAdded{node.id, version, 0, 0});
  } else {
    SPIND_TRY_ASSIGN(const NewChild child,
                     place_new_child(state, call, moment, ref, target.at, target.missing,
                                     access::kInitiateFileUpload, decision.changes));
    model::NodeRecord file;
    file.id = child.id;
    file.kind = NodeKind::file;
    file.creator = author;
    file.mtime_ns = version.mtime_ns;
    file.current = version;
    decision.changes.push_back(model::NodeAdded{child.parent, child.name, std::move(file)});
    decision.written.node = child.id;
  }
  decision.written.version = version.number;
  decision.written.size_bytes = stored.size_bytes;
  decision.written.sha256 = stored.sha256;
  return decision;
}

Result<content::Owner> check_put(const Context& context, const Call& call, const SpaceId& space,
                                 const Ref& file, const PutOptions& options) {
  SPIND_TRY(may_change(call));
  SPIND_TRY(check_declared_size(options, file));
  SPIND_TRY_ASSIGN(Entered entered, enter(context, call, space));
  // What a deferred call rests on need not be durable yet, and a repeat has its answer already.
  if (!call.deferred && options.request_id.empty())
    SPIND_TRY(check_target(entered.reading, *entered.info, call, file, options));
  return owner_of(*entered.info, space);
}

Result<Written> put(const Context& context, const Call& call, const SpaceId& space, const Ref& file,
                    const PutOptions& options, const content::Stored& stored) {
  SPIND_TRY(check_content(options, stored, file));
  const Request request{
      .space = space, .type = model::EntryType::file_put, .request_id = options.request_id};
  return commit(context, call, request, [&](space::State& state, const Moment& moment) {
    return decide_put(context, call, call.who.user, file, options, stored, state, moment);
  });
}

}  // namespace spind::ops
