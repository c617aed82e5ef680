#include "support/http/connect_proxy.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/http/wire.h"

namespace spind::test {
namespace {

bool pass_on(int from, int to) {
  char bytes[16 * 1024];
  const ssize_t got = ::recv(from, bytes, sizeof bytes, 0);
  return got > 0 && send_all(to, {bytes, static_cast<std::size_t>(got)});
}

// Until one of them has had enough.
void join(int client, int server) {
  pollfd both[2] = {{.fd = client, .events = POLLIN, .revents = 0},
                    {.fd = server, .events = POLLIN, .revents = 0}};
  while (::poll(both, 2, -1) > 0) {
    if (both[0].revents != 0 && !pass_on(client, server)) return;
    if (both[1].revents != 0 && !pass_on(server, client)) return;
  }
}

}  // namespace

std::vector<std::string> ConnectProxy::asked_for() const {
  const std::lock_guard lock(mutex_);
  return asked_for_;
}

void ConnectProxy::serve(int client) {
  std::string from_client;
  const std::optional<std::string> head = read_head(client, from_client);
  if (!head || !head->starts_with("CONNECT ")) return;
  const std::string where = head->substr(8, head->find(' ', 8) - 8);
  {
    const std::lock_guard lock(mutex_);
    asked_for_.push_back(where);
  }
  if (refuses_) {
    (void)send_all(client, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    return;
  }
  const std::size_t port = std::stoul(where.substr(where.rfind(':') + 1));
  const int server = connect_to(static_cast<std::uint16_t>(port));
  if (server < 0) return;
  if (send_all(client, "HTTP/1.1 200 Connected\r\n\r\n") && send_all(server, from_client))
    join(client, server);
  ::close(server);
}

}  // namespace spind::test
