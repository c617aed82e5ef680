#include "put_tree.h"

#include <algorithm>
#include <unordered_map>

#include "acknowledge.h"
#include "parallel.h"
#include "store_file.h"
#include "transfer.h"

namespace spind::tool {
namespace {

constexpr std::size_t kWorkers = 16;
constexpr std::size_t kListPage = 10'000;

struct StoredEntry {
  NodeId id = 0;
  NodeKind kind = NodeKind::file;
  std::uint64_t size_bytes = 0;
  std::int64_t mtime_ns = 0;
};
using StoredEntries = std::unordered_map<std::string, StoredEntry>;

// A local folder and the stored one that it goes to.
struct Pair {
  std::shared_ptr<LocalFolder> local;
  NodeId id = 0;
  std::string path;
  StoredEntries there;  // what the stored folder held before

  const StoredEntry* find(const std::string& name) const {
    const auto found = there.find(name);
    return found == there.end() ? nullptr : &found->second;
  }
};

struct FileJob {
  std::shared_ptr<const Pair> folder;
  std::string name;
};

// A folder that is opened when its turn comes: the names of a million cost no descriptors.
struct FolderJob {
  std::shared_ptr<const Pair> parent;
  std::string name;
};

Result<StoredEntries> list_stored(const Space& space, NodeId folder) {
  StoredEntries out;
  ListOptions options;
  options.count_max = kListPage;
  do {
    Result<Page> page = space.list(Ref::node(folder), options);
    if (!page.ok()) return std::move(page).error();
    for (NodeInfo& node : page->items) {
      out.emplace(std::move(node.name),
                  StoredEntry{node.id, node.kind, node.size_bytes, node.mtime_ns});
    }
    options.after = page->next;
  } while (!options.after.empty());
  return out;
}

// The folder that `ref` names, made if it is not there.
Result<NodeInfo> open_stored_folder(const Space& space, const Ref& ref, std::int64_t mtime_ns) {
  Result<NodeInfo> found = space.stat(ref);
  if (found.code() != Code::not_found) return found;
  const Result<Written> made =
      space.make_folder(ref, {.make_parents = true, .exist_ok = true, .mtime_ns = mtime_ns});
  if (!made.ok()) return made.error();
  return space.stat(Ref::node(made->node));
}

class TreePut {
 public:
  TreePut(Tool& tool, Space space, Session waiting, std::size_t workers)
      : transfer_(tool, "storing"),
        space_(std::move(space)),
        waiting_(std::move(waiting)),
        ignore_times_(tool.args().has("ignore-times")),
        skip_special_(tool.args().has("skip-special")),
        acknowledger_(transfer_, waiting_),
        workers_(workers, [this](FileJob job) { store(job); }) {}

  Exit run(std::shared_ptr<Pair> top) {
    visit(std::move(top));
    while (!folders_.empty() && !transfer_.stopped()) {
      const FolderJob job = std::move(folders_.back());
      folders_.pop_back();
      Result<std::shared_ptr<Pair>> folder = enter(job);
      if (folder.ok())
        visit(*std::move(folder));
      else
        transfer_.failed(folder.error(), job.parent->local->path_of(job.name));
    }
    workers_.finish();
    acknowledger_.finish();
    // Folders are not acknowledged one by one, yet are durable when the command ends.
    if (const Status durable = waiting_.wait(last_folder_); !durable.ok()) {
      transfer_.failed(durable.error());
    }
    return transfer_.finish("stored");
  }

 private:
  // Hands out the files of a folder, and notes its subfolders.
  void visit(std::shared_ptr<const Pair> folder) {
    Result<LocalEntries> entries = LocalEntries::open(folder->local);
    if (!entries.ok()) return transfer_.failed(entries.error());
    while (!transfer_.stopped()) {
      Result<std::optional<LocalEntry>> entry = entries->next();
      if (!entry.ok()) return transfer_.failed(entry.error());
      if (!entry->has_value()) return;
      std::string& name = (*entry)->name;
      switch ((*entry)->kind) {
        case LocalKind::file: workers_.add({folder, std::move(name)}); break;
        case LocalKind::folder: folders_.push_back({folder, std::move(name)}); break;
        case LocalKind::symlink: special("symbolic links are not stored", *folder, name); break;
        case LocalKind::other: special("neither a file nor a folder", *folder, name); break;
      }
    }
  }

  void special(const char* text, const Pair& folder, const std::string& name) {
    if (skip_special_) return;
    transfer_.failed(
        {.code = Code::unsupported, .text = text, .path = folder.local->path_of(name)});
  }

  Result<std::shared_ptr<Pair>> enter(const FolderJob& job) {
    Result<std::shared_ptr<LocalFolder>> local = job.parent->local->open_folder(job.name);
    if (!local.ok()) return std::move(local).error();
    auto out = std::make_shared<Pair>();
    out->local = *std::move(local);
    out->path = join_path(job.parent->path, job.name);
    const StoredEntry* stored = job.parent->find(job.name);
    if (stored == nullptr || stored->kind != NodeKind::folder) {
      Result<NodeId> made = make_folder(job, *out->local);
      if (!made.ok()) return std::move(made).error();
      out->id = *made;
      return out;
    }
    out->id = stored->id;
    if (Status kept = keep_mtime(*stored, *out->local); !kept.ok()) return std::move(kept).error();
    Result<StoredEntries> there = list_stored(space_, out->id);
    if (!there.ok()) return std::move(there).error();
    out->there = *std::move(there);
    return out;
  }

  Result<NodeId> make_folder(const FolderJob& job, const LocalFolder& local) {
    const Result<std::int64_t> mtime_ns = local.mtime_ns();
    if (!mtime_ns.ok()) return mtime_ns.error();
    Result<Written> made = space_.make_folder(Ref::below(job.parent->id, job.name),
                                              {.exist_ok = true, .mtime_ns = *mtime_ns});
    if (!made.ok()) return std::move(made).error();
    last_folder_ = std::max(last_folder_, made->ticket);
    return made->node;
  }

  Status keep_mtime(const StoredEntry& stored, const LocalFolder& local) {
    const Result<std::int64_t> mtime_ns = local.mtime_ns();
    if (!mtime_ns.ok()) return mtime_ns.error();
    if (*mtime_ns == stored.mtime_ns) return {};
    const Result<Written> set = space_.set_mtime(Ref::node(stored.id), *mtime_ns);
    if (!set.ok()) return set.error();
    last_folder_ = std::max(last_folder_, set->ticket);
    return {};
  }

  // Whether the file is stored as it is, by size and mtime.
  Result<bool> is_stored(const FileJob& job) const {
    const StoredEntry* stored = ignore_times_ ? nullptr : job.folder->find(job.name);
    if (stored == nullptr || stored->kind != NodeKind::file) return false;
    const Result<LocalStat> stat = job.folder->local->stat(job.name);
    if (!stat.ok()) return stat.error();
    return stat->size_bytes == stored->size_bytes && stat->mtime_ns == stored->mtime_ns;
  }

  // In a worker.
  void store(const FileJob& job) {
    if (transfer_.stopped()) return;
    const Result<bool> there = is_stored(job);
    if (!there.ok()) return transfer_.failed(there.error());
    if (*there) return transfer_.skipped();
    Result<LocalFile> file = job.folder->local->open_file(job.name);
    if (!file.ok()) return transfer_.failed(file.error());
    Result<Written> written = store_file(space_, Ref::below(job.folder->id, job.name), *file,
                                         [this](std::uint64_t bytes) { transfer_.moved(bytes); });
    if (!written.ok()) return transfer_.failed(written.error(), file->path());
    acknowledger_.add({join_path(job.folder->path, job.name), *std::move(written)});
  }

  Transfer transfer_;
  const Space space_;
  const Session waiting_;
  const bool ignore_times_;
  const bool skip_special_;
  std::vector<FolderJob> folders_;
  Ticket last_folder_ = 0;
  Acknowledger acknowledger_;
  Workers<FileJob> workers_;
};

}  // namespace

Exit put_tree(Tool& tool, std::shared_ptr<LocalFolder> local, const std::string& place) {
  const Result<std::size_t> workers = worker_count(tool.args(), kWorkers);
  if (!workers.ok()) return tool.usage(workers.error().text);
  // The top is made in a session that waits, so that its path can be read at once.
  const Result<Target> target = tool.target(place);
  if (!target.ok()) return tool.fail(target.error());
  const Result<std::int64_t> mtime_ns = local->mtime_ns();
  if (!mtime_ns.ok()) return tool.fail(mtime_ns.error());
  const Result<NodeInfo> stored = open_stored_folder(target->space, target->ref, *mtime_ns);
  if (!stored.ok()) return tool.fail(stored.error());
  if (stored->kind != NodeKind::folder) {
    return tool.fail({.code = Code::not_a_folder, .text = "a file stands there", .path = place});
  }
  Result<std::string> path = shown_path(target->space, stored->id);
  if (!path.ok()) return tool.fail(path.error());
  Result<StoredEntries> there = list_stored(target->space, stored->id);
  if (!there.ok()) return tool.fail(there.error());

  Result<Space> space = tool.space(target->space.id().to_string(), {.deferred = true});
  if (!space.ok()) return tool.fail(space.error());
  Result<Session> waiting = tool.session({.deferred = true, .cancellable = false});
  if (!waiting.ok()) return tool.fail(waiting.error());
  auto top = std::make_shared<Pair>();
  top->local = std::move(local);
  top->id = stored->id;
  top->path = *std::move(path);
  top->there = *std::move(there);
  TreePut put(tool, *std::move(space), *std::move(waiting), *workers);
  return put.run(std::move(top));
}

}  // namespace spind::tool
