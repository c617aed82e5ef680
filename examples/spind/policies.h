// What a space keeps, and how, as words on the command line and as fields.
#pragma once

#include "args.h"
#include "json.h"
#include "spind/options.h"

namespace spind::tool {

// The policy with what is given of its options; none if nothing is.
Result<std::optional<FloorPolicy>> parse_floor(const Args& args, FloorPolicy policy);
Result<std::optional<TrashPolicy>> parse_trash(const Args& args);
Result<std::optional<VersionPolicy>> parse_versions(const Args& args, VersionPolicy policy);

Result<std::optional<PieceRule>> parse_pieces(const Args& args);

void add_policies(JsonObject& out, const SpaceInfo& info);
std::string floor_text(const FloorPolicy& policy);
std::string trash_text(const TrashPolicy& policy);
std::string versions_text(const VersionPolicy& policy);
std::string_view pieces_name(PieceRule rule);

}  // namespace spind::tool
