// Going through a subtree, one node at a time.
#pragma once

#include "ops/context.h"

namespace spind::ops {

// Depth-first, folders before their children, names in byte order, as one snapshot has them. Memory
// grows with the depth alone. One thread at a time.
class Walker {
 public:
  static Result<Walker> start(const Context& context, const Call& call, const SpaceId& space,
                              const Ref& node);

  struct Item {
    NodeInfo node;
    std::string path;  // below the start; the bare name where it is over kPathBytesMax
    std::uint32_t depth = 0;
  };
  Result<std::optional<Item>> next();

 private:
  // A folder that the walk is in, and the name that it came to.
  struct Folder {
    NodeId id = 0;
    std::string last_name;
    std::size_t path_bytes = 0;  // of `path_` up to this folder
  };
  Walker(const Context& context, const Call& call, Entered entered, space::Place start);
  void enter_folder(NodeId id);
  void leave_folder();
  void open_cursor();
  Item make_item(const space::Place& place);

  const Context* context_;
  Call call_;
  Entered entered_;
  std::optional<space::Place> start_;
  std::vector<Folder> folders_;
  std::unique_ptr<kv::Cursor> cursor_;  // in the last of folders_; null: to be opened
  std::string path_;                    // of the node that was given last, as far as the limit
};

}  // namespace spind::ops
