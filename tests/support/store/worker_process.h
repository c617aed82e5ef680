// A worker, seen from its driver: started, listened to, and killed.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "support/store/worker_record.h"

namespace spind::test {

// One thread at a time. Destroyed: killed, if it still runs.
class WorkerProcess {
 public:
  using Time = std::chrono::steady_clock;

  // The program and its arguments.
  explicit WorkerProcess(std::vector<std::string> words);
  ~WorkerProcess();
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  int id() const { return child_; }
  // Of resident memory so far; 0: it has ended.
  std::uint64_t memory_peak_bytes() const;
  enum class Heard { record, nothing, end };
  // nothing: the time is over; what the worker has told by then is heard later.
  Heard hear(WorkerRecord& record, Time::time_point until);
  // A word through its standard input.
  void say(char word);
  void kill();
  // To be called once nothing more is heard. How it ended, as waitpid tells it.
  int wait();

 private:
  int child_ = -1;
  int records_ = -1, words_ = -1;
  std::string heard_;  // of a record that has not come whole
};

}  // namespace spind::test
