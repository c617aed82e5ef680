// What lies in a store's folder, seen from outside the engine.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <utility>

namespace spind::test {

// Compares the objects on disk with those that the contents (seed and size, all different) need:
// one for each piece of 8 MiB and for a last one over 1 MiB, and nothing half written. What
// differs, or "".
std::string stray_objects(const std::string& store_folder,
                          const std::set<std::pair<std::uint64_t, std::uint64_t>>& contents);

}  // namespace spind::test
