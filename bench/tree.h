// A tree of files as people have them, for P13.
#pragma once

#include <cstdint>
#include <filesystem>

namespace spind::bench {

struct TreeSize {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
};

// Files whose sizes follow the generalised Pareto distributions that were fitted to the files of a
// sync service (BenchBox; Gracia-Tinedo et al.), by kind of file, without those above 4 MiB: the
// distributions have no mean. The same for the same seed.
TreeSize generate_tree(const std::filesystem::path& folder, std::uint64_t files,
                       std::uint64_t seed);

TreeSize measure_tree(const std::filesystem::path& folder);

}  // namespace spind::bench
