// Memory is bounded by the budget, whatever the number of files and the size of one.
#include <doctest/doctest.h>

#include <cstdio>
#include <fstream>
#include <stdexcept>

#include "support/harness.h"

namespace spind::test {
namespace {

constexpr std::uint64_t kMiB = 1 << 20;
constexpr std::uint64_t kBudgets[] = {64 * kMiB, 512 * kMiB};
// Code, stacks and the allocator's slack, beside what the budget counts.
constexpr std::uint64_t kBesideBudget = 64 * kMiB;

struct Done {
  std::uint64_t peak_bytes = 0, counted = 0;
};

Done work(const std::string& verb, const std::string& store, std::uint64_t budget,
          const std::string& rest) {
  const std::string command = std::string(SPIND_SCALE_WORKER) + " " + verb + " " + store + " " +
                              std::to_string(budget) + " " + rest;
  FILE* const pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("cannot run " + command);
  unsigned long long peak_kib = 0, counted = 0;
  const int read = std::fscanf(pipe, "%llu %llu", &peak_kib, &counted);
  if (::pclose(pipe) != 0 || read != 2) throw std::runtime_error("failed: " + command);
  MESSAGE(verb << ": budget " << budget / kMiB << " MiB, peak " << peak_kib / 1024 << " MiB");
  return {peak_kib * 1024, counted};
}

// Mostly holes, but no two pieces of it are alike.
void make_local_file(const std::string& path, std::uint64_t size_bytes) {
  std::ofstream out(path, std::ios::binary);
  for (std::uint64_t at = 0; at < size_bytes; at += 4 * kMiB) {
    out.seekp(static_cast<std::streamoff>(at));
    out << "the part that begins at " << at;
  }
  out.flush();
  std::filesystem::resize_file(path, size_bytes);
}

}  // namespace

TEST_CASE(
    "scale: a space of a million nodes is made, read, copied, rewound and checked within the "
    "budget") {
  TemporaryFolder folder;
  const std::uint64_t folders = 100, files = scaled(200, 10'000, 10'000);
  const std::string tree = std::to_string(folders) + " " + std::to_string(files);
  const Done built = work("build", folder / "store", kBudgets[0], tree);
  CHECK(built.counted == folders * files);
  CHECK(built.peak_bytes <= kBudgets[0] + kBesideBudget);
  for (const std::uint64_t budget : kBudgets) {
    for (const char* verb : {"list", "walk"}) {
      CAPTURE(verb);
      CAPTURE(budget);
      const Done done = work(verb, folder / "store", budget, tree);
      CHECK(done.counted == folders * files);
      CHECK(done.peak_bytes <= budget + kBesideBudget);
    }
  }
  // The copy is one change of the feed; it comes with its folders and one of its own.
  const std::pair<const char*, std::uint64_t> jobs[] = {{"copy", folders * files},
                                                        {"changes", folders * files},
                                                        {"rewind", 10'000},
                                                        {"purge", folders * files + folders + 1},
                                                        {"check", folders * files + folders + 1}};
  for (const auto& job : jobs) {
    CAPTURE(job.first);
    const Done done = work(job.first, folder / "store", kBudgets[0], tree);
    CHECK(done.counted == job.second);
    CHECK(done.peak_bytes <= kBudgets[0] + kBesideBudget);
  }
}

TEST_CASE("scale: a file of 4 GiB is stored and read within the budget") {
  TemporaryFolder folder;
  const std::uint64_t size_bytes = scaled(64, 4096, 4096) * kMiB;
  const std::string local = folder / "local file";
  make_local_file(local, size_bytes);
  for (const std::uint64_t budget : kBudgets) {
    CAPTURE(budget);
    const std::string store = folder / ("store " + std::to_string(budget));
    for (const char* verb : {"put", "get"}) {
      CAPTURE(verb);
      const Done done = work(verb, "'" + store + "'", budget, "'" + local + "'");
      CHECK(done.counted == size_bytes);
      CHECK(done.peak_bytes <= budget + kBesideBudget);
    }
  }
}

}  // namespace spind::test
