// A space: a tree of folders and versioned files, with one journal.
//
//   space.make_folder("/homework", {.make_parents = true}).value();
//   space.put("/homework/essay.odt", bytes, {.conditions = {.if_match = etag}}).value();
//   spind::NodeInfo info = space.stat("/homework/essay.odt").value();
//   space.move("/homework/essay.odt", "/done/essay.odt", {.replace = true}).value();
//   space.remove(spind::Ref::node(info.id)).value();
//
// Every verb takes any form of reference. Errors that all of them share: not_found (also where the
// caller may not know of the node), permission_denied, invalid_argument (broken names),
// name_too_long, not_a_folder (a file in the middle of a path), cancelled, deadline_exceeded,
// unavailable, no_space, io_error, corruption.
#pragma once

#include "spind/changes.h"
#include "spind/options.h"
#include "spind/property.h"
#include "spind/reader.h"
#include "spind/trash.h"
#include "spind/upload.h"
#include "spind/version.h"
#include "spind/writer.h"

namespace spind {

namespace engine {
struct SpaceState;
}

// Walks a subtree depth-first, each folder before its children, in name order; streamed, in memory
// that does not grow with the tree. It sees one moment of the space. One thread at a time.
class SPIND_EXPORT Walk {
 public:
  struct Item {
    NodeInfo node{};
    std::string path{};  // below the start, "" for the start itself; cut to the last part where it
                         // is over the limit of a path: the node's id still names it
    std::uint32_t depth = 0;
  };
  // The next node, or none at the end.
  Result<std::optional<Item>> next();

  struct State;
  explicit Walk(std::unique_ptr<State> state);
  Walk(Walk&&) noexcept;
  Walk& operator=(Walk&&) noexcept;
  ~Walk();

 private:
  std::unique_ptr<State> state_;
};

// Thread-safe. Cheap to copy.
class SPIND_EXPORT Space {
 public:
  const SpaceId& id() const;
  Result<SpaceInfo> info() const;
  // The right to manage the space is asked for, and that an image or readme is a file of it.
  Result<Written> update(const SpaceChange& change) const;
  // Takes the space out of use: for everybody its nodes answer not_found, and so does the space
  // itself for those who may not manage it; enable brings all of it back. What was opened before
  // can be read to its end. info, update, purge and both of these work on a disabled space too.
  Result<Written> disable() const;
  Result<Written> enable() const;
  // The space is gone for good, at once for everybody: it is neither found nor listed any more, and
  // its alias is free. What it held is erased once its floor has passed, a little at a time, by the
  // store's own cleaning; CollectOptions::forget does not wait for that. No other space ever has
  // its id. conflict: it is not disabled.
  Result<Written> purge() const;

  Result<NodeInfo> stat(const Ref& node) const;
  // The node's path from the root, "/" for the root. limit_exceeded for one that lies too deep.
  Result<std::string> path(const Ref& node) const;
  // Children in byte order of their names; one range scan a page.
  Result<Page> list(const Ref& folder, const ListOptions& options = {}) const;
  Result<Walk> walk(const Ref& node) const;

  // Makes a file, or a new version of the one that is there; the earlier version is kept.
  // is_a_folder: a folder stands there.
  Result<Written> put(const Ref& file, std::span<const std::uint8_t> bytes,
                      const PutOptions& options = {}) const;
  Result<Written> put(const Ref& file, std::string_view text, const PutOptions& options = {}) const;
  // Streams a local file, following no symbolic link at its end. aborted: it changed meanwhile.
  // Takes its mtime unless options give one.
  Result<Written> put_local_file(const Ref& file, const std::string& local_path,
                                 const PutOptions& options = {}) const;
  // Asks for bytes until there are no more (0), in constant memory. An error of the source is the
  // answer, and nothing is put.
  Result<Written> put_stream(const Ref& file, const ByteSource& source,
                             const PutOptions& options = {}) const;
  // The same the other way round: the caller brings the bytes when they come.
  Result<Writer> writer(const Ref& file, const PutOptions& options = {}) const;

  // Pinned to the version that it opens.
  Result<Reader> reader(const Ref& file, const ReadOptions& options = {}) const;
  // The whole content; limit_exceeded above 64 MiB: use a Reader there.
  Result<std::string> get(const Ref& file, const ReadOptions& options = {}) const;

  // already_exists unless options.exist_ok.
  Result<Written> make_folder(const Ref& folder, const FolderOptions& options = {}) const;
  // Moves or renames; ids, versions and the subtree stay as they are. already_exists: something
  // stands at `to` and not options.replace; conflict: `to` lies below `from`, or `from` is the
  // root.
  Result<Written> move(const Ref& from, const Ref& to, const MoveOptions& options = {}) const;
  // Copies a file, or a folder with all below it, as they are when the call begins, by reference:
  // no content is read or written. The copy appears whole, by one change, however large it is;
  // readers and the feed see nothing of it before. Nodes get new ids and one version, the current
  // one of the original, with its mtime and checksums; whoever copies is their creator and author.
  // Properties stay with the original. A folder may be copied below itself.
  //   already_exists: see OnConflict; or names of a folder collide under this space's name rule
  //   not_found: the target's folder is missing, and not options.make_parents
  //   conflict: what would be replaced is the node itself, a folder that it lies in, or the root
  //   aborted: the space was rewound meanwhile, or what is copied was purged and collected
  Result<Written> copy(const Ref& from, const Ref& to, const CopyOptions& options = {}) const;
  // The same out of another space, or out of a view of the past, whoever's session it was opened
  // with: that session needs the rights to read there. Where the content of the two spaces lies in
  // different vaults (of two tenants, or one has its own) it is read, verified and stored in the
  // target's, in this thread and a few of the store's while all else goes on; what is there already
  // is shared. One that ends early leaves nothing but bytes that the next collections remove.
  //   corruption: content is damaged; names its path
  //   key_unavailable: the keys of one vault cannot be had, or it was destroyed meanwhile
  Result<Written> copy_from(const Space& source, const Ref& from, const Ref& to,
                            const CopyOptions& options = {}) const;
  // The node and all below it go to the trash. conflict: the root.
  Result<Written> remove(const Ref& node, const RemoveOptions& options = {}) const;
  Result<Written> set_mtime(const Ref& node, std::int64_t mtime_ns,
                            const TouchOptions& options = {}) const;

  // Sets and removes properties, all of them or none; one that is already as it is to be is no
  // change. limit_exceeded: a key, a value, or all of the node's together would be too large.
  // invalid_argument: a key or a tag that cannot be.
  Result<Written> set_properties(const Ref& node, const PropertyChanges& changes,
                                 const PropertyOptions& options = {}) const;
  // Those whose keys begin with the prefix, in byte order of the keys.
  Result<std::vector<Property>> properties(const Ref& node, std::string_view prefix = {}) const;
  // A tag is 1 to 255 bytes of UTF-8 without control characters, kept as it is given.
  Result<Written> add_tags(const Ref& node, const std::vector<std::string>& tags,
                           const PropertyOptions& options = {}) const;
  Result<Written> remove_tags(const Ref& node, const std::vector<std::string>& tags,
                              const PropertyOptions& options = {}) const;
  // Nodes with the tag, in order of ids, those in the trash left out. A page may hold fewer than
  // asked for, or none, and still have a next one.
  Result<Page> tagged(std::string_view tag, const TaggedOptions& options = {}) const;
  // Durable when it returns, in a deferred session too. limit_exceeded: a person has at most
  // 10,000. One named by its id alone can be taken back even where the node is gone.
  Status set_favourite(const Ref& node, bool favourite) const;

  // What happened behind the cursor, in order, as far as it is durable; an empty cursor stands at
  // the beginning. invalid_argument: a cursor that was cut, changed, or made for another space.
  // cursor_too_old: it is from before the space was restored, or what came since was trimmed; take
  // cursor_now(), list the space, and go on from there.
  Result<ChangePage> changes(std::string_view cursor, const ChangesOptions& options = {}) const;
  // A cursor behind all that is there now, and one behind an entry, 0 being the beginning.
  // invalid_argument: there is no such entry yet. cursor_too_old.
  Result<std::string> cursor_now() const;
  Result<std::string> cursor_after(EntryNumber number) const;
  // Read from memory: cheap enough to be polled for every client.
  Result<RootVersion> root_version() const;
  // Returns when there is a visible entry behind `number`. deadline_exceeded: there was none in
  // time. The session's deadline and its cancel token hold too.
  Result<RootVersion> wait(EntryNumber number, std::chrono::milliseconds timeout) const;
  // Says when there is a visible entry behind `number`, and then after every further one: by a
  // callback, or by Watch::descriptor. Not bound to the session's deadline and cancel token.
  Result<Watch> watch(EntryNumber number, WatchCallback told) const;
  Result<Watch> watch(EntryNumber number) const;
  // A file's versions, the current one first. is_a_folder.
  Result<PageOf<VersionInfo>> versions(const Ref& file, const VersionsOptions& options = {}) const;
  // Makes a new version with the content, mtime and checksums of an earlier one; there is nothing
  // to do for the current one. not_found: the file has no such version.
  Result<Written> restore_version(const Ref& file, VersionNumber number,
                                  const VersionChangeOptions& options = {}) const;
  // conflict: it is the current one; precondition_failed: it is pinned.
  Result<Written> remove_version(const Ref& file, VersionNumber number,
                                 const VersionChangeOptions& options = {}) const;
  // Pins and labels a version, or takes that back. Any version may be marked, the current one too.
  Result<Written> mark_version(const Ref& file, VersionNumber number, const VersionMark& mark,
                               const VersionChangeOptions& options = {}) const;
  // Removes the versions that the space's VersionPolicy drops, a number of them by each entry, as
  // the store itself does from time to time. Nobody who follows the space is told, and no ETag
  // changes. What lies in the trash keeps its versions. Cancelled: what was removed by then stays
  // so.
  Result<VersionsThinned> thin_versions(const ThinOptions& options = {}) const;

  // What was removed, the newest first. Each item is one that was removed itself, with all below
  // it.
  Result<PageOf<TrashItem>> trash(const TrashOptions& options = {}) const;
  // Takes an item, or a node that lies below one, out of the trash: Ref::node(id), or
  // Ref::below(id, path). not_found: it is not in the trash, or its place has no folder any more
  // and not options.make_parents. already_exists: see OnConflict.
  Result<Written> restore(const Ref& item, const RestoreOptions& options = {}) const;
  // An item and all below it is gone for good, at once however much it is. conflict: it lies below
  // an item.
  Result<Written> purge(const Ref& item, const PurgeOptions& options = {}) const;
  // Purges all items that were removed before the call, a number of them by each entry. Cancelled:
  // what was purged by then stays so.
  Result<TrashEmptied> empty_trash(const EmptyTrashOptions& options = {}) const;

  // Begins an upload of so many bytes to the file at `target`; see upload.h. Errors as put's, as
  // far as they can be known; no_space: the device has not that much room. limit_exceeded: also for
  // conditions over 4 KiB, or to be kept for over 30 days.
  Result<UploadInfo> start_upload(const Ref& target, std::uint64_t size_bytes,
                                  const UploadOptions& options = {}) const;
  // Adds up to 64 MiB; they are durable when it answers. Of two at once one wins.
  //   precondition_failed: the offset is another one; Error::limit says which
  //   invalid_argument: more than was declared · not_found: unknown, ended, expired or another's
  //   conflict: it is held · aborted: it was changed meanwhile; ask for its offset
  Result<UploadInfo> append_upload(UploadId upload, std::uint64_t offset,
                                   std::span<const std::uint8_t> bytes) const;
  Result<UploadInfo> append_upload(UploadId upload, std::uint64_t offset,
                                   std::string_view text) const;
  Result<UploadInfo> upload(UploadId upload) const;
  // The caller's own, in the order in which they began.
  Result<PageOf<UploadInfo>> uploads(const UploadsOptions& options = {}) const;
  // Makes it the file's version, as put would: the same answer, checks and errors. It goes on to be
  // there after an error. conflict: bytes are missing, or it is held.
  Result<Written> finish_upload(UploadId upload, const FinishUploadOptions& options = {}) const;
  // Gives it up, or discards what is held; what is quarantined only managers may discard.
  Result<Written> abort_upload(UploadId upload) const;
  // For managers. conflict: it is not held.
  Result<Written> release_upload(UploadId upload, const ReleaseUploadOptions& options = {}) const;
  Result<Written> quarantine_upload(UploadId upload) const;
  // Reads what is held. too_early: it is not released, and not options.inspect.
  Result<Reader> upload_reader(UploadId upload, const ReadUploadOptions& options = {}) const;

  // The space as it was: reading verbs show its nodes, versions and totals of then, and what they
  // read is there for as long as the view or a reader of it lives. Names and rights are those of
  // now, and so is what info() says of the space itself; what it counts is of then. Verbs that
  // change something or follow the space, and `at`, answer unsupported.
  //
  // It is made by undoing what came since, in memory: in the time and space of that many changes.
  // It holds back the collector and the store's own cleaning, so make it anew rather than keep it.
  //   invalid_argument: not one of the two is given, or the entry has not happened yet
  //   cursor_too_old: from before what the space keeps of its past
  //   limit_exceeded: too much came since for the store's memory; choose a later point, or open the
  //     store with more memory_bytes
  //   unavailable: other views have the memory now
  Result<Space> at(const Point& point, const ViewOptions& options = {}) const;
  // Makes the space's tree again what it was, all nodes, versions and the trash with it, by one
  // change; everything that was there meanwhile stays in the journal, so going back to an entry
  // before the rewind undoes it. Never goes back: entry numbers, times, ids (no id is given out
  // twice), answers to request ids, and the space's own names. A node's ETag is again the one of
  // then where the node is again as it was then: equal ETags mean equal nodes, before and after.
  // Needs the rights of a manager. Errors as of `at`; where limit_exceeded, rewinding to points in
  // between first goes as far in steps.
  Result<Written> rewind(const Point& to, const RewindOptions& options = {}) const;

  explicit Space(std::shared_ptr<engine::SpaceState> state);

 private:
  std::shared_ptr<engine::SpaceState> state_;
};

}  // namespace spind
