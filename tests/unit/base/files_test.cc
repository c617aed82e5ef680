#include "base/files.h"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "support/harness.h"

namespace spind {
namespace {

Files& files() { return Files::system(); }

std::string read_all(const std::string& path) { return read_file(files(), path, 1 << 20).value(); }

TEST_CASE("files: what is appended is read back at any offset") {
  test::TemporaryFolder folder;
  auto file = files().open(folder / "a", OpenMode::create_new).value();
  REQUIRE(file->append(as_bytes("hello ")).ok());
  REQUIRE(file->append(as_bytes("world")).ok());
  REQUIRE(file->sync().ok());
  CHECK(file->size().value() == 11);
  std::uint8_t out[8];
  CHECK(file->read_at(6, out).value() == 5);
  CHECK(as_text({out, 5}) == "world");
  CHECK(file->read_at(11, out).value() == 0);
  CHECK(file->read_at(1'000'000, out).value() == 0);
}

TEST_CASE("files: after a truncate, appending goes on at the new end") {
  test::TemporaryFolder folder;
  auto file = files().open(folder / "a", OpenMode::create_new).value();
  REQUIRE(file->append(as_bytes("hello torn")).ok());
  REQUIRE(file->truncate(6).ok());
  REQUIRE(file->append(as_bytes("world")).ok());
  CHECK(read_all(folder / "a") == "hello world");
}

TEST_CASE("files: a punched range reads as zeros and the rest stays") {
  test::TemporaryFolder folder;
  auto file = files().open(folder / "a", OpenMode::create_new).value();
  REQUIRE(file->append(as_bytes(std::string(12'288, 'x'))).ok());
  const Status punched = file->punch(4'096, 4'096);
  if (punched.code() == Code::unsupported) return;
  REQUIRE(punched.ok());
  const std::string bytes = read_all(folder / "a");
  CHECK(bytes == std::string(4'096, 'x') + std::string(4'096, '\0') + std::string(4'096, 'x'));
}

TEST_CASE("files: each open mode wants what it says") {
  test::TemporaryFolder folder;
  CHECK(files().open(folder / "a", OpenMode::read).code() == Code::not_found);
  CHECK(files().open(folder / "a", OpenMode::append).code() == Code::not_found);
  CHECK(files().open(folder / "a", OpenMode::create_new).ok());
  CHECK(files().open(folder / "a", OpenMode::create_new).code() == Code::already_exists);
  CHECK(files().open(folder / "a", OpenMode::append).ok());
  CHECK(files().open(folder / "no/a", OpenMode::create_new).code() == Code::not_found);
  CHECK(files().open(folder / "a/b", OpenMode::read).code() == Code::not_a_folder);
}

TEST_CASE("files: a folder, a pipe and a link are not taken for files") {
  test::TemporaryFolder folder;
  REQUIRE(files().make_folder(folder / "d").ok());
  CHECK(files().open(folder / "d", OpenMode::read).code() == Code::is_a_folder);
  REQUIRE(mkfifo((folder / "pipe").c_str(), 0600) == 0);
  CHECK(files().open(folder / "pipe", OpenMode::read).code() == Code::io_error);
  REQUIRE(write_file_durably(files(), folder / "target", as_bytes("x")).ok());
  std::filesystem::create_symlink(folder / "target", folder / "link");
  CHECK(files().open(folder / "link", OpenMode::append).code() == Code::io_error);
  CHECK(files().open(folder / "link", OpenMode::create_new).code() == Code::already_exists);
}

TEST_CASE("files: what the store writes is for its own user only") {
  test::TemporaryFolder folder;
  REQUIRE(files().make_folder(folder / "d").ok());
  REQUIRE(write_file_durably(files(), folder / "d/f", as_bytes("x")).ok());
  struct stat info {};
  REQUIRE(stat((folder / "d").c_str(), &info) == 0);
  CHECK((info.st_mode & 077) == 0);
  REQUIRE(stat((folder / "d/f").c_str(), &info) == 0);
  CHECK((info.st_mode & 077) == 0);
}

TEST_CASE("files: folders are made, listed and removed") {
  test::TemporaryFolder folder;
  REQUIRE(files().make_folder(folder / "d").ok());
  CHECK(files().make_folder(folder / "d").ok());
  REQUIRE(write_file_durably(files(), folder / "d/f", as_bytes("x")).ok());
  CHECK(files().make_folder(folder / "d/f").code() == Code::not_a_folder);
  CHECK(files().list(folder / "d").value() == std::vector<std::string>{"f"});
  CHECK(files().exists(folder / "d/f").value());
  CHECK_FALSE(files().exists(folder / "d/f/g").value());
  CHECK_FALSE(files().remove(folder / "d").ok());
  CHECK(files().remove(folder / "d/f").ok());
  CHECK(files().remove(folder / "d/f").code() == Code::not_found);
  CHECK(files().remove(folder / "d").ok());
  CHECK(files().list(folder / "d").code() == Code::not_found);
}

TEST_CASE("files: errors say what was tried and where") {
  test::TemporaryFolder folder;
  const auto missing = files().open(folder / "a", OpenMode::read);
  CHECK(missing.error().to_string() ==
        "not_found: cannot open: No such file or directory: " + (folder / "a"));
}

TEST_CASE("files: too few file descriptors is unavailable, with advice, and passes") {
  test::TemporaryFolder folder;
  REQUIRE(write_file_durably(files(), folder / "a", as_bytes("x")).ok());
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &before) == 0);
  const int next = dup(0);
  close(next);
  const rlimit none{static_cast<rlim_t>(next), before.rlim_max};
  REQUIRE(setrlimit(RLIMIT_NOFILE, &none) == 0);
  const auto refused = files().open(folder / "a", OpenMode::read);
  REQUIRE(setrlimit(RLIMIT_NOFILE, &before) == 0);
  CHECK(refused.code() == Code::unavailable);
  CHECK(refused.error().text.find("ulimit -n") != std::string::npos);
  CHECK(refused.error().retryable());
  CHECK(files().open(folder / "a", OpenMode::read).ok());
}

TEST_CASE("files: a second lock is refused in this process and names its id") {
  test::TemporaryFolder folder;
  auto held = files().lock(folder / "lock");
  REQUIRE(held.ok());
  const auto second = files().lock(folder / "lock");
  REQUIRE(second.code() == Code::busy);
  CHECK(second.error().text.find("this process") != std::string::npos);
  CHECK(second.error().text.find(std::to_string(getpid())) != std::string::npos);
  held.value().reset();
  CHECK(files().lock(folder / "lock").ok());
}

TEST_CASE("files: a lock held by another process is refused until that process is gone") {
  test::TemporaryFolder folder;
  int ready[2], stop[2];
  REQUIRE(pipe(ready) == 0);
  REQUIRE(pipe(stop) == 0);
  const pid_t child = fork();
  if (child == 0) {
    close(stop[1]);
    const bool locked = files().lock(folder / "lock").ok();
    auto kept = files().lock((folder / "lock") + "2");  // held until this process ends
    char byte = locked && kept.ok() ? 'y' : 'n';
    if (write(ready[1], &byte, 1) != 1) _exit(1);
    (void)!read(stop[0], &byte, 1);
    _exit(0);
  }
  char byte = 0;
  REQUIRE(read(ready[0], &byte, 1) == 1);
  CHECK(byte == 'y');
  const auto refused = files().lock((folder / "lock") + "2");
  CHECK(refused.code() == Code::busy);
  CHECK(refused.error().text == "held by process " + std::to_string(child));
  close(stop[1]);
  REQUIRE(waitpid(child, nullptr, 0) == child);
  CHECK(files().lock((folder / "lock") + "2").ok());
  for (const int fd : {ready[0], ready[1], stop[0]}) close(fd);
}

TEST_CASE("read_file: a file over the limit is refused") {
  test::TemporaryFolder folder;
  REQUIRE(write_file_durably(files(), folder / "a", as_bytes("12345")).ok());
  CHECK(read_file(files(), folder / "a", 5).value() == "12345");
  const auto refused = read_file(files(), folder / "a", 4);
  CHECK(refused.code() == Code::limit_exceeded);
  CHECK(refused.error().limit == 4);
  CHECK(refused.error().used == 5);
}

TEST_CASE("write_file_durably: replaces what is there and leaves nothing beside it") {
  test::TemporaryFolder folder;
  REQUIRE(write_file_durably(files(), folder / "a", as_bytes("old")).ok());
  REQUIRE(write_file_durably(files(), folder / "a", as_bytes("new")).ok());
  CHECK(read_all(folder / "a") == "new");
  CHECK(files().list(folder.path().string()).value() == std::vector<std::string>{"a"});
}

TEST_CASE("write_file_durably: what a crash left beside it is no hindrance") {
  test::TemporaryFolder folder;
  auto torn = files().open(folder / "a.tmp", OpenMode::create_new).value();
  REQUIRE(torn->append(as_bytes("half a")).ok());
  REQUIRE(write_file_durably(files(), folder / "a", as_bytes("whole")).ok());
  CHECK(read_all(folder / "a") == "whole");
}

TEST_CASE("files: free space is measured") {
  test::TemporaryFolder folder;
  const FolderSpace space = files().space(folder.path().string()).value();
  CHECK(space.total_bytes > 0);
  CHECK(space.free_bytes <= space.total_bytes);
}

}  // namespace
}  // namespace spind
