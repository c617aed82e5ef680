#include "local_tree.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "support/harness.h"

namespace {

namespace fs = std::filesystem;
using namespace spind::tool;
using spind::Code;
using spind::Result;
using spind::Status;
using spind::test::TemporaryFolder;

void write(const std::string& path, std::string_view text) { std::ofstream(path) << text; }

std::string read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

std::span<const std::uint8_t> bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::size_t names_in(const fs::path& folder) {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

}  // namespace

TEST_CASE("local tree: entries are told apart by kind") {
  const TemporaryFolder temporary;
  write(temporary / "file", "x");
  fs::create_directory(temporary / "folder");
  fs::create_symlink("file", temporary / "link");
  REQUIRE(::mkfifo((temporary / "pipe").c_str(), 0600) == 0);
  const auto folder = LocalFolder::open(temporary.path()).value();
  const std::vector<LocalEntry> entries = sorted_entries(folder).value();
  REQUIRE(entries.size() == 4);
  CHECK(entries[0].name == "file");
  CHECK(entries[0].kind == LocalKind::file);
  CHECK(entries[1].kind == LocalKind::folder);
  CHECK(entries[2].kind == LocalKind::symlink);
  CHECK(entries[3].kind == LocalKind::other);
}

TEST_CASE("local tree: only files open as files, and none by way of a symbolic link") {
  const TemporaryFolder temporary;
  write(temporary / "file", "content");
  fs::create_directory(temporary / "folder");
  fs::create_symlink("file", temporary / "link");
  REQUIRE(::mkfifo((temporary / "pipe").c_str(), 0600) == 0);
  const auto folder = LocalFolder::open(temporary.path()).value();
  CHECK(folder->open_file("file").ok());
  CHECK(folder->open_file("folder").code() == Code::is_a_folder);
  CHECK(folder->open_file("link").code() == Code::unsupported);
  CHECK(folder->open_file("pipe").code() == Code::unsupported);
  CHECK(folder->open_file("none").code() == Code::not_found);
  CHECK(open_local_file(temporary / "link").code() == Code::unsupported);
  CHECK(open_local_file(temporary / "file").ok());
}

TEST_CASE("local tree: a socket is reported as what it is") {
  const TemporaryFolder temporary;
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = temporary / "socket";
  REQUIRE(path.size() < sizeof address.sun_path);
  path.copy(address.sun_path, path.size());
  REQUIRE(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  const auto folder = LocalFolder::open(temporary.path()).value();
  CHECK(folder->open_file("socket").code() == Code::unsupported);
  ::close(fd);
}

TEST_CASE("local tree: folders open and are made, and never by way of a symbolic link") {
  const TemporaryFolder temporary;
  fs::create_directory(temporary / "elsewhere");
  fs::create_symlink("elsewhere", temporary / "link");
  write(temporary / "file", "x");
  const auto folder = LocalFolder::open(temporary.path()).value();
  CHECK(folder->open_folder("elsewhere").ok());
  CHECK(folder->open_folder("link").code() == Code::unsupported);
  CHECK(folder->open_folder("file").code() == Code::not_a_folder);
  CHECK(folder->make_folder("new").ok());
  CHECK(folder->make_folder("new").ok());
  CHECK(folder->make_folder("link").code() == Code::unsupported);
  CHECK(folder->make_folder("file").code() == Code::not_a_folder);
}

TEST_CASE("local tree: a file that changes while it is open is noticed") {
  const TemporaryFolder temporary;
  const auto folder = LocalFolder::open(temporary.path()).value();
  write(temporary / "file", "0123456789");
  LocalFile file = folder->open_file("file").value();
  std::vector<std::uint8_t> buffer(4);
  CHECK(file.read(buffer).value() == 4);
  CHECK(file.check_unchanged().ok());
  SUBCASE("by growing") { std::ofstream(temporary / "file", std::ios::app) << "x"; }
  SUBCASE("by shrinking") { fs::resize_file(temporary / "file", 3); }
  SUBCASE("with its mtime put back") {
    const auto mtime = fs::last_write_time(temporary / "file");
    // Timestamps move with the kernel's tick: write until it has passed.
    struct ::stat before {
    }, now{};
    REQUIRE(::stat((temporary / "file").c_str(), &before) == 0);
    do {
      write(temporary / "file", "9876543210");
      fs::last_write_time(temporary / "file", mtime);
      REQUIRE(::stat((temporary / "file").c_str(), &now) == 0);
    } while (now.st_ctim.tv_nsec == before.st_ctim.tv_nsec);
  }
  CHECK(file.check_unchanged().code() == Code::aborted);
}

TEST_CASE("local tree: an atomic file appears at commit, with its mtime") {
  const TemporaryFolder temporary;
  const auto folder = LocalFolder::open(temporary.path()).value();
  write(temporary / "file", "old");
  AtomicFile file = AtomicFile::create(folder, "file").value();
  REQUIRE(file.write(bytes("new content")).ok());
  CHECK(read(temporary / "file") == "old");
  constexpr std::int64_t kTime = 1'234'567'890'123'456'789;
  REQUIRE(file.commit(kTime, true).ok());
  CHECK(read(temporary / "file") == "new content");
  CHECK(folder->stat("file")->mtime_ns == kTime);
  CHECK(names_in(temporary.path()) == 1);
}

TEST_CASE("local tree: an mtime before 1970 comes back") {
  const TemporaryFolder temporary;
  const auto folder = LocalFolder::open(temporary.path()).value();
  AtomicFile file = AtomicFile::create(folder, "file").value();
  REQUIRE(file.commit(-1, false).ok());
  CHECK(folder->stat("file")->mtime_ns == -1);
}

TEST_CASE("local tree: an atomic file that is not committed leaves nothing") {
  const TemporaryFolder temporary;
  const auto folder = LocalFolder::open(temporary.path()).value();
  {
    AtomicFile file = AtomicFile::create(folder, "file").value();
    REQUIRE(file.write(bytes("half")).ok());
    const AtomicFile moved = std::move(file);
    CHECK(names_in(temporary.path()) == 1);
  }
  CHECK(names_in(temporary.path()) == 0);
}

TEST_CASE("local tree: an atomic file replaces a symbolic link and leaves its target alone") {
  const TemporaryFolder temporary;
  write(temporary / "precious", "precious");
  fs::create_symlink("precious", temporary / "link");
  const auto folder = LocalFolder::open(temporary.path()).value();
  AtomicFile file = AtomicFile::create(folder, "link").value();
  REQUIRE(file.write(bytes("fetched")).ok());
  REQUIRE(file.commit(0, false).ok());
  CHECK(read(temporary / "precious") == "precious");
  CHECK(fs::is_regular_file(fs::symlink_status(temporary / "link")));
  CHECK(read(temporary / "link") == "fetched");
}

TEST_CASE("local tree: names that lead elsewhere are refused") {
  const TemporaryFolder temporary;
  const auto folder = LocalFolder::open(temporary.path()).value();
  for (const std::string& name :
       {std::string(), std::string("."), std::string(".."), std::string("a/b"), std::string("/etc"),
        std::string("a\0b", 3)}) {
    CHECK(check_local_name(name).code() == Code::corruption);
    CHECK(AtomicFile::create(folder, name).code() == Code::corruption);
  }
  CHECK(check_local_name("...").ok());
  CHECK(check_local_name("-rf").ok());
}

TEST_CASE("local tree: a folder gets its mtime when nobody holds it any more") {
  const TemporaryFolder temporary;
  constexpr std::int64_t kTime = 1'000'000'000'000'000'007;
  const auto top = LocalFolder::open(temporary.path()).value();
  auto folder = top->make_folder("folder").value();
  folder->set_mtime_at_end(kTime);
  REQUIRE(AtomicFile::create(folder, "file")->commit(0, false).ok());
  CHECK(top->stat("folder")->mtime_ns != kTime);
  folder.reset();
  CHECK(top->stat("folder")->mtime_ns == kTime);
}

TEST_CASE("local tree: errors of the system keep their kind and path") {
  const TemporaryFolder temporary;
  const Result<std::shared_ptr<LocalFolder>> missing = LocalFolder::open(temporary / "none");
  CHECK(missing.code() == Code::not_found);
  CHECK(missing.error().path == temporary / "none");
  CHECK(system_error(ENOSPC, "cannot write", "x").code == Code::no_space);
  CHECK(system_error(EMFILE, "cannot open", "x").code == Code::unavailable);
  CHECK(system_error(EIO, "cannot read", "x").code == Code::io_error);
}
