// Moves one file's bytes between the local tree and a space.
#pragma once

#include "local_tree.h"
#include "spind/space.h"

namespace spind::tool {

// Told how many bytes more have been moved.
using Moved = std::function<void(std::uint64_t)>;

// Stores a local file with its mtime. aborted, and nothing is stored, if it changes meanwhile.
Result<Written> store_file(const Space& space, const Ref& to, LocalFile& file, const Moved& moved);
// Stores what comes out of `input`, whose size and mtime are not known.
Result<Written> store_stream(const Space& space, const Ref& to, LocalFile& input,
                             const Moved& moved);

// A version of a stored file, and the path by which errors call it.
struct StoredVersion {
  NodeInfo node;
  std::string path;
};

// Writes the content as `name` in `folder`, whole or not at all, with its mtime.
Status fetch_file(const Space& space, const StoredVersion& file,
                  const std::shared_ptr<const LocalFolder>& folder, const std::string& name,
                  bool sync, const Moved& moved);

}  // namespace spind::tool
