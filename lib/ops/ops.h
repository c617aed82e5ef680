// The verbs, one file each: put.cc, move.cc, … A changing verb decides and commits (commit.h); a
// reading verb looks at the newest durable snapshot.
//
// Knows spaces, rights, the journal and content; must not know how a store is opened or who calls.
// Arguments and errors are those of the public headers.
#pragma once

#include "ops/context.h"
#include "ops/past.h"
#include "ops/read.h"
#include "ops/walk.h"
#include "spind/changes.h"
#include "spind/property.h"
#include "spind/trash.h"
#include "spind/upload.h"
#include "spind/version.h"

namespace spind::ops {

// Spaces.
Result<SpaceId> create_space(const Context& context, const Call& call, const SpaceOptions& options);
Result<Written> update_space(const Context& context, const Call& call, const SpaceId& space,
                             const SpaceChange& change);
Result<Written> disable(const Context& context, const Call& call, const SpaceId& space);
Result<Written> enable(const Context& context, const Call& call, const SpaceId& space);
Result<Written> purge_space(const Context& context, const Call& call, const SpaceId& space);
Result<SpaceInfo> space_info(const Context& context, const Call& call, const SpaceId& space);
Result<SpaceId> space_by_alias(const Context& context, const Call& call, std::string_view alias);
Result<PageOf<SpaceInfo>> list_spaces(const Context& context, const Call& call,
                                      const SpaceFilter& filter, std::size_t count_max,
                                      std::string_view after);

// Reading the tree.
Result<NodeInfo> stat(const Context& context, const Call& call, const SpaceId& space,
                      const Ref& node);
Result<std::string> path(const Context& context, const Call& call, const SpaceId& space,
                         const Ref& node);
Result<Page> list(const Context& context, const Call& call, const SpaceId& space, const Ref& folder,
                  const ListOptions& options);

// Following it.
Result<ChangePage> changes(const Context& context, const Call& call, const SpaceId& space,
                           std::string_view cursor, const ChangesOptions& options);
Result<std::string> cursor_now(const Context& context, const Call& call, const SpaceId& space);
Result<std::string> cursor_after(const Context& context, const Call& call, const SpaceId& space,
                                 EntryNumber number);
Result<RootVersion> root_version(const Context& context, const Call& call, const SpaceId& space);

// Changing it.
Result<Written> make_folder(const Context& context, const Call& call, const SpaceId& space,
                            const Ref& folder, const FolderOptions& options);
Result<Written> move(const Context& context, const Call& call, const SpaceId& space,
                     const Ref& from, const Ref& to, const MoveOptions& options);
// What is copied, as its own session sees it.
struct CopyFrom {
  const Call& call;
  const SpaceId& space;
  const Ref& ref;
};
Result<Written> copy(const Context& context, const Call& call, const SpaceId& space,
                     const CopyFrom& from, const Ref& to, const CopyOptions& options);
// Gives up what copies left staged that run no more, in all spaces.
Status purge_staging(const Context& context, const std::optional<CancelToken>& cancel);
Result<Written> remove(const Context& context, const Call& call, const SpaceId& space,
                       const Ref& node, const RemoveOptions& options);
Result<Written> set_mtime(const Context& context, const Call& call, const SpaceId& space,
                          const Ref& node, std::int64_t mtime_ns, const TouchOptions& options);

// Properties, tags among them, and favourites.
Result<Written> set_properties(const Context& context, const Call& call, const SpaceId& space,
                               const Ref& node, const PropertyChanges& changes,
                               const PropertyOptions& options);
Result<Written> add_tags(const Context& context, const Call& call, const SpaceId& space,
                         const Ref& node, const std::vector<std::string>& tags,
                         const PropertyOptions& options);
Result<Written> remove_tags(const Context& context, const Call& call, const SpaceId& space,
                            const Ref& node, const std::vector<std::string>& tags,
                            const PropertyOptions& options);
Result<std::vector<Property>> properties(const Context& context, const Call& call,
                                         const SpaceId& space, const Ref& node,
                                         std::string_view prefix);
Result<Page> tagged(const Context& context, const Call& call, const SpaceId& space,
                    std::string_view tag, const TaggedOptions& options);
Status set_favourite(const Context& context, const Call& call, const SpaceId& space,
                     const Ref& node, bool favourite);
Result<PageOf<Favourite>> favourites(const Context& context, const Call& call,
                                     std::size_t count_max, std::string_view after);

// Versions.
Result<PageOf<VersionInfo>> versions(const Context& context, const Call& call, const SpaceId& space,
                                     const Ref& file, const VersionsOptions& options);
Result<Written> restore_version(const Context& context, const Call& call, const SpaceId& space,
                                const Ref& file, VersionNumber number,
                                const VersionChangeOptions& options);
Result<Written> remove_version(const Context& context, const Call& call, const SpaceId& space,
                               const Ref& file, VersionNumber number,
                               const VersionChangeOptions& options);
Result<Written> mark_version(const Context& context, const Call& call, const SpaceId& space,
                             const Ref& file, VersionNumber number, const VersionMark& mark,
                             const VersionChangeOptions& options);

// `now_ns`: none where the clocks disagree, and age says nothing.
Result<VersionsThinned> thin_versions(const Context& context, const Call& call,
                                      const SpaceId& space, std::optional<std::int64_t> now_ns,
                                      const ThinOptions& options);

// The trash.
Result<PageOf<TrashItem>> trash(const Context& context, const Call& call, const SpaceId& space,
                                const TrashOptions& options);
Result<Written> restore(const Context& context, const Call& call, const SpaceId& space,
                        const Ref& item, const RestoreOptions& options);
Result<Written> purge(const Context& context, const Call& call, const SpaceId& space,
                      const Ref& item, const PurgeOptions& options);
Result<TrashEmptied> empty_trash(const Context& context, const Call& call, const SpaceId& space,
                                 const EmptyTrashOptions& options);

// The past.
Result<std::shared_ptr<const Past>> look_back(const Context& context, const Call& call,
                                              const SpaceId& space, const Point& point,
                                              const ViewOptions& options);
Result<Written> rewind(const Context& context, const Call& call, const SpaceId& space,
                       const Point& to, const RewindOptions& options);

// Uploads.
Result<UploadInfo> start_upload(const Context& context, const Call& call, const SpaceId& space,
                                const Ref& target, std::uint64_t size_bytes,
                                const UploadOptions& options);
Result<UploadInfo> append_upload(const Context& context, const Call& call, const SpaceId& space,
                                 UploadId upload, std::uint64_t offset, Bytes bytes);
Result<UploadInfo> upload_info(const Context& context, const Call& call, const SpaceId& space,
                               UploadId upload);
Result<PageOf<UploadInfo>> list_uploads(const Context& context, const Call& call,
                                        const SpaceId& space, const UploadsOptions& options);
Result<Written> finish_upload(const Context& context, const Call& call, const SpaceId& space,
                              UploadId upload, const FinishUploadOptions& options);
Result<Written> release_upload(const Context& context, const Call& call, const SpaceId& space,
                               UploadId upload, const ReleaseUploadOptions& options);
Result<Written> abort_upload(const Context& context, const Call& call, const SpaceId& space,
                             UploadId upload);
Result<Written> quarantine_upload(const Context& context, const Call& call, const SpaceId& space,
                                  UploadId upload);
Result<OpenedFile> open_upload(const Context& context, const Call& call, const SpaceId& space,
                               UploadId upload, const ReadUploadOptions& options);
// Gives up uploads whose time is over, in all spaces, at most `count_max` of them: by entries of
// their own, which name nobody.
struct UploadQueue {
  std::uint64_t expired = 0;              // given up now
  std::uint64_t receiving = 0, held = 0;  // those that were met and go on waiting
  std::int64_t oldest_ns = INT64_MAX;     // when the oldest of these was started
};
Result<UploadQueue> expire_uploads(const Context& context, const Call& call,
                                   std::uint64_t count_max);

// Content. `check_put` refuses early what the commit would refuse anyway, before bytes are sent.
Result<content::Owner> check_put(const Context& context, const Call& call, const SpaceId& space,
                                 const Ref& file, const PutOptions& options);
Result<Written> put(const Context& context, const Call& call, const SpaceId& space, const Ref& file,
                    const PutOptions& options, const content::Stored& stored);

}  // namespace spind::ops
