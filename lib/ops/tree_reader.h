// A subtree as one snapshot has it, record by record: what a copy is made from.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kv/kv.h"
#include "space/reading.h"

namespace spind::ops {

// Depth-first, each folder before its children, names in byte order. Memory grows with the depth
// alone. One thread at a time.
class TreeReader {
 public:
  // `reading` outlives it. `top_path` is how errors name the top.
  TreeReader(const space::Reading& reading, space::Place top, std::string top_path)
      : reading_(reading), top_(std::move(top)), top_path_(std::move(top_path)) {}

  struct Item {
    std::string name;
    model::NodeRecord node;
    std::size_t depth = 0;  // of the top: 0
  };
  // The next one, or none at the end. limit_exceeded: below kClimbMax folders.
  Result<std::optional<Item>> next();
  // How errors name the file that next() has just given.
  std::string path() const;

 private:
  // A folder that it is in, and the name that it came to.
  struct Folder {
    NodeId id = 0;
    std::string last_name;
  };
  Status enter(NodeId folder);
  void open_cursor();

  const space::Reading& reading_;
  std::optional<space::Place> top_;
  const std::string top_path_;
  std::vector<Folder> folders_;
  std::unique_ptr<kv::Cursor> cursor_;  // in the last of folders_; null: to be opened
};

}  // namespace spind::ops
