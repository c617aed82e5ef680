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

  // Only what lies in objects/: the files of the metadata come and go in the background.
  const fs::path objects = fs::path(store_folder) / "objects";
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(objects)) {
    if (!entry.is_regular_file()) continue;
    const fs::path top = *entry.path().lexically_relative(objects).begin();
    const std::string name = entry.path().lexically_relative(objects).string();
    if (name.starts_with("blobs/o/")) ++found;
    if (top == "tmp") ++half_written;
  }
  if (found == expected && half_written == 0) return "";
  return std::to_string(found) + " objects where " + std::to_string(expected) + " are needed, " +
         std::to_string(half_written) + " half written";
}

}  // namespace spind::test
