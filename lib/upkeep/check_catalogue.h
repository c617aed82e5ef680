// Which spaces there are, by their own rows and by the catalogue's, and whether the two agree.
#pragma once

#include <functional>

#include "space/reading.h"
#include "upkeep/findings.h"

namespace spind::upkeep {

// The first space from the key `begin` on that has a row, of whatever family.
Result<std::optional<SpaceId>> next_space(const kv::View& view, const std::string& begin);

// Every space that has a row of any kind, listed or not: seeks from partition to partition.
Status visit_spaces(const kv::View& view, const std::function<Status(const SpaceId&)>& visit);

// From the space to the catalogue: that it is listed, and that its alias leads to it.
Status check_listed(const kv::View& view, const SpaceId& space, const model::SpaceRecord& info,
                    Findings& findings);

// From the catalogue to the spaces: that its rows say what the spaces say.
Status check_catalogue(const kv::SnapshotRef& snapshot, space::RowCache& no_cache,
                       Findings& findings, Steps& steps);

}  // namespace spind::upkeep
