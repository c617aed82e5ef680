// Fetches the contents of a stored folder, many files at once.
#pragma once

#include "local_tree.h"
#include "store_file.h"
#include "tool.h"

namespace spind::tool {

Exit get_tree(Tool& tool, const Space& space, const NodeInfo& folder,
              std::shared_ptr<LocalFolder> local);

// {event:"file", path, id, version, size, sha256, local}
JsonObject fetched_json(const StoredVersion& file, std::string_view local);

}  // namespace spind::tool
