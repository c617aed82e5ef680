// Stores the contents of a local folder, many files at once.
#pragma once

#include "local_tree.h"
#include "tool.h"

namespace spind::tool {

Exit put_tree(Tool& tool, std::shared_ptr<LocalFolder> local, const std::string& place);

}  // namespace spind::tool
