#include <vector>

#include "commands.h"
#include "text.h"

namespace spind::tool {
namespace {

// Small pages: there is one a level, and a tree may be deep.
constexpr std::size_t kPageEntries = 200;

// A folder that is being drawn. Whether an entry is the last one is known as soon as the next is
// looked for, so a page is fetched only when the one before it is used up.
struct Level {
  NodeId folder = 0;
  std::string path;
  Page page;
  std::size_t next = 0;
};

Status fetch(const Space& space, Level& level) {
  ListOptions options;
  options.count_max = kPageEntries;
  options.after = level.page.next;
  Result<Page> page = space.list(Ref::node(level.folder), options);
  if (!page.ok()) return std::move(page).error();
  level.page = *std::move(page);
  level.next = 0;
  return {};
}

// Makes sure that the level's next entry is in memory, if there is one.
Status fill(const Space& space, Level& level) {
  while (level.next == level.page.items.size() && !level.page.next.empty()) {
    if (Status fetched = fetch(space, level); !fetched.ok()) return fetched;
  }
  return {};
}

class Drawing {
 public:
  Drawing(Tool& tool, const Space& space) : tool_(tool), space_(space) {}

  Status draw(const NodeInfo& top, const std::string& path) {
    show(top, path, path);
    if (top.kind == NodeKind::folder) {
      if (Status entered = enter(top.id, path); !entered.ok()) return entered;
    }
    while (!levels_.empty() && !tool_.out().failed()) {
      if (Status stepped = step(); !stepped.ok()) return stepped;
    }
    return {};
  }

  std::uint64_t files() const { return files_; }
  std::uint64_t folders() const { return folders_; }

 private:
  Status enter(NodeId folder, std::string path) {
    levels_.push_back({.folder = folder, .path = std::move(path), .page = {}});
    if (Status fetched = fetch(space_, levels_.back()); !fetched.ok()) return fetched;
    return fill(space_, levels_.back());
  }

  // Draws the next entry of the innermost level, and goes into it if it is a folder.
  Status step() {
    Level& level = levels_.back();
    if (level.next == level.page.items.size()) {
      levels_.pop_back();
      if (!indent_.empty()) indent_.pop_back();
      return {};
    }
    const NodeInfo node = std::move(level.page.items[level.next++]);
    if (Status filled = fill(space_, level); !filled.ok()) return filled;
    const bool is_last = level.next == level.page.items.size();
    const std::string path = join_path(level.path, node.name);
    show(node, path, margin() + (is_last ? "└── " : "├── ") + printable(node.name));
    if (node.kind == NodeKind::file) {
      ++files_;
      return {};
    }
    ++folders_;
    indent_.push_back(!is_last);
    return enter(node.id, path);
  }

  std::string margin() const {
    std::string out;
    for (const bool goes_on : indent_) out += goes_on ? "│   " : "    ";
    return out;
  }

  void show(const NodeInfo& node, const std::string& path, const std::string& line) {
    tool_.emit(node_json(node, path));
    tool_.say(line);
  }

  Tool& tool_;
  const Space& space_;
  std::vector<Level> levels_;
  std::vector<bool> indent_;  // for each level but the first: whether its parent has more entries
  std::uint64_t files_ = 0, folders_ = 0;
};

}  // namespace

Exit run_tree(Tool& tool) {
  const Result<Target> target = tool.target(tool.operand(0));
  if (!target.ok()) return tool.fail(target.error());
  const Result<NodeInfo> node = target->space.stat(target->ref);
  if (!node.ok()) return tool.fail(node.error());
  const Result<std::string> path = shown_path(target->space, node->id);
  if (!path.ok()) return tool.fail(path.error());
  Drawing drawing(tool, target->space);
  if (const Status drawn = drawing.draw(*node, *path); !drawn.ok()) return tool.fail(drawn.error());
  tool.say("\n" + std::to_string(drawing.folders()) + " folders, " +
           std::to_string(drawing.files()) + " files");
  return Exit::done;
}

}  // namespace spind::tool
