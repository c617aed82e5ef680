#include "ops/space_names.h"

#include "base/bytes.h"
#include "base/try.h"
#include "base/utf8.h"
#include "model/keys.h"

namespace spind::ops {

using kv::Family;

Status check_space_text(std::string_view text, std::string_view what, std::size_t size_bytes_max) {
  if (text.size() > size_bytes_max)
    return Error{.code = Code::limit_exceeded,
                 .text = "too long for a space: " + std::string(what),
                 .path = {},
                 .limit = size_bytes_max,
                 .used = text.size()};
  if (!valid_utf8(text) || text.find('\0') != std::string_view::npos)
    return Error{.code = Code::invalid_argument,
                 .text = "not UTF-8 without NUL: " + std::string(what)};
  return {};
}

Status check_floor_policy(const FloorPolicy& policy) {
  if (policy.keep_ns >= 0) return {};
  return Error{.code = Code::invalid_argument, .text = "entries are kept for a negative time"};
}

Status check_trash_policy(const TrashPolicy& policy) {
  if (policy.keep_ns >= 0) return {};
  return Error{.code = Code::invalid_argument, .text = "the trash keeps for a negative time"};
}

Status check_version_policy(const VersionPolicy& policy) {
  if (policy.thinning < Thinning::keep_all || policy.thinning > Thinning::automatic)
    return Error{.code = Code::invalid_argument, .text = "no such thinning of versions"};
  if (policy.keep_ns < 0)
    return Error{.code = Code::invalid_argument, .text = "versions are kept for a negative time"};
  if (policy.thinning == Thinning::count_and_age ||
      policy == VersionPolicy{.thinning = policy.thinning})
    return {};
  return Error{.code = Code::invalid_argument,
               .text = "only thinning by count and age takes counts and an age"};
}

Status check_piece_rule(PieceRule rule) {
  if (rule == PieceRule::fixed || rule == PieceRule::content) return {};
  return Error{.code = Code::invalid_argument, .text = "no such rule for pieces"};
}

Result<std::optional<SpaceId>> find_alias(const kv::View& view, std::string_view tenant,
                                          std::string_view alias) {
  SPIND_TRY_ASSIGN(const auto bytes,
                   view.get(Family::state, model::catalogue_alias_key(tenant, alias)));
  if (!bytes) return std::optional<SpaceId>{};
  SpaceId space;
  if (bytes->size() != space.bytes.size())
    return Error{.code = Code::corruption, .text = "broken record: alias"};
  std::copy(bytes->begin(), bytes->end(), space.bytes.begin());
  return std::optional(space);
}

Status take_alias(kv::Transaction& rows, std::string_view tenant, std::string_view alias,
                  const SpaceId& space) {
  if (alias.empty()) return {};
  SPIND_TRY_ASSIGN(const auto holder, find_alias(rows, tenant, alias));
  if (holder && *holder != space)
    return Error{
        .code = Code::already_exists, .text = "the alias is taken", .path = std::string(alias)};
  rows.put(Family::state, model::catalogue_alias_key(tenant, alias), as_text(space.bytes));
  return {};
}

}  // namespace spind::ops
