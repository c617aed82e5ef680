// P13: a tree of files in and out with the tool. Limits: cp -r and a sync; cp -r.
#include "tree.h"

#include <fmt/format.h>

#include "disk.h"
#include "must.h"
#include "row.h"

namespace spind::bench {
namespace {

constexpr std::uint64_t kFiles = 20'000, kSeed = 13;

namespace fs = std::filesystem;

class TreeRun {
 public:
  explicit TreeRun(const Context& context)
      : context_(context), folder_(context.folder, "tree"), source_(folder_.path() / "source") {
    if (context.tree.empty()) {
      size_ = generate_tree(source_, kFiles, kSeed);
    } else {
      source_ = context.tree;
      size_ = measure_tree(source_);
    }
  }

  fs::path below(const char* name) const { return folder_.path() / name; }
  const fs::path& source() const { return source_; }
  std::string size() const {
    return fmt::format("{} files, {} MiB", size_.files, size_.bytes >> 20);
  }

  void tool(std::vector<std::string> words) const {
    std::vector<std::string> command = {context_.tool, "--store", below("store")};
    command.insert(command.end(), words.begin(), words.end());
    run_program(command);
  }
  void make_store() const {
    tool({"init"});
    tool({"space", "create", "bench"});
  }

  Sample timed(const std::function<void()>& what) const {
    const double begin = seconds_now();
    what();
    return {.rate = static_cast<double>(size_.files) / (seconds_now() - begin)};
  }

  // `cp -r`, followed by `after`, from the cold source. Its options make no difference here:
  // nothing is sparse, and ext4 shares no blocks.
  Setting copying(std::string name, const std::function<void()>& after) const {
    return {std::move(name), [this, after] { return copy(after); }};
  }

 private:
  Sample copy(const std::function<void()>& after) const {
    drop_cached(source_);
    const Sample sample = timed([&] {
      run_program({"cp", "-r", source_, below("copy")});
      after();
    });
    fs::remove_all(below("copy"));
    return sample;
  }

  const Context& context_;
  ScratchFolder folder_;
  fs::path source_;
  TreeSize size_;
};

Comparison compare_put(const Context& context) {
  const TreeRun run(context);
  const auto ours = [&] {
    run.make_store();
    drop_cached(run.source());
    const Sample sample = run.timed([&] { run.tool({"put", "-r", run.source(), "bench:/"}); });
    fs::remove_all(run.below("store"));
    return sample;
  };
  Comparison result =
      side_by_side(context.plan, ours, {run.copying("cp -r, sync", context.plan.settle)});
  result.note = run.size() + "; cold source";
  return result;
}

Comparison compare_get(const Context& context) {
  const TreeRun run(context);
  run.make_store();
  run.tool({"put", "-r", run.source(), "bench:/"});
  const auto ours = [&] {
    drop_cached(run.below("store"));
    const Sample sample = run.timed([&] { run.tool({"get", "-r", "bench:/", run.below("copy")}); });
    fs::remove_all(run.below("copy"));
    return sample;
  };
  Comparison result = side_by_side(context.plan, ours, {run.copying("cp -r", [] {})});
  result.note = run.size() + "; cold source, the copy not synced on either side";
  return result;
}

}  // namespace

std::vector<Row> tree_rows() {
  return {{.id = "P13.put",
           .what = "put -r of a tree, durable",
           .unit = "files/s",
           .goal = 0.8,
           .run = compare_put},
          {.id = "P13.get",
           .what = "get -r of a tree",
           .unit = "files/s",
           .goal = 0.8,
           .run = compare_get}};
}

}  // namespace spind::bench
