#include "output.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <thread>
#include <utility>

using spind::tool::Output;

namespace {

struct Pipe {
  Pipe() { REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0); }
  ~Pipe() {
    ::close(ends[0]);
    ::close(ends[1]);
  }
  std::array<int, 2> ends{};
};

}  // namespace

TEST_CASE("output: what is flushed has been handed over") {
  const Pipe pipe;
  Output out(pipe.ends[1]);
  out.write("one ");
  out.write("two");
  REQUIRE(out.flush());
  std::array<char, 16> buffer{};
  CHECK(::read(pipe.ends[0], buffer.data(), buffer.size()) == 7);
  CHECK(std::string_view(buffer.data()) == "one two");
}

TEST_CASE("output: a full device is noticed, once and for all") {
  const int fd = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  REQUIRE(fd >= 0);
  Output out(fd);
  out.write("x");
  CHECK_FALSE(out.flush());
  CHECK(out.failure() == ENOSPC);
  CHECK_FALSE(out.flush());
  ::close(fd);
}

TEST_CASE("output: a reader that went away is noticed") {
  const auto before = ::signal(SIGPIPE, SIG_IGN);
  Pipe pipe;
  ::close(std::exchange(pipe.ends[0], -1));
  Output out(pipe.ends[1]);
  out.write(std::string(1 << 20, 'x'));
  CHECK(out.failed());
  CHECK(out.failure() == EPIPE);
  ::signal(SIGPIPE, before);
}

TEST_CASE("output: a pipe that does not block gets everything all the same") {
  const Pipe pipe;
  REQUIRE(::fcntl(pipe.ends[1], F_SETFL, O_NONBLOCK) == 0);
  constexpr std::size_t kBytes = 1 << 20;
  std::size_t got = 0;
  std::thread reader([&] {
    std::array<char, 4096> buffer{};
    while (got < kBytes) {
      const ssize_t n = ::read(pipe.ends[0], buffer.data(), buffer.size());
      if (n <= 0) return;
      got += static_cast<std::size_t>(n);
    }
  });
  Output out(pipe.ends[1]);
  out.write(std::string(kBytes, 'x'));
  CHECK(out.flush());
  reader.join();
  CHECK(got == kBytes);
}
