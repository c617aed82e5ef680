// Moves one file's bytes between the local tree and a space.
#pragma once

#include "local_tree.h"
#include "spind/space.h"

namespace spind::tool {

// Stores a local file with its mtime. aborted, and nothing is stored, if it changes meanwhile.
Result<Written> store_file(const Space& space, const Ref& to, LocalFile& file,
                           const PutOptions& options = {});

// A version of a stored file, and the path by which errors call it.
struct StoredVersion {
  NodeInfo node;
  std::string path;
};

// Writes the content as `name` in `folder`, whole or not at all, with its mtime.
Status fetch_file(const Space& space, const StoredVersion& file,
                  const std::shared_ptr<const LocalFolder>& folder, const std::string& name,
                  bool sync);

}  // namespace spind::tool
