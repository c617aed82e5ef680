#include "support/store/worker_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <stdexcept>

namespace spind::test {
namespace {

// Both ends are closed in every program that is started beside this one.
void make_pipe(int (&ends)[2]) {
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("cannot make a pipe");
}

[[noreturn]] void become(char** arguments, int words, int records) {
  // Above those that they become, so that neither is overwritten by the other.
  const int words_above = ::fcntl(words, F_DUPFD_CLOEXEC, kRecordPipe + 1);
  const int records_above = ::fcntl(records, F_DUPFD_CLOEXEC, kRecordPipe + 1);
  ::dup2(words_above, STDIN_FILENO);
  ::dup2(records_above, kRecordPipe);
  ::execv(arguments[0], arguments);
  ::_exit(127);
}

int milliseconds_to(WorkerProcess::Time::time_point until) {
  constexpr long kLongest = 60'000;
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(until - WorkerProcess::Time::now());
  return static_cast<int>(std::clamp<long>(left.count() + 1, 0, kLongest));
}

}  // namespace

void tell(const WorkerRecord& record) {
  // Smaller than PIPE_BUF, so it is written whole.
  if (::write(kRecordPipe, &record, sizeof record) != sizeof record) std::_Exit(4);
}

WorkerProcess::WorkerProcess(std::vector<std::string> words) {
  int record_ends[2], word_ends[2];
  make_pipe(record_ends);
  make_pipe(word_ends);
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  child_ = ::fork();
  if (child_ == 0) become(arguments.data(), word_ends[0], record_ends[1]);
  if (child_ < 0) throw std::runtime_error("cannot fork");
  ::close(record_ends[1]);
  ::close(word_ends[0]);
  records_ = record_ends[0];
  words_ = word_ends[1];
}

WorkerProcess::~WorkerProcess() {
  if (child_ > 0) {
    kill();
    (void)wait();
  }
  ::close(records_);
  ::close(words_);
}

WorkerProcess::Heard WorkerProcess::hear(WorkerRecord& record, Time::time_point until) {
  while (heard_.size() < sizeof record) {
    // A worker that never falls silent is interrupted too.
    if (Time::now() >= until) return Heard::nothing;
    pollfd waiting{.fd = records_, .events = POLLIN, .revents = 0};
    ::poll(&waiting, 1, milliseconds_to(until));
    if (waiting.revents == 0) continue;
    char bytes[4096];
    const ssize_t count = ::read(records_, bytes, sizeof bytes);
    if (count <= 0) return Heard::end;
    heard_.append(bytes, static_cast<std::size_t>(count));
  }
  if (Time::now() >= until) return Heard::nothing;
  std::memcpy(&record, heard_.data(), sizeof record);
  heard_.erase(0, sizeof record);
  return Heard::record;
}

void WorkerProcess::say(char word) {
  // One that was killed meanwhile reads nothing, which is heard by the end of its records.
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  (void)!::write(words_, &word, 1);
  std::signal(SIGPIPE, before);
}

std::uint64_t WorkerProcess::memory_peak_bytes() const {
  std::ifstream status("/proc/" + std::to_string(child_) + "/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:")) return std::stoull(line.substr(6)) * 1024;
  return 0;
}

void WorkerProcess::kill() { ::kill(child_, SIGKILL); }

int WorkerProcess::wait() {
  int status = 0;
  ::waitpid(child_, &status, 0);
  child_ = -1;
  return status;
}

}  // namespace spind::test
