// SIGINT, SIGTERM and SIGHUP set a cancel token, so that a command ends in order; a second one ends
// the process at once. What was acknowledged is durable either way.
#pragma once

#include <atomic>
#include <thread>

#include "spind/options.h"

namespace spind::tool {

// Made before any other thread: the signals are blocked in all of them and taken by one of its own.
class SignalWatch {
 public:
  explicit SignalWatch(CancelToken token);
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

 private:
  void wait_for_signals();

  CancelToken token_;
  std::atomic<bool> ended_{false};
  std::thread thread_;
};

}  // namespace spind::tool
