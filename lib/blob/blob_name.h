// What a blob may be called; the rule is told in spind/blob_store.h.
//
// The room holds what implementations of the contract share. It knows nothing of what is in a blob.
#pragma once

#include <string_view>

#include "spind/result.h"

namespace spind {

inline constexpr std::size_t kBlobNameBytesMax = 200;

// Below it lies what a place is tried out with; what a crash left there belongs to nobody.
inline constexpr std::string_view kProbePrefix = "spind-probe-";

// ok or invalid_argument.
Status check_blob_name(std::string_view name);

// Whether some name that begins with `folder`, which ends with '/' or is empty, also begins with
// `prefix` and is greater than `after`: whether a listing has to look into it.
bool may_hold_listed(std::string_view folder, std::string_view prefix, std::string_view after);

}  // namespace spind
