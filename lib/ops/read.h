// Opening the bytes of a file.
#pragma once

#include "ops/context.h"

namespace spind::ops {

struct OpenedFile {
  NodeInfo info;  // of the version that is read
  std::unique_ptr<content::Source> source;
};

// not_found: the file has no such version.
Result<OpenedFile> open_file(const Context& context, const Call& call, const SpaceId& space,
                             const Ref& file, const ReadOptions& options);

}  // namespace spind::ops
