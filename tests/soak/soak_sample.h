// What a store that is soaked takes, seen from outside of the engine, and whether it stays level.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace spind::test {

struct SoakSample {
  // Since the soak began.
  double seconds = 0;
  std::uint64_t verbs = 0, kills = 0, full_disks = 0, clock_jumps = 0;
  // Now.
  std::uint64_t rss_bytes = 0;
  std::uint64_t descriptors = 0;  // but those of tables that are there
  std::uint64_t table_files = 0;  // and the files of values beside them
  std::uint64_t disk_bytes = 0;   // that the file system has given out, logs included

  std::string to_json() const;
};

// Fills in what is so now.
void measure(int process, const std::string& store_folder, SoakSample& sample);

// "", or which numbers of a process, or of a store, have risen: the median of the last third of the
// samples against that of the third before. Fewer than six say nothing.
std::string risen_in_process(std::span<const SoakSample> samples);
std::string risen_in_store(std::span<const SoakSample> samples);

}  // namespace spind::test
