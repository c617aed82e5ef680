#include "get_tree.h"

#include <algorithm>

#include "parallel.h"
#include "store_file.h"
#include "transfer.h"

namespace spind::tool {
namespace {

constexpr std::size_t kWorkers = 8;

// The folder is set to its mtime when the last job that holds it is done.
struct FileJob {
  std::shared_ptr<const LocalFolder> folder;
  StoredVersion file;
};

class TreeGet {
 public:
  TreeGet(Tool& tool, Space space, std::string path, std::size_t workers)
      : transfer_(tool, "fetching"),
        space_(std::move(space)),
        path_(std::move(path)),
        ignore_times_(tool.args().has("ignore-times")),
        sync_(tool.args().has("sync")),
        workers_(workers, [this](FileJob job) { fetch(job); }) {}

  Exit run(const NodeInfo& top, std::shared_ptr<LocalFolder> local) {
    if (const Status walked = walk(top, std::move(local)); !walked.ok()) {
      transfer_.failed(walked.error());
    }
    open_.clear();
    workers_.finish();
    return transfer_.finish("fetched");
  }

 private:
  Status walk(const NodeInfo& top, std::shared_ptr<LocalFolder> local) {
    Result<Walk> items = space_.walk(Ref::node(top.id));
    if (!items.ok()) return std::move(items).error();
    local->set_mtime_at_end(top.mtime_ns);
    open_.push_back(std::move(local));
    while (!transfer_.stopped()) {
      Result<std::optional<Walk::Item>> item = items->next();
      if (!item.ok()) return std::move(item).error();
      if (!item->has_value()) break;
      take(*std::move(*item));
    }
    return {};
  }

  void take(Walk::Item item) {
    if (item.depth == 0) return;
    // Below a folder that could not be made there is nowhere to go.
    if (item.depth > open_.size()) return;
    open_.resize(item.depth);
    if (Status checked = check_local_name(item.node.name); !checked.ok()) {
      return transfer_.failed(checked.error());
    }
    if (item.node.kind == NodeKind::folder) return make_folder(item.node);
    std::string path = join_path(path_, item.path);
    workers_.add({open_.back(), {std::move(item.node), std::move(path)}});
  }

  void make_folder(const NodeInfo& node) {
    Result<std::shared_ptr<LocalFolder>> folder = open_.back()->make_folder(node.name);
    if (!folder.ok()) return transfer_.failed(folder.error());
    (*folder)->set_mtime_at_end(node.mtime_ns);
    open_.push_back(*std::move(folder));
  }

  bool is_there(const FileJob& job) const {
    if (ignore_times_) return false;
    const NodeInfo& node = job.file.node;
    const Result<LocalStat> stat = job.folder->stat(node.name);
    return stat.ok() && stat->kind == LocalKind::file && stat->size_bytes == node.size_bytes &&
           stat->mtime_ns == node.mtime_ns;
  }

  // In a worker.
  void fetch(const FileJob& job) {
    if (transfer_.stopped()) return;
    if (is_there(job)) return transfer_.skipped();
    const NodeInfo& node = job.file.node;
    const Status fetched = fetch_file(space_, job.file, job.folder, node.name, sync_,
                                      [this](std::uint64_t bytes) { transfer_.moved(bytes); });
    if (!fetched.ok()) return transfer_.failed(fetched.error());
    if (!transfer_.json()) return transfer_.done(node.size_bytes, nullptr);
    const JsonObject object = fetched_json(job.file, job.folder->path_of(node.name));
    transfer_.done(node.size_bytes, &object);
    transfer_.flush();
  }

  Transfer transfer_;
  const Space space_;
  const std::string path_;
  const bool ignore_times_;
  const bool sync_;
  std::vector<std::shared_ptr<LocalFolder>> open_;  // from the top to where the walk is
  Workers<FileJob> workers_;
};

}  // namespace

JsonObject fetched_json(const StoredVersion& file, std::string_view local) {
  const NodeInfo& node = file.node;
  JsonObject out;
  out.text("event", "file").text("path", file.path).number("id", node.id);
  out.number("version", node.version).number("size", node.size_bytes);
  return out.text("sha256", to_hex(node.sha256)).text("local", local);
}

Exit get_tree(Tool& tool, const Space& space, const NodeInfo& folder,
              std::shared_ptr<LocalFolder> local) {
  const Result<std::size_t> workers = worker_count(tool.args(), kWorkers);
  if (!workers.ok()) return tool.usage(workers.error().text);
  Result<std::string> path = shown_path(space, folder.id);
  if (!path.ok()) return tool.fail(path.error());
  TreeGet get(tool, space, *std::move(path), *workers);
  return get.run(folder, std::move(local));
}

}  // namespace spind::tool
