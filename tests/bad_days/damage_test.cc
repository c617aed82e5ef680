// Stored bytes that were lost, cut, swapped or flipped: what was put comes back or an error does,
// never other bytes, and the check finds it.
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>

#include "support/store/content.h"
#include "support/store/test_store.h"

namespace spind::test {
namespace {

namespace fs = std::filesystem;

// Of each kind that is kept in another way: inline, in a pack, as an object, as two objects.
constexpr std::uint64_t kFileSizes[] = {1'000, 16'000, 40'000, 200'000, 1'500'000, 12'000'000};

std::string path_of(std::uint64_t size_bytes) { return "/" + std::to_string(size_bytes); }

// A store with a file of each size, closed.
void fill(TestStore& store) {
  const Space space = store.make_space("damage");
  for (const std::uint64_t size_bytes : kFileSizes)
    REQUIRE(space.put(path_of(size_bytes), content(size_bytes, size_bytes)).ok());
  store.close();
}

std::vector<fs::path> files_below(const fs::path& folder, std::uint64_t size_bytes_min = 1) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file() && entry.file_size() >= size_bytes_min)
      files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

void flip(const fs::path& file, std::uint64_t offset) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekg(static_cast<std::streamoff>(offset));
  const int byte = stream.get();
  stream.seekp(static_cast<std::streamoff>(offset));
  stream.put(static_cast<char>(byte ^ 0x10));
}

struct Reading {
  std::uint64_t right = 0, corrupt = 0;
  std::string wrong{};  // other bytes, or another answer
};

Reading read_all(TestStore& store) {
  Reading reading;
  const Result<Space> space = store.session().space_by_alias("damage");
  if (space.code() == Code::corruption) return {.corrupt = std::size(kFileSizes)};
  if (!space.ok()) return {.wrong = space.error().to_string()};
  for (const std::uint64_t size_bytes : kFileSizes) {
    const Result<std::string> bytes = space->get(path_of(size_bytes));
    if (bytes.ok() && *bytes == content(size_bytes, size_bytes))
      ++reading.right;
    else if (bytes.ok())
      reading.wrong += "other bytes in " + path_of(size_bytes);
    else if (bytes.code() == Code::corruption)
      ++reading.corrupt;
    else
      reading.wrong += bytes.error().to_string();
  }
  return reading;
}

// Opens, reads everything, checks, closes.
void expect_corrupt(TestStore& store, std::uint64_t files, bool seen_without_reading) {
  REQUIRE(store.open().ok());
  const Reading reading = read_all(store);
  CHECK(reading.wrong == "");
  CHECK(reading.corrupt == files);
  CHECK(reading.right == std::size(kFileSizes) - files);
  CHECK(store.findings(true) != "");
  if (seen_without_reading) CHECK(store.findings(false) != "");
  store.close();
}

}  // namespace

TEST_CASE("bad day: an object that is missing, cut, swapped or flipped is corruption") {
  TestStore store(MetadataEngine::memory);
  fill(store);
  const std::vector<fs::path> objects = files_below(store.folder() + "/objects");
  REQUIRE(objects.size() == 3);
  const fs::path aside = store.folder() + "/../aside";
  for (const fs::path& object : objects) {
    CAPTURE(object.string());
    fs::rename(object, aside);
    expect_corrupt(store, 1, true);
    fs::copy_file(aside, object);
    for (const std::uint64_t size_bytes :
         {std::uint64_t{0}, fs::file_size(aside) / 2, fs::file_size(aside) - 1}) {
      fs::resize_file(object, size_bytes);
      expect_corrupt(store, 1, true);
    }
    fs::copy_file(aside, object, fs::copy_options::overwrite_existing);
    for (const std::uint64_t offset :
         {std::uint64_t{0}, fs::file_size(aside) / 2, fs::file_size(aside) - 1}) {
      flip(object, offset);
      expect_corrupt(store, 1, false);
      flip(object, offset);
    }
    fs::remove(aside);
  }
  fs::rename(objects[0], aside);
  fs::rename(objects[1], objects[0]);
  fs::rename(aside, objects[1]);
  REQUIRE(store.open().ok());
  const Reading swapped = read_all(store);
  CHECK(swapped.wrong == "");
  CHECK(swapped.corrupt >= 1);
  CHECK(store.findings(true) != "");
}

TEST_CASE("bad day: a flipped bit in a pack is corruption, or harms nothing") {
  TestStore store(MetadataEngine::memory);
  fill(store);
  std::uint64_t corrupt = 0;
  for (const fs::path& pack : files_below(store.folder() + "/packs")) {
    const std::uint64_t size_bytes = fs::file_size(pack);
    for (std::uint64_t offset = 0; offset < size_bytes; offset += size_bytes / 40 + 1) {
      CAPTURE(pack.string());
      CAPTURE(offset);
      flip(pack, offset);
      const Status opened = store.open();
      CHECK((opened.ok() || opened.code() == Code::corruption));
      if (opened.ok()) {
        const Reading reading = read_all(store);
        CHECK(reading.wrong == "");
        corrupt += reading.corrupt;
        if (reading.corrupt > 0) CHECK(store.findings(true) != "");
      }
      store.close();
      flip(pack, offset);
    }
  }
  CHECK(corrupt > 10);
  REQUIRE(store.open().ok());
  CHECK(read_all(store).right == std::size(kFileSizes));
  CHECK(store.findings(true) == "");
}

TEST_CASE("bad day: a flipped bit in a file of RocksDB is an error, or harms nothing") {
  if (kThreadSanitizer) return;
  TestStore store(MetadataEngine::rocksdb);
  fill(store);
  REQUIRE(store.open().ok());  // moves what the log holds into tables
  REQUIRE(store.space("damage").put("/later", "in the log").ok());
  store.close();
  const fs::path meta = store.folder() + "/meta";
  const fs::path aside = store.folder() + "/../aside";
  fs::copy(meta, aside, fs::copy_options::recursive);
  std::uint64_t refused = 0;
  for (const fs::path& whole : files_below(aside)) {
    const std::uint64_t size_bytes = fs::file_size(whole);
    const std::string name = whole.filename().string();
    if (name.starts_with("LOG") || name.starts_with("OPTIONS") || name == "IDENTITY") continue;
    for (std::uint64_t offset = 0; offset < size_bytes; offset += size_bytes / 12 + 1) {
      CAPTURE(name);
      CAPTURE(offset);
      fs::remove_all(meta);
      fs::copy(aside, meta, fs::copy_options::recursive);
      flip(meta / name, offset);
      const Status opened = store.open();
      if (!opened.ok()) {
        ++refused;
        store.close();
        continue;
      }
      const Reading reading = read_all(store);
      CHECK(reading.wrong == "");
      refused += reading.corrupt;
      if (reading.corrupt > 0 && store.store().health().ok()) {
        const Result<CheckReport> report = store.store().check();
        CHECK((!report.ok() || report->findings_total > 0));
      }
      store.close();
    }
  }
  CHECK(refused > 10);
}

}  // namespace spind::test
