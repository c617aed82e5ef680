#include "crash/crash_driver.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstring>
#include <stdexcept>

#include "crash/crash_record.h"

namespace spind::test {
namespace {

using Time = std::chrono::steady_clock;

int start(const std::vector<std::string>& words) {
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const int child = ::fork();
  if (child == 0) {
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
  }
  if (child < 0) throw std::runtime_error("cannot fork");
  return child;
}

}  // namespace

CrashDriver::CrashDriver(std::uint64_t seed) : seed_(seed), random_(seed), ledger_(seed) {}

void CrashDriver::kill_once(Aftermath& tally) {
  run_writer(tally);
  judge(tally);
}

void CrashDriver::run_writer(Aftermath& tally) {
  int ends[2];
  if (::pipe(ends) != 0) throw std::runtime_error("cannot make a pipe");
  ::fcntl(ends[0], F_SETFD, FD_CLOEXEC);
  std::vector<std::string> words = {SPIND_CRASH_WRITER, folder_ / "store", std::to_string(seed_),
                                    std::to_string(ends[1])};
  for (std::uint32_t writer = 0; writer < kWriters; ++writer)
    words.push_back(std::to_string(ledger_.next_step(writer)));
  const int child = start(words);
  ::close(ends[1]);
  listen(ends[0], child, tally);
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
    tally.note("the writer ended by itself, status " + std::to_string(status));
  ++tally.kills;
}

// Reads until the pipe ends, and kills the writer on the way: mostly some time after some
// steps were acknowledged, at times while it is still opening the store.
void CrashDriver::listen(int pipe, int child, Aftermath& tally) {
  const bool early = random_() % 8 == 0;
  Time::time_point kill_at = Time::now() + std::chrono::seconds(60);
  if (early) kill_at = Time::now() + std::chrono::microseconds(random_() % 200'000);
  bool told = false, killed = false;
  const std::uint64_t wanted = ledger_.acknowledged_count() + 1 + random_() % 8;
  heard_.clear();
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(kill_at - Time::now()).count();
    pollfd waiting{.fd = pipe, .events = POLLIN, .revents = 0};
    ::poll(&waiting, 1, killed ? -1 : static_cast<int>(std::max<long>(left, 0)));
    if (!killed && Time::now() >= kill_at) {
      ::kill(child, SIGKILL);
      killed = true;
    }
    if (waiting.revents == 0) continue;
    char bytes[4096];
    const ssize_t count = ::read(pipe, bytes, sizeof bytes);
    if (count <= 0) return;
    hear(bytes, static_cast<std::size_t>(count), tally);
    if (told || ledger_.acknowledged_count() < wanted) continue;
    if (!early) kill_at = Time::now() + std::chrono::microseconds(random_() % 150'000);
    told = true;
  }
}

void CrashDriver::hear(const char* bytes, std::size_t size, Aftermath& tally) {
  heard_.append(bytes, size);
  std::size_t at = 0;
  for (; heard_.size() - at >= sizeof(CrashRecord); at += sizeof(CrashRecord)) {
    CrashRecord record;
    std::memcpy(&record, heard_.data() + at, sizeof record);
    switch (record.kind) {
      case CrashRecord::Kind::begun: ledger_.begun(record.writer, record.step); break;
      case CrashRecord::Kind::acknowledged: ledger_.acknowledged(record.writer, record.step); break;
      case CrashRecord::Kind::failed:
        tally.note("writer " + std::to_string(record.writer) + " failed in step " +
                   std::to_string(record.step));
        break;
    }
  }
  heard_.erase(0, at);
}

void CrashDriver::judge(Aftermath& tally) {
  StoreOptions options{.create = true};
  options.memory_bytes = 256ull << 20;
  options.free_space_reserve_bytes = 0;
  Result<Store> store = Store::open(folder_ / "store", options);
  if (!store.ok()) return tally.note("open: " + store.error().to_string());
  look_at(*store, folder_ / "store", ledger_, tally);
}

}  // namespace spind::test
