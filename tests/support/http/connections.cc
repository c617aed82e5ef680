#include "support/http/connections.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>

#include "support/http/wire.h"

namespace spind::test {

Connections::Connections(std::function<void(int)> serve) : serve_(std::move(serve)) {
  listener_ = listen_on_free_port(port_);
  acceptor_ = std::thread([this] { accept_all(); });
}

Connections::~Connections() {
  ending_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  break_all();
  std::unique_lock lock(mutex_);
  all_closed_.wait(lock, [&] { return open_.empty(); });
  ::close(listener_);
}

void Connections::break_all() {
  const std::lock_guard lock(mutex_);
  for (const int connection : open_) ::shutdown(connection, SHUT_RDWR);
}

bool Connections::wait_for_all(std::chrono::milliseconds at_most) {
  std::unique_lock lock(mutex_);
  return all_closed_.wait_for(lock, at_most, [&] { return open_.empty(); });
}

void Connections::accept_all() {
  while (!ending_) {
    const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) continue;
    ++accepted_;
    const int at_once = 1;
    ::setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
    const std::lock_guard lock(mutex_);
    open_.insert(connection);
    // Thousands may come and go, so none is kept to be joined.
    std::thread([this, connection] { serve_one(connection); }).detach();
  }
}

void Connections::serve_one(int connection) {
  serve_(connection);
  const std::lock_guard lock(mutex_);
  open_.erase(connection);
  ::close(connection);
  all_closed_.notify_all();
}

}  // namespace spind::test
