// Who may do what. All questions of rights go through permit(), and through may_enter() whether a
// space may be known of at all.
//
// For now the creator of a space holds every right in it and nobody else holds any; grants will
// change the body of permit(), not its callers.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "access/permissions.h"
#include "model/records.h"

namespace spind::access {

// Who acts, as the host has authenticated them.
struct Principal {
  std::string user;
  std::vector<std::string> groups;
  std::string tenant;
  std::string application;
};

// ok if `who` holds all of `wanted` on the node at the end of `way` (ids from the root, the node
// included). Else permission_denied if they hold kStat there, and not_found if not.
Status permit(const Principal& who, const model::SpaceRecord& space, std::span<const NodeId> way,
              Permissions wanted);

// ok if `who` holds any right in the space: then they may know that it exists. Else not_found.
Status may_enter(const Principal& who, const model::SpaceRecord& space);

// ok if `who` may change the space itself. As the field has it, those may who may change grants.
Status may_manage(const Principal& who, const model::SpaceRecord& space);

// unauthenticated, invalid_argument, limit_exceeded.
Status check_principal(const Principal& who);

}  // namespace spind::access
