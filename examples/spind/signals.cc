#include "signals.h"

#include <signal.h>
#include <unistd.h>

namespace spind::tool {
namespace {

::sigset_t ending_signals() {
  ::sigset_t set;
  ::sigemptyset(&set);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    // A signal that the caller ignores (nohup, a shell's background job) stays ignored.
    struct ::sigaction action {};
    ::sigaction(number, nullptr, &action);
    if (action.sa_handler != SIG_IGN) ::sigaddset(&set, number);
  }
  // Wakes the thread at the end.
  ::sigaddset(&set, SIGUSR1);
  return set;
}

}  // namespace

SignalWatch::SignalWatch(CancelToken token) : token_(std::move(token)) {
  // Writing to a closed pipe answers EPIPE, which Output notices.
  ::signal(SIGPIPE, SIG_IGN);
  const ::sigset_t set = ending_signals();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  thread_ = std::thread([this] { wait_for_signals(); });
}

SignalWatch::~SignalWatch() {
  ended_ = true;
  ::pthread_kill(thread_.native_handle(), SIGUSR1);
  thread_.join();
}

void SignalWatch::wait_for_signals() {
  const ::sigset_t set = ending_signals();
  while (!ended_) {
    int number = 0;
    if (::sigwait(&set, &number) != 0 || number == SIGUSR1) continue;
    if (token_.cancelled()) ::_exit(128 + number);
    token_.cancel();
  }
}

}  // namespace spind::tool
