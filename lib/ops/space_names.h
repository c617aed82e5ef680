// What may be said of a space: limits of the texts, its policies, and aliases that are unique in
// their tenant.
#pragma once

#include "kv/kv.h"
#include "spind/options.h"

namespace spind::ops {

// Text for people: UTF-8 without NUL, at most `size_bytes_max` bytes.
Status check_space_text(std::string_view text, std::string_view what, std::size_t size_bytes_max);

// invalid_argument.
Status check_floor_policy(const FloorPolicy& policy);
Status check_trash_policy(const TrashPolicy& policy);
Status check_version_policy(const VersionPolicy& policy);
Status check_piece_rule(PieceRule rule);

// Gives the alias to the space; an empty one is none. already_exists: another space has it.
Status take_alias(kv::Transaction& rows, std::string_view tenant, std::string_view alias,
                  const SpaceId& space);

Result<std::optional<SpaceId>> find_alias(const kv::View& view, std::string_view tenant,
                                          std::string_view alias);

}  // namespace spind::ops
