// A store is to be copied to where it cannot be, or to another device.
#include <doctest/doctest.h>

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/files.h"
#include "support/store/content.h"
#include "support/store/test_store.h"

namespace spind::test {
namespace {

namespace fs = std::filesystem;

// Every path below the folder.
std::vector<std::string> all_below(const fs::path& folder) {
  std::vector<std::string> all;
  for (const auto& one : fs::recursive_directory_iterator(folder)) all.push_back(one.path());
  std::sort(all.begin(), all.end());
  return all;
}

// One object and one pack.
void put_two_files(TestStore& store) {
  const Space space = store.make_space("s");
  REQUIRE(space.put("/object", content(1, 2 << 20)).ok());
  REQUIRE(space.put("/packed", content(2, 100'000)).ok());
}

void check_copy(const std::string& folder) {
  Store copy = Store::open(folder).value();
  const Space space = copy.session({.user = "ada"}).value().space_by_alias("s").value();
  CHECK(space.get("/object").value() == content(1, 2 << 20));
  CHECK(space.get("/packed").value() == content(2, 100'000));
  CHECK(copy.check({.read_content = true}).value().findings_total == 0);
}

// Files as they are where hard links are none.
class WithoutLinks : public Files {
 public:
  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override {
    return system().open(path, mode);
  }
  Status make_folder(const std::string& path) override { return system().make_folder(path); }
  Status sync_folder(const std::string& path) override { return system().sync_folder(path); }
  Status rename(const std::string& from, const std::string& to) override {
    return system().rename(from, to);
  }
  Status remove(const std::string& path) override { return system().remove(path); }
  Result<bool> exists(const std::string& path) override { return system().exists(path); }
  Result<std::vector<std::string>> list(const std::string& path) override {
    return system().list(path);
  }
  Result<FolderSpace> space(const std::string& path) override { return system().space(path); }
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override {
    return system().lock(path);
  }
};

dev_t device_of(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? status.st_dev : 0;
}

}  // namespace

TEST_CASE("bad day: a checkpoint to a folder that is in use, or that cannot be made, is refused") {
  TestStore store(MetadataEngine::rocksdb);
  put_two_files(store);
  const TemporaryFolder folder;
  fs::create_directory(folder.path() / "full");
  std::ofstream(folder / "full/letter") << "dear Ada";
  std::ofstream(folder / "file") << "a file";
  TestStore other(MetadataEngine::rocksdb);
  const auto code = [&](const std::string& where) {
    return store.store().checkpoint(where).code();
  };
  CHECK(code(folder / "full") == Code::already_exists);
  CHECK(code(other.folder()) == Code::already_exists);
  CHECK(code(store.folder()) == Code::already_exists);
  CHECK(code("") == Code::invalid_argument);
  CHECK(code(folder / "no/such") == Code::not_found);
  for (const char* where : {"file", "file/below"})
    CHECK_FALSE(store.store().checkpoint(folder / where).ok());
  CHECK(all_below(folder.path()) ==
        std::vector<std::string>{folder / "file", folder / "full", folder / "full/letter"});
  REQUIRE(store.store().checkpoint(folder / "whole").ok());
  CHECK(code(folder / "whole") == Code::already_exists);
  check_copy(folder / "whole");
}

TEST_CASE("bad day: a checkpoint into the store that it is made of is refused") {
  TestStore store(MetadataEngine::rocksdb);
  put_two_files(store);
  const TemporaryFolder folder;
  const std::string other_name = folder / "link";
  fs::create_directory_symlink(store.folder(), other_name);
  const std::vector<std::string> before = all_below(store.folder());
  for (const std::string& place : {store.folder(), store.folder() + "/../store", other_name})
    for (const char* below :
         {"/copy", "/meta", "/packs", "/packs/copy", "/objects/tmp/copy", "//copy/"}) {
      CAPTURE(place + below);
      CHECK(store.store().checkpoint(place + below).code() == Code::invalid_argument);
    }
  CHECK(all_below(store.folder()) == before);
  // Beside it is not in it.
  REQUIRE(store.store().checkpoint(store.folder() + "-copy").ok());
  check_copy(store.folder() + "-copy");
}

TEST_CASE("bad day: a checkpoint where nothing can be shared copies everything") {
  WithoutLinks files;
  engine::Seams seams;
  seams.files = &files;
  TestStore store(MetadataEngine::rocksdb, seams);
  put_two_files(store);
  const TemporaryFolder folder;
  const CheckpointReport report = store.store().checkpoint(folder / "copy").value();
  CHECK(report.copied_bytes > (2 << 20) + 100'000);
  check_copy(folder / "copy");

  TestStore linking(MetadataEngine::rocksdb);
  put_two_files(linking);
  const std::string elsewhere = "/dev/shm";
  if (device_of(elsewhere) == 0 || device_of(elsewhere) == device_of(linking.folder())) return;
  const std::string copy = elsewhere + "/spind-" + folder.path().filename().string();
  const auto copied = linking.store().checkpoint(copy);
  if (copied.ok()) check_copy(copy);
  fs::remove_all(copy);
  REQUIRE(copied.ok());
  CHECK(copied->copied_bytes > (2 << 20) + 100'000);
}

}  // namespace spind::test
