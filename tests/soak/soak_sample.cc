#include "soak/soak_sample.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <vector>

namespace spind::test {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMiB = 1 << 20;
constexpr std::size_t kSamplesMin = 6;

// What a number may be above what it was: a part of that, and something beside it.
struct Level {
  const char* name;
  std::uint64_t SoakSample::*number;
  std::uint64_t percent, beside;
  // It goes up and down so much that it has to rise above nearly all that came before.
  bool swings = false;
};

constexpr Level kOfProcess[] = {
    // RocksDB's cache fills up slowly, to half of the budget of 32 MiB.
    {"rss_bytes", &SoakSample::rss_bytes, 10, 12 * kMiB},
    // Packs are opened and closed.
    {"descriptors", &SoakSample::descriptors, 0, 4}};
constexpr Level kOfStore[] = {
    // They are merged when enough of them are there.
    {"table_files", &SoakSample::table_files, 20, 12},
    // A log is up to 32 MiB long before RocksDB begins another.
    {"disk_bytes", &SoakSample::disk_bytes, 10, 40 * kMiB, true}};

// What so many percent of the samples are below.
std::uint64_t percentile(std::span<const SoakSample> samples, std::uint64_t SoakSample::*number,
                         std::size_t percent) {
  std::vector<std::uint64_t> numbers;
  for (const SoakSample& sample : samples) numbers.push_back(sample.*number);
  const auto at = numbers.begin() + static_cast<std::ptrdiff_t>(numbers.size() * percent / 100);
  std::nth_element(numbers.begin(), at, numbers.end());
  return *at;
}

std::string risen(std::span<const SoakSample> samples, std::span<const Level> levels) {
  if (samples.size() < kSamplesMin) return "";
  const std::size_t third = samples.size() / 3;
  const auto last = samples.last(third), all_before = samples.first(samples.size() - third);
  const auto before = samples.last(2 * third).first(third);
  std::string text;
  for (const Level& level : levels) {
    const std::uint64_t was = level.swings ? percentile(all_before, level.number, 90)
                                           : percentile(before, level.number, 50);
    const std::uint64_t is = percentile(last, level.number, 50);
    if (is <= was + was * level.percent / 100 + level.beside) continue;
    text += std::string(level.name) + " rose from " + std::to_string(was) + " to " +
            std::to_string(is) + "\n";
  }
  return text;
}

bool is_table(const fs::path& path) {
  return path.extension() == ".sst" || path.extension() == ".blob";
}

std::uint64_t resident_bytes(const fs::path& process) {
  std::ifstream in(process / "statm");
  std::uint64_t size_pages = 0, resident_pages = 0;
  if (!(in >> size_pages >> resident_pages)) throw std::runtime_error("cannot read statm");
  return resident_pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

// Tables that were removed and are still open have another name there: those count.
std::uint64_t open_descriptors(const fs::path& process) {
  std::uint64_t count = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(process / "fd")) {
    std::error_code closed_meanwhile;
    const fs::path file = fs::read_symlink(entry.path(), closed_meanwhile);
    if (!closed_meanwhile && !is_table(file)) ++count;
  }
  return count;
}

}  // namespace

std::string SoakSample::to_json() const {
  const auto field = [](const char* name, std::uint64_t number) {
    return std::string(", \"") + name + "\": " + std::to_string(number);
  };
  char begin[64];
  std::snprintf(begin, sizeof begin, "{\"seconds\": %.1f", seconds);
  return begin + field("verbs", verbs) + field("kills", kills) + field("full_disks", full_disks) +
         field("clock_jumps", clock_jumps) + field("rss_bytes", rss_bytes) +
         field("descriptors", descriptors) + field("table_files", table_files) +
         field("disk_bytes", disk_bytes) + "}";
}

void measure(int process, const std::string& store_folder, SoakSample& sample) {
  const fs::path about = "/proc/" + std::to_string(process);
  sample.rss_bytes = resident_bytes(about);
  sample.descriptors = open_descriptors(about);
  sample.table_files = sample.disk_bytes = 0;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(store_folder)) {
    struct stat file {};
    // RocksDB removes files in the background.
    if (::lstat(entry.path().c_str(), &file) != 0) continue;
    constexpr std::uint64_t kBlockBytes = 512;
    sample.disk_bytes += static_cast<std::uint64_t>(file.st_blocks) * kBlockBytes;
    sample.table_files += is_table(entry.path());
  }
}

std::string risen_in_process(std::span<const SoakSample> samples) {
  return risen(samples, kOfProcess);
}
std::string risen_in_store(std::span<const SoakSample> samples) { return risen(samples, kOfStore); }

}  // namespace spind::test
