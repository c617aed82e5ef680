#include "support/http/free_port.h"

#include <unistd.h>

#include "support/http/wire.h"

namespace spind::test {

std::uint16_t free_port() {
  std::uint16_t port = 0;
  ::close(listen_on_free_port(port));
  return port;
}

bool listens(std::uint16_t port) {
  const int connection = connect_to(port);
  if (connection >= 0) ::close(connection);
  return connection >= 0;
}

}  // namespace spind::test
