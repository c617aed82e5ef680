#include "access/access.h"

#include <algorithm>

#include "base/limits.h"
#include "base/try.h"
#include "base/utf8.h"

namespace spind::access {
namespace {

Permissions effective(const Principal& who, const model::SpaceRecord& space,
                      std::span<const NodeId> /*way*/) {
  const bool creator = who.tenant == space.tenant && who.user == space.creator;
  return creator ? kAllPermissions : 0;
}

Status check_id(std::string_view id, std::string_view what) {
  const auto is_control = [](char c) { return static_cast<std::uint8_t>(c) < 0x20 || c == 0x7f; };
  if (id.size() <= kPrincipalBytesMax && valid_utf8(id) &&
      std::none_of(id.begin(), id.end(), is_control))
    return {};
  return Error{
      .code = Code::invalid_argument,
      .text = "not UTF-8 of at most 255 bytes without control characters: " + std::string(what)};
}

}  // namespace

Status permit(const Principal& who, const model::SpaceRecord& space, std::span<const NodeId> way,
              Permissions wanted) {
  const Permissions held = effective(who, space, way);
  if ((held & wanted) == wanted) return {};
  if ((held & kStat) != 0)
    return Error{.code = Code::permission_denied, .text = "a right is missing"};
  return Error{.code = Code::not_found, .text = "no such node"};
}

Status may_enter(const Principal& who, const model::SpaceRecord& space) {
  const NodeId root = kRootNode;
  if (effective(who, space, {&root, 1}) != 0) return {};
  return Error{.code = Code::not_found, .text = "no such space"};
}

Status may_manage(const Principal& who, const model::SpaceRecord& space) {
  const NodeId root = kRootNode;
  return permit(who, space, {&root, 1}, kUpdateGrant);
}

Status check_principal(const Principal& who) {
  if (who.user.empty())
    return Error{.code = Code::unauthenticated, .text = "the session names no user"};
  if (who.tenant.empty())
    return Error{.code = Code::invalid_argument, .text = "the session names no tenant"};
  if (who.groups.size() > kGroupsMax)
    return Error{.code = Code::limit_exceeded,
                 .text = "too many groups",
                 .path = {},
                 .limit = kGroupsMax,
                 .used = who.groups.size()};
  SPIND_TRY(check_id(who.user, "user"));
  SPIND_TRY(check_id(who.tenant, "tenant"));
  SPIND_TRY(check_id(who.application, "application"));
  for (const std::string& group : who.groups) SPIND_TRY(check_id(group, "group"));
  return {};
}

}  // namespace spind::access
