// Folders and files of the disk that is measured, and what is cached of them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace spind::bench {

// An empty folder of its own, gone at the end.
class ScratchFolder {
 public:
  ScratchFolder(const std::filesystem::path& parent, const std::string& name);
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// Writes all dirty pages and the journal of the file system that holds `folder`, so that no run
// pays for the one before it.
void settle_disk(const std::filesystem::path& folder);

// Drops what the page cache holds of a file, or of all files below a folder.
void drop_cached(const std::filesystem::path& path);

// A file of random bytes, synced.
void write_random_file(const std::filesystem::path& path, std::uint64_t size_bytes,
                       std::uint64_t seed);
// A file of lines as a server's log has them, synced.
void write_text_file(const std::filesystem::path& path, std::uint64_t size_bytes,
                     std::uint64_t seed);

// Runs a program with its output thrown away; gives up if it fails.
void run_program(const std::vector<std::string>& command);

double seconds_now();  // a clock that never goes back

// Resident memory of this process: now, and at its highest since `reset_peak`.
std::uint64_t resident_bytes();
std::uint64_t resident_peak_bytes();
void reset_resident_peak();

}  // namespace spind::bench
