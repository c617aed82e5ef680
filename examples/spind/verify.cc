// Compares a local tree with a stored one: both are walked side by side in name order, and files
// that both have are read and compared byte for byte.

#include <algorithm>
#include <atomic>
#include <mutex>

#include "commands.h"
#include "local_tree.h"
#include "parallel.h"
#include "text.h"
#include "transfer.h"

namespace spind::tool {
namespace {

constexpr std::size_t kWorkers = 4;
constexpr std::size_t kListPage = 10'000;
constexpr std::size_t kDifferencesMax = 1000;

enum class Verdict { same, different, missing, extra };

std::string_view verdict_name(Verdict verdict) {
  switch (verdict) {
    case Verdict::same: return "same";
    case Verdict::different: return "different";
    case Verdict::missing: return "missing";
    case Verdict::extra: return "extra";
  }
  return "";
}

// Thread-safe.
class Findings {
 public:
  explicit Findings(Tool& tool) : tool_(tool), line_("comparing") {}

  void moved(std::uint64_t bytes) { line_.add(0, bytes); }

  void add(Verdict verdict, const std::string& path) {
    ++counts_[static_cast<std::size_t>(verdict)];
    line_.add(1, 0);
    if (verdict == Verdict::same) return;
    const std::lock_guard lock(mutex_);
    if (differences_.size() < kDifferencesMax) {
      JsonObject one;
      one.text("path", path).text("what", verdict_name(verdict));
      differences_.push_back(std::move(one));
    }
    line_.clear();
    tool_.say(pad_right(verdict_name(verdict), 10) + printable(path));
  }

  // What could not be compared.
  void failed(Error error, const std::string& path) {
    if (error.code == Code::cancelled && tool_.stopped()) return;
    if (ends_everything(error.code) && ended_.exchange(true)) return;
    failed_ = true;
    if (error.path.empty()) error.path = path;
    line_.clear();
    tool_.report(error);
  }

  bool stopped() const { return ended_ || tool_.stopped() || tool_.out().failed(); }

  Exit finish() {
    line_.clear();
    if (tool_.stopped()) tool_.report({.code = Code::cancelled, .text = "interrupted"});
    JsonObject out;
    std::string text;
    for (std::size_t i = 0; i < std::size(counts_); ++i) {
      const std::string_view name = verdict_name(static_cast<Verdict>(i));
      out.number(name, counts_[i].load());
      text += (i == 0 ? "" : ", ") + std::to_string(counts_[i]) + " " + std::string(name);
    }
    tool_.emit(out.list("differences", differences_));
    tool_.say(text);
    const bool differs = counts_[1] + counts_[2] + counts_[3] > 0;
    if (differs) return Exit::different;
    return failed_ || stopped() ? Exit::failed : Exit::done;
  }

 private:
  Tool& tool_;
  ProgressLine line_;
  std::atomic<bool> ended_{false}, failed_{false};
  std::atomic<std::uint64_t> counts_[4] = {};
  std::mutex mutex_;
  std::vector<JsonObject> differences_;
};

Result<bool> same_bytes(LocalFile& local, Reader& stored, Findings& findings) {
  if (local.stat().size_bytes != stored.size_bytes()) return false;
  const std::size_t size = std::min<std::size_t>(
      kWholeFileBytesMax, std::max<std::size_t>(1, static_cast<std::size_t>(stored.size_bytes())));
  std::vector<std::uint8_t> ours(size), theirs(size);
  for (;;) {
    const Result<std::size_t> got = local.read(ours);
    if (!got.ok()) return got.error();
    // The reader may give less than it is asked for.
    std::size_t filled = 0;
    while (filled < *got) {
      const Result<std::size_t> more =
          stored.read(std::span(theirs).subspan(filled, *got - filled));
      if (!more.ok()) return more.error();
      if (*more == 0) return false;
      filled += *more;
    }
    if (!std::equal(ours.begin(), ours.begin() + static_cast<std::ptrdiff_t>(*got),
                    theirs.begin())) {
      return false;
    }
    findings.moved(*got);
    if (*got < ours.size()) break;
  }
  const Result<std::size_t> rest = stored.read(std::span(theirs).subspan(0, 1));
  if (!rest.ok()) return rest.error();
  return *rest == 0;
}

struct FileJob {
  std::shared_ptr<const LocalFolder> folder;
  std::string name;
  NodeId node = 0;
  std::string path;
};

struct FolderJob {
  std::shared_ptr<const LocalFolder> parent;  // none: `folder` is open already
  std::shared_ptr<LocalFolder> folder;
  std::string name;
  NodeId node = 0;
  std::string path;
};

// A stored folder's children in name order, one page in memory. One thread at a time.
class StoredChildren {
 public:
  StoredChildren(const Space& space, NodeId folder) : space_(space), folder_(folder) {}

  // The child at the front; null at the end.
  Result<const NodeInfo*> front() {
    while (at_ == page_.items.size()) {
      if (started_ && page_.next.empty()) return nullptr;
      ListOptions options;
      options.count_max = kListPage;
      options.after = page_.next;
      Result<Page> page = space_.list(Ref::node(folder_), options);
      if (!page.ok()) return std::move(page).error();
      page_ = *std::move(page);
      at_ = 0;
      started_ = true;
    }
    return &page_.items[at_];
  }
  void pop() { ++at_; }

 private:
  const Space& space_;
  const NodeId folder_;
  Page page_;
  std::size_t at_ = 0;
  bool started_ = false;
};

class TreeVerify {
 public:
  TreeVerify(Tool& tool, const Space& space, std::size_t workers)
      : findings_(tool),
        space_(space),
        skip_special_(tool.args().has("skip-special")),
        workers_(workers, [this](FileJob job) { compare_file(job); }) {}

  void add_file(FileJob job) { workers_.add(std::move(job)); }

  Exit run(std::vector<FolderJob> folders) {
    folders_ = std::move(folders);
    while (!folders_.empty() && !findings_.stopped()) {
      FolderJob job = std::move(folders_.back());
      folders_.pop_back();
      if (const Status compared = compare_folder(job); !compared.ok()) {
        findings_.failed(compared.error(), job.path);
      }
    }
    workers_.finish();
    return findings_.finish();
  }

 private:
  Status compare_folder(FolderJob& job) {
    if (job.folder == nullptr) {
      Result<std::shared_ptr<LocalFolder>> opened = job.parent->open_folder(job.name);
      if (!opened.ok()) return std::move(opened).error();
      job.folder = *std::move(opened);
    }
    const Result<std::vector<LocalEntry>> entries = sorted_entries(job.folder);
    if (!entries.ok()) return entries.error();
    StoredChildren stored(space_, job.node);
    for (const LocalEntry& entry : *entries) {
      if (findings_.stopped()) return {};
      if (Status passed = pass_extra(stored, entry.name, job.path); !passed.ok()) return passed;
      const Result<const NodeInfo*> node = stored.front();
      if (!node.ok()) return node.error();
      const bool is_pair = *node != nullptr && (*node)->name == entry.name;
      if (is_pair)
        compare_pair(job, entry, **node);
      else
        missing(entry, job.path);
      if (is_pair) stored.pop();
    }
    return pass_extra(stored, "", job.path);
  }

  // Counts what is stored under names before `until`, or to the end if that is empty.
  Status pass_extra(StoredChildren& stored, const std::string& until, const std::string& path) {
    for (;;) {
      const Result<const NodeInfo*> node = stored.front();
      if (!node.ok()) return node.error();
      if (*node == nullptr || (!until.empty() && (*node)->name >= until)) return {};
      findings_.add(Verdict::extra, join_path(path, (*node)->name));
      stored.pop();
    }
  }

  void missing(const LocalEntry& entry, const std::string& path) {
    const bool is_special = entry.kind == LocalKind::symlink || entry.kind == LocalKind::other;
    if (is_special && skip_special_) return;
    findings_.add(Verdict::missing, join_path(path, entry.name));
  }

  void compare_pair(const FolderJob& job, const LocalEntry& entry, const NodeInfo& node) {
    std::string path = join_path(job.path, entry.name);
    if (entry.kind == LocalKind::folder && node.kind == NodeKind::folder) {
      folders_.push_back({job.folder, nullptr, entry.name, node.id, std::move(path)});
    } else if (entry.kind == LocalKind::file && node.kind == NodeKind::file) {
      workers_.add({job.folder, entry.name, node.id, std::move(path)});
    } else {
      findings_.add(Verdict::different, path);
    }
  }

  // In a worker.
  void compare_file(const FileJob& job) {
    if (findings_.stopped()) return;
    Result<LocalFile> local = job.folder->open_file(job.name);
    if (!local.ok()) return findings_.failed(local.error(), job.path);
    Result<Reader> stored = space_.reader(Ref::node(job.node));
    const Result<bool> same =
        stored.ok() ? same_bytes(*local, *stored, findings_) : Result<bool>(stored.error());
    if (same.ok()) {
      return findings_.add(*same ? Verdict::same : Verdict::different, job.path);
    }
    findings_.failed(same.error(), job.path);
    // Stored bytes that cannot be had are damage, not a reason to say less.
    if (same.code() == Code::corruption) findings_.add(Verdict::different, job.path);
  }

  Findings findings_;
  const Space space_;
  const bool skip_special_;
  std::vector<FolderJob> folders_;
  Workers<FileJob> workers_;
};

Exit verify_file(Tool& tool, TreeVerify& verify, const NodeInfo& node, std::string path) {
  const std::string& local = tool.operand(0);
  const std::size_t slash = local.rfind('/');
  const Result<std::shared_ptr<LocalFolder>> folder =
      LocalFolder::open(slash == local.npos ? "." : local.substr(0, slash + 1));
  if (!folder.ok()) return tool.fail(folder.error());
  verify.add_file({*folder, local.substr(slash + 1), node.id, std::move(path)});
  return verify.run({});
}

}  // namespace

Exit run_verify(Tool& tool) {
  const Result<std::size_t> workers = worker_count(tool.args(), kWorkers);
  if (!workers.ok()) return tool.usage(workers.error().text);
  const Result<Target> target = tool.target(tool.operand(1));
  if (!target.ok()) return tool.fail(target.error());
  const Result<NodeInfo> node = target->space.stat(target->ref);
  if (!node.ok()) return tool.fail(node.error());
  Result<std::string> path = shown_path(target->space, node->id);
  if (!path.ok()) return tool.fail(path.error());
  Result<std::shared_ptr<LocalFolder>> folder = LocalFolder::open(tool.operand(0));
  const bool is_file = folder.code() == Code::not_a_folder;
  if (!folder.ok() && !is_file) return tool.fail(folder.error());
  if (is_file != (node->kind == NodeKind::file)) {
    return tool.fail({.code = is_file ? Code::is_a_folder : Code::not_a_folder,
                      .text = "one is a file, the other a folder",
                      .path = tool.operand(1)});
  }
  TreeVerify verify(tool, target->space, *workers);
  if (is_file) return verify_file(tool, verify, *node, *std::move(path));
  return verify.run({{nullptr, *std::move(folder), "", node->id, *std::move(path)}});
}

}  // namespace spind::tool
