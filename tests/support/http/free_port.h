// Ports of 127.0.0.1.
#pragma once

#include <cstdint>

namespace spind::test {

// One on which nobody listens, at this moment.
std::uint16_t free_port();
bool listens(std::uint16_t port);

}  // namespace spind::test
