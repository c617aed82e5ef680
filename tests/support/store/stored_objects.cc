#include "support/store/stored_objects.h"

#include <filesystem>

#include "base/limits.h"

namespace spind::test {

std::string stray_objects(const std::string& store_folder,
                          const std::set<std::pair<std::uint64_t, std::uint64_t>>& contents) {
  namespace fs = std::filesystem;
  std::size_t expected = 0, found = 0, half_written = 0;
  for (const auto& [seed, size_bytes] : contents)
    expected += size_bytes / kPieceBytesMax + (size_bytes % kPieceBytesMax > kPackedBytesMax);

  for (auto at = fs::recursive_directory_iterator(store_folder);
       at != fs::recursive_directory_iterator(); ++at) {
    if (!at->is_regular_file()) continue;
    const fs::path inside = fs::relative(at->path(), store_folder);
    for (const fs::path& part : inside) {
      if (part == "blobs") ++found;
      if (part == "tmp") ++half_written;
    }
  }
  if (found == expected && half_written == 0) return "";
  return std::to_string(found) + " objects where " + std::to_string(expected) + " are needed, " +
         std::to_string(half_written) + " half written";
}

}  // namespace spind::test
