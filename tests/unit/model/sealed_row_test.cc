#include "model/sealed_row.h"

#include <doctest/doctest.h>

#include "model/keys.h"

namespace spind::model {
namespace {

TEST_CASE("sealed rows: a value is bound to its vault, its family and all of its key") {
  VaultId vault{};
  vault[3] = 7;
  const std::string key = node_key(SpaceId{}, NodeId{}, "essay.txt");
  const std::string about = about_row(1, key, vault);
  CHECK(about == std::string("spind row\1\1", 11) +
                     std::string(reinterpret_cast<const char*>(vault.data()), vault.size()) + key);
  CHECK(about_row(2, key, vault) != about);
  for (std::size_t i = 0; i < key.size(); ++i) {
    std::string other = key;
    other[i] = static_cast<char>(other[i] ^ 1);
    CHECK(about_row(1, other, vault) != about);
  }
  for (std::size_t i = 0; i < vault.size(); ++i) {
    VaultId other = vault;
    other[i] ^= 1;
    CHECK(about_row(1, key, other) != about);
  }
}

}  // namespace
}  // namespace spind::model
