#include "tree.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <fstream>
#include <random>

#include "load.h"
#include "must.h"

namespace spind::bench {
namespace {

namespace fs = std::filesystem;

constexpr double kFileBytesMax = 4u << 20;
constexpr std::uint64_t kFilesPerFolder = 40, kFoldersPerFolder = 25;

struct Kind {
  const char* suffix;
  double weight;
  double shape, scale_bytes;
};
constexpr std::array<Kind, 6> kKinds = {{{"py", .29, .88, 2958},
                                         {"bin", .31, 2.12, 4099},
                                         {"odt", .22, 2.08, 1562},
                                         {"jpg", .17, 2.17, 2601},
                                         {"zip", .012, 1.07, 5176},
                                         {"mp4", .004, 2.47, 17194}}};

class Sizes {
 public:
  explicit Sizes(std::uint64_t seed) : random_(seed) {}

  const Kind& kind() {
    double rest = uniform() * 1.006;  // the sum of the weights
    for (const Kind& kind : kKinds) {
      if ((rest -= kind.weight) < 0) return kind;
    }
    return kKinds.front();
  }

  std::uint64_t size_of(const Kind& kind) {
    for (;;) {
      const double tail = std::pow(1 - uniform(), -kind.shape);
      const double size_bytes = kind.scale_bytes * (tail - 1) / kind.shape;
      if (size_bytes <= kFileBytesMax) return static_cast<std::uint64_t>(size_bytes);
    }
  }

 private:
  // Not std::uniform_real_distribution, whose numbers differ between libraries.
  double uniform() { return static_cast<double>(random_() >> 11) * 0x1p-53; }

  std::mt19937_64 random_;
};

}  // namespace

TreeSize generate_tree(const fs::path& folder, std::uint64_t files, std::uint64_t seed) {
  Sizes sizes(seed);
  const RandomBytes content(seed);
  std::vector<std::uint8_t> room;
  TreeSize total;
  for (std::uint64_t n = 0; n < files; ++n) {
    const std::uint64_t number = n / kFilesPerFolder;
    const fs::path below = folder / fmt::format("year-{:02}", number / kFoldersPerFolder) /
                           fmt::format("subject-{:02}", number % kFoldersPerFolder);
    if (n % kFilesPerFolder == 0) fs::create_directories(below);
    const Kind& kind = sizes.kind();
    const auto bytes = content.slice(n, static_cast<std::size_t>(sizes.size_of(kind)), room);
    std::ofstream file(below / fmt::format("file-{:05}.{}", n, kind.suffix), std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    file.close();
    if (!file) give_up(below, "cannot write");
    ++total.files;
    total.bytes += bytes.size();
  }
  return total;
}

TreeSize measure_tree(const fs::path& folder) {
  TreeSize total;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file() || entry.is_symlink()) continue;
    ++total.files;
    total.bytes += entry.file_size();
  }
  return total;
}

}  // namespace spind::bench
