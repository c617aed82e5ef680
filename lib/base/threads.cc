#include "base/threads.h"

#include <pthread.h>

#include <csignal>
#include <thread>
#include <utility>

namespace spind {
namespace {

// Signals belong to the host: a background thread inherits a full mask, so that a handler never
// runs on it.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

class SystemThread final : public Thread {
 public:
  SystemThread(const std::string& name, std::function<void()> body) {
    const SignalsBlocked blocked;
    thread_ = std::thread([name = name.substr(0, 15), body = std::move(body)] {
      pthread_setname_np(pthread_self(), name.c_str());
      body();
    });
  }
  ~SystemThread() override { thread_.join(); }

 private:
  std::thread thread_;
};

class SystemThreads final : public Threads {
 public:
  std::unique_ptr<Thread> start(std::string name, std::function<void()> body) override {
    return std::make_unique<SystemThread>(name, std::move(body));
  }
};

}  // namespace

Threads& Threads::system() {
  static Threads* const threads = std::make_unique<SystemThreads>().release();
  return *threads;
}

}  // namespace spind
