#include <doctest/doctest.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <set>
#include <string>

#include "base/clock.h"
#include "base/errno_error.h"
#include "base/random.h"
#include "base/threads.h"

namespace spind {
namespace {

TEST_CASE("clock: the monotonic time never goes back and the wall time is of this century") {
  std::int64_t last = Clock::system().monotonic_ns();
  for (int i = 0; i < 1'000; ++i) {
    const std::int64_t now = Clock::system().monotonic_ns();
    CHECK(now >= last);
    last = now;
  }
  CHECK(Clock::system().wall_ns() > std::int64_t{1'700'000'000} * 1'000'000'000);
}

TEST_CASE("clock: lengths of time of any size are nanoseconds that can be added to a time") {
  using std::chrono::milliseconds;
  CHECK(to_ns(milliseconds(3)) == 3'000'000);
  CHECK(to_ns(milliseconds(-1)) == 0);
  CHECK(to_ns(milliseconds::min()) == 0);
  CHECK(to_ns(milliseconds::max()) == to_ns(kTimeMax));
  CHECK(Clock::system().wall_ns() + to_ns(milliseconds::max()) > Clock::system().wall_ns());
}

TEST_CASE("random: draws of every size are filled and differ") {
  std::set<std::string> seen;
  for (const std::size_t size : {16u, 100u, 1'000u, 1'024u, 1'025u, 5'000u, 16u, 16u}) {
    std::string bytes(size, '\0');
    Random::system().fill({reinterpret_cast<std::uint8_t*>(bytes.data()), size});
    CHECK(bytes.substr(size - 16) != std::string(16, '\0'));
    CHECK(seen.insert(bytes).second);
  }
  for (int i = 0; i < 10'000; ++i) {
    const std::uint64_t drawn = Random::system().next_u64();
    CHECK(seen.insert(std::to_string(drawn)).second);
  }
}

TEST_CASE("random: a child process does not draw what its parent draws") {
  (void)Random::system().next_u64();  // so that both have a block to draw from
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  if (child == 0) {
    const std::uint64_t drawn = Random::system().next_u64();
    _exit(write(ends[1], &drawn, sizeof drawn) == sizeof drawn ? 0 : 1);
  }
  std::uint64_t theirs = 0;
  REQUIRE(read(ends[0], &theirs, sizeof theirs) == sizeof theirs);
  CHECK(Random::system().next_u64() != theirs);
  REQUIRE(waitpid(child, nullptr, 0) == child);
  close(ends[0]);
  close(ends[1]);
}

TEST_CASE("threads: a thread has its name, takes no signals, and is joined") {
  std::array<char, 16> name{};
  bool blocked = false;
  std::atomic<bool> ran = false;
  {
    const auto thread = Threads::system().start("a-name-that-is-too-long", [&] {
      pthread_getname_np(pthread_self(), name.data(), name.size());
      sigset_t mask;
      pthread_sigmask(SIG_SETMASK, nullptr, &mask);
      blocked = sigismember(&mask, SIGTERM) == 1;
      ran = true;
    });
  }
  CHECK(ran);
  CHECK(blocked);
  CHECK(std::string(name.data()) == "a-name-that-is-");
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  CHECK(sigismember(&mask, SIGTERM) == 0);
}

TEST_CASE("errors: a code has its name, and says whether trying again can help") {
  CHECK(code_name(Code::folder_not_empty) == "folder_not_empty");
  CHECK(code_name(static_cast<Code>(9'999)) == "unknown");
  CHECK(Error{Code::busy, ""}.retryable());
  CHECK_FALSE(Error{Code::corruption, ""}.retryable());
  CHECK_FALSE(Error{static_cast<Code>(9'999), ""}.retryable());
  CHECK(Error{Code::not_found, "no such node", "/a"}.to_string() == "not_found: no such node: /a");
  CHECK(Error{Code::aborted, ""}.to_string() == "aborted");
}

TEST_CASE("errors: the system's numbers map to the table") {
  CHECK(errno_error(ENOSPC, "write to", "f").code == Code::no_space);
  CHECK(errno_error(EDQUOT, "write to", "f").code == Code::no_space);
  CHECK(errno_error(ENFILE, "open", "f").code == Code::unavailable);
  CHECK(errno_error(EIO, "read", "f").code == Code::io_error);
  CHECK(errno_error(EROFS, "open", "f").to_string() ==
        "io_error: cannot open: Read-only file system: f");
  CHECK(errno_error(EOPNOTSUPP, "punch a hole into", "f").code == Code::unsupported);
}

}  // namespace
}  // namespace spind
