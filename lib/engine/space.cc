#include "spind/space.h"

#include "base/limits.h"
#include "base/try.h"
#include "engine/engine.h"
#include "engine/uploading.h"

namespace spind {

using engine::Verb;

Space::Space(std::shared_ptr<engine::SpaceState> state) : state_(std::move(state)) {}

namespace {

// Runs a verb that takes (context, call, space, …).
template <class Op, class... Args>
auto run(const engine::SpaceState& space, Verb verb, Op op, const Args&... args) {
  engine::Engine& engine = *space.session->engine;
  return space.session->run(
      verb, [&] { return op(engine.context(), space.session->call, space.id, args...); });
}

// The same for one that changes something, which the session notes before the store may close.
template <class Op, class... Args>
auto change(const engine::SpaceState& space, Verb verb, Op op, const Args&... args) {
  engine::SessionState& session = *space.session;
  return session.run(verb, [&] {
    return session.noted(op(session.engine->context(), session.call, space.id, args...));
  });
}

}  // namespace

const SpaceId& Space::id() const { return state_->id; }

Result<SpaceInfo> Space::info() const { return run(*state_, Verb::space_info, ops::space_info); }

Result<Written> Space::update(const SpaceChange& what) const {
  return change(*state_, Verb::update_space, ops::update_space, what);
}

Result<Written> Space::disable() const { return change(*state_, Verb::disable, ops::disable); }

Result<Written> Space::enable() const { return change(*state_, Verb::enable, ops::enable); }

Result<Written> Space::purge() const {
  return change(*state_, Verb::purge_space, ops::purge_space);
}

Result<NodeInfo> Space::stat(const Ref& node) const {
  return run(*state_, Verb::stat, ops::stat, node);
}

Result<std::string> Space::path(const Ref& node) const {
  return run(*state_, Verb::path, ops::path, node);
}

Result<Page> Space::list(const Ref& folder, const ListOptions& options) const {
  return run(*state_, Verb::list, ops::list, folder, options);
}

Result<Written> Space::put(const Ref& file, std::span<const std::uint8_t> bytes,
                           const PutOptions& options) const {
  return state_->session->run(Verb::put,
                              [&] { return engine::put_bytes(*state_, file, bytes, options); });
}

Result<Written> Space::put(const Ref& file, std::string_view text,
                           const PutOptions& options) const {
  return put(file, as_bytes(text), options);
}

Result<Written> Space::put_stream(const Ref& file, const ByteSource& source,
                                  const PutOptions& options) const {
  return state_->session->run(Verb::put,
                              [&] { return engine::put_stream(*state_, file, source, options); });
}

Result<Written> Space::put_local_file(const Ref& file, const std::string& local_path,
                                      const PutOptions& options) const {
  return state_->session->run(
      Verb::put, [&] { return engine::put_local_file(*state_, file, local_path, options); });
}

Result<std::string> Space::get(const Ref& file, const ReadOptions& options) const {
  engine::SessionState& session = *state_->session;
  return session.run(Verb::get, [&]() -> Result<std::string> {
    SPIND_TRY_ASSIGN(
        const ops::OpenedFile opened,
        ops::open_file(session.engine->context(), session.call, state_->id, file, options));
    const std::uint64_t size = opened.info.size_bytes;
    if (size > kGetBytesMax)
      return Error{.code = Code::limit_exceeded,
                   .text = "too large to be read whole; use a Reader",
                   .path = file.to_string(),
                   .limit = kGetBytesMax,
                   .used = size};
    std::string content(size, '\0');
    const std::span<std::uint8_t> out(reinterpret_cast<std::uint8_t*>(content.data()), size);
    SPIND_TRY_ASSIGN(const std::size_t got,
                     opened.read_at(0, out, session.call.interrupt(session.engine->clock())));
    if (got != size)
      return Error{.code = Code::corruption,
                   .text = "stored content is shorter than its version",
                   .path = file.to_string()};
    return content;
  });
}

Result<Written> Space::make_folder(const Ref& folder, const FolderOptions& options) const {
  return change(*state_, Verb::make_folder, ops::make_folder, folder, options);
}

Result<Written> Space::move(const Ref& from, const Ref& to, const MoveOptions& options) const {
  return change(*state_, Verb::move, ops::move, from, to, options);
}

Result<Written> Space::copy(const Ref& from, const Ref& to, const CopyOptions& options) const {
  return copy_from(*this, from, to, options);
}

Result<Written> Space::copy_from(const Space& source, const Ref& from, const Ref& to,
                                 const CopyOptions& options) const {
  const engine::SpaceState& other = *source.state_;
  if (other.session->engine != state_->session->engine)
    return Error{.code = Code::unsupported,
                 .text = "the spaces lie in different stores; read the files there and put them"};
  return change(*state_, Verb::copy, ops::copy, ops::CopyFrom{other.session->call, other.id, from},
                to, options);
}

Result<Written> Space::remove(const Ref& node, const RemoveOptions& options) const {
  return change(*state_, Verb::remove, ops::remove, node, options);
}

Result<Written> Space::set_mtime(const Ref& node, std::int64_t mtime_ns,
                                 const TouchOptions& options) const {
  return change(*state_, Verb::set_mtime, ops::set_mtime, node, mtime_ns, options);
}

Result<Written> Space::set_properties(const Ref& node, const PropertyChanges& changes,
                                      const PropertyOptions& options) const {
  return change(*state_, Verb::set_properties, ops::set_properties, node, changes, options);
}

Result<std::vector<Property>> Space::properties(const Ref& node, std::string_view prefix) const {
  return run(*state_, Verb::properties, ops::properties, node, prefix);
}

Result<Written> Space::add_tags(const Ref& node, const std::vector<std::string>& tags,
                                const PropertyOptions& options) const {
  return change(*state_, Verb::set_properties, ops::add_tags, node, tags, options);
}

Result<Written> Space::remove_tags(const Ref& node, const std::vector<std::string>& tags,
                                   const PropertyOptions& options) const {
  return change(*state_, Verb::set_properties, ops::remove_tags, node, tags, options);
}

Result<Page> Space::tagged(std::string_view tag, const TaggedOptions& options) const {
  return run(*state_, Verb::tagged, ops::tagged, tag, options);
}

Status Space::set_favourite(const Ref& node, bool favourite) const {
  return run(*state_, Verb::set_favourite, ops::set_favourite, node, favourite);
}

Result<ChangePage> Space::changes(std::string_view cursor, const ChangesOptions& options) const {
  return run(*state_, Verb::changes, ops::changes, cursor, options);
}

Result<std::string> Space::cursor_now() const {
  return run(*state_, Verb::cursor, ops::cursor_now);
}

Result<std::string> Space::cursor_after(EntryNumber number) const {
  return run(*state_, Verb::cursor, ops::cursor_after, number);
}

Result<RootVersion> Space::root_version() const {
  return run(*state_, Verb::root_version, ops::root_version);
}

Result<PageOf<VersionInfo>> Space::versions(const Ref& file, const VersionsOptions& options) const {
  return run(*state_, Verb::versions, ops::versions, file, options);
}

Result<Written> Space::restore_version(const Ref& file, VersionNumber number,
                                       const VersionChangeOptions& options) const {
  return change(*state_, Verb::restore_version, ops::restore_version, file, number, options);
}

Result<Written> Space::remove_version(const Ref& file, VersionNumber number,
                                      const VersionChangeOptions& options) const {
  return change(*state_, Verb::remove_version, ops::remove_version, file, number, options);
}

Result<Written> Space::mark_version(const Ref& file, VersionNumber number, const VersionMark& mark,
                                    const VersionChangeOptions& options) const {
  return change(*state_, Verb::mark_version, ops::mark_version, file, number, mark, options);
}

Result<VersionsThinned> Space::thin_versions(const ThinOptions& options) const {
  return change(*state_, Verb::thin_versions, ops::thin_versions,
                state_->session->engine->believed_now(), options);
}

Result<PageOf<TrashItem>> Space::trash(const TrashOptions& options) const {
  return run(*state_, Verb::trash, ops::trash, options);
}

Result<Written> Space::restore(const Ref& item, const RestoreOptions& options) const {
  return change(*state_, Verb::restore, ops::restore, item, options);
}

Result<Written> Space::purge(const Ref& item, const PurgeOptions& options) const {
  return change(*state_, Verb::purge, ops::purge, item, options);
}

Result<TrashEmptied> Space::empty_trash(const EmptyTrashOptions& options) const {
  return change(*state_, Verb::empty_trash, ops::empty_trash, options);
}

Result<UploadInfo> Space::start_upload(const Ref& target, std::uint64_t size_bytes,
                                       const UploadOptions& options) const {
  return change(*state_, Verb::start_upload, ops::start_upload, target, size_bytes, options);
}

Result<UploadInfo> Space::append_upload(UploadId upload, std::uint64_t offset,
                                        std::span<const std::uint8_t> bytes) const {
  return change(*state_, Verb::append_upload, ops::append_upload, upload, offset, bytes);
}

Result<UploadInfo> Space::append_upload(UploadId upload, std::uint64_t offset,
                                        std::string_view text) const {
  return append_upload(upload, offset, as_bytes(text));
}

Result<UploadInfo> Space::upload(UploadId upload) const {
  return run(*state_, Verb::upload, ops::upload_info, upload);
}

Result<PageOf<UploadInfo>> Space::uploads(const UploadsOptions& options) const {
  return run(*state_, Verb::uploads, ops::list_uploads, options);
}

Result<Written> Space::finish_upload(UploadId upload, const FinishUploadOptions& options) const {
  return change(*state_, Verb::finish_upload, ops::finish_upload, upload, options);
}

Result<Written> Space::abort_upload(UploadId upload) const {
  return change(*state_, Verb::abort_upload, ops::abort_upload, upload);
}

Result<Written> Space::release_upload(UploadId upload, const ReleaseUploadOptions& options) const {
  return change(*state_, Verb::release_upload, ops::release_upload, upload, options);
}

Result<Written> Space::quarantine_upload(UploadId upload) const {
  return change(*state_, Verb::quarantine_upload, ops::quarantine_upload, upload);
}

Result<Space> Space::at(const Point& point, const ViewOptions& options) const {
  engine::SessionState& session = *state_->session;
  return session.run(Verb::at, [&]() -> Result<Space> {
    SPIND_TRY_ASSIGN(auto past, ops::look_back(session.engine->context(), session.call, state_->id,
                                               point, options));
    auto view = std::make_shared<engine::PastSession>(session, std::move(past));
    return Space(
        std::make_shared<engine::SpaceState>(engine::SpaceState{std::move(view), state_->id}));
  });
}

Result<Written> Space::rewind(const Point& to, const RewindOptions& options) const {
  return change(*state_, Verb::rewind, ops::rewind, to, options);
}

}  // namespace spind
