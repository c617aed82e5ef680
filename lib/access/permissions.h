// The permission bits of the field's standard (CS3 resource permissions; libre graph actions).
#pragma once

#include <cstdint>

namespace spind::access {

using Permissions = std::uint32_t;

enum Permission : Permissions {
  kAddGrant = 1u << 0,
  kCreateContainer = 1u << 1,
  kDelete = 1u << 2,
  kGetPath = 1u << 3,
  kGetQuota = 1u << 4,
  kInitiateFileDownload = 1u << 5,
  kInitiateFileUpload = 1u << 6,
  kListContainer = 1u << 7,
  kListFileVersions = 1u << 8,
  kListGrants = 1u << 9,
  kListRecycle = 1u << 10,
  kMove = 1u << 11,
  kPurgeRecycle = 1u << 12,
  kRemoveGrant = 1u << 13,
  kRestoreFileVersion = 1u << 14,
  kRestoreRecycleItem = 1u << 15,
  kStat = 1u << 16,
  kUpdateGrant = 1u << 17,
  kDenyGrant = 1u << 18,
};
inline constexpr Permissions kAllPermissions = (1u << 19) - 1;

}  // namespace spind::access
