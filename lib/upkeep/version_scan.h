// Visits all that refers to content in a space, and finds what it refers to.
#pragma once

#include <functional>

#include "space/reading.h"

namespace spind::upkeep {

using VisitVersion = std::function<Status(NodeId, const model::VersionRecord&)>;

// Every version: current ones of files that hang, lie in the trash or were purged, and the earlier
// ones. `step` is asked for each row. Rows that cannot be read are passed over.
Status visit_versions(space::Reading& reading, const std::function<Status()>& step,
                      const VisitVersion& visit);
// What uploads hold, each part as if it were a version of no node.
Status visit_uploads(space::Reading& reading, const std::function<Status()>& step,
                     const VisitVersion& visit);

// The row with inline content or with a manifest; not_found if it is missing.
Result<std::string> attachment_of(const space::Reading& reading,
                                  const model::VersionRecord& version);
// None where the content is no pieces. Damage: its manifest is missing or cannot be read.
Result<std::vector<model::Piece>> pieces_of(const space::Reading& reading,
                                            const model::VersionRecord& version);

}  // namespace spind::upkeep
