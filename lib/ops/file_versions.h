// What the verbs on versions of a file share.
#pragma once

#include "ops/commit.h"
#include "space/resolve.h"

namespace spind::ops {

Error no_such_version(VersionNumber number, const Ref& ref);

// The file that `ref` names, with the rights that the verb needs. is_a_folder.
Result<space::Resolved> find_file(space::NodeSource& source, const model::SpaceRecord& info,
                                  const Call& call, const Ref& ref, access::Permissions wanted);

}  // namespace spind::ops
