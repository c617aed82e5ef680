#include "ops/file_versions.h"

#include <fmt/format.h>

#include "base/try.h"

namespace spind::ops {

Error no_such_version(VersionNumber number, const Ref& ref) {
  return {.code = Code::not_found,
          .text = fmt::format("the file has no version {}", number),
          .path = ref.to_string()};
}

Result<space::Resolved> find_file(space::NodeSource& source, const model::SpaceRecord& info,
                                  const Call& call, const Ref& ref, access::Permissions wanted) {
  SPIND_TRY_ASSIGN(space::Resolved at, find(source, info, call, ref, wanted));
  if (at.place.node->kind == NodeKind::file) return at;
  return Error{
      .code = Code::is_a_folder, .text = "a folder has no versions", .path = ref.to_string()};
}

}  // namespace spind::ops
