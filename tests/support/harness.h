// What every test program shares: how much to do, the seed, a folder that goes away, reports.
//
//   const spind::test::Effort effort = spind::test::effort();
//   std::mt19937_64 random(spind::test::seed());
//   for (int i = 0; i < spind::test::scaled(2'000, 20'000, 1'000'000); ++i) ...
//
// Environment, set by tests/run.sh:
//   SPIND_EFFORT   fast, ci (if not set) or long
//   SPIND_SEED     the seed of the run; a fresh one if not set
//   SPIND_REPORTS  the folder for *.json reports; build/reports below the current folder if not set
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace spind::test {

enum class Effort { fast, ci, long_form };

Effort effort();

// The number for this run's effort.
std::uint64_t scaled(std::uint64_t fast, std::uint64_t ci, std::uint64_t long_form);

// The same for the whole run, printed at its start by every doctest program.
std::uint64_t seed();

// Whether this program is instrumented by ThreadSanitizer: Debian's RocksDB is not, so such runs
// keep to the store in memory.
#if defined(__SANITIZE_THREAD__)
inline constexpr bool kThreadSanitizer = true;
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
inline constexpr bool kThreadSanitizer = true;
#else
inline constexpr bool kThreadSanitizer = false;
#endif
#else
inline constexpr bool kThreadSanitizer = false;
#endif

// A fresh empty folder below the system's temporary folder (TMPDIR); removed when destroyed.
// One thread at a time.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  // The path of a name in it.
  std::string operator/(std::string_view name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

// Writes `json` to `name` ("crash.json") in the folder of reports, whole or not at all.
void write_report(std::string_view name, std::string_view json);

}  // namespace spind::test
