#include "format/golden.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "base/hex.h"

namespace spind::test {

std::filesystem::path golden_folder() { return SPIND_GOLDEN; }

bool may_write_golden() { return std::getenv("SPIND_WRITE_GOLDEN") != nullptr; }

std::string golden_bytes(std::string_view name, std::string_view now) {
  const auto path = golden_folder() / (std::string(name) + ".hex");
  if (!std::filesystem::exists(path) && may_write_golden())
    std::ofstream(path) << to_hex(as_bytes(now)) << "\n";
  std::ifstream file(path);
  REQUIRE_MESSAGE(file.good(), "no golden file: ", path.string());
  std::string text((std::istreambuf_iterator<char>(file)), {});
  while (!text.empty() && text.back() == '\n') text.pop_back();
  const auto bytes = from_hex(text);
  REQUIRE_MESSAGE(bytes.has_value(), "not hex: ", path.string());
  return *bytes;
}

}  // namespace spind::test
