// Ten lines against the installed library.
#include <spind/error.h>

#include <iostream>

int main() {
  const spind::Error error{.code = spind::Code::not_found, .text = "no such node"};
  std::cout << error.to_string() << "\n";
  return error.retryable() ? 1 : 0;
}
