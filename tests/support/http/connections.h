// Accepts connections on a free port of 127.0.0.1, each served by a thread of its own.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <set>
#include <thread>

namespace spind::test {

// Thread-safe.
class Connections {
 public:
  // `serve` returns when the connection is to be closed.
  explicit Connections(std::function<void(int connection)> serve);
  // Breaks what is open, and waits.
  ~Connections();
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;

  std::uint16_t port() const { return port_; }
  bool ending() const { return ending_; }
  // Since it is there.
  std::size_t accepted() const { return accepted_; }
  void break_all();
  // Nobody is served any more; at most for so long. False if it did not come to that.
  bool wait_for_all(std::chrono::milliseconds at_most);

 private:
  void accept_all();
  void serve_one(int connection);

  const std::function<void(int)> serve_;
  std::uint16_t port_ = 0;
  int listener_ = -1;
  std::atomic<bool> ending_ = false;
  std::atomic<std::size_t> accepted_ = 0;
  std::mutex mutex_;
  std::set<int> open_;  // under mutex_
  std::condition_variable all_closed_;
  std::thread acceptor_;
};

}  // namespace spind::test
