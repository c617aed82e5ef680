// Reading into several places, one behind the other, where a range can be read into one.
#pragma once

#include <functional>

#include "spind/blob_store.h"

namespace spind {

using ReadRange = std::function<Result<std::size_t>(std::span<std::uint8_t> out)>;
Result<std::size_t> scatter_by_range(std::span<const std::span<std::uint8_t>> places,
                                     const ReadRange& range);

}  // namespace spind
