// A sealed row, bytes and keys: what was sealed once opens for ever.
#include <doctest/doctest.h>

#include <cstdint>

#include "content/space_rows.h"
#include "format/golden.h"
#include "kv/memory/memory_store.h"
#include "model/keys.h"
#include "model/records.h"
#include "model/sealed_row.h"
#include "support/store/open_door.h"

namespace spind::test {
namespace {

// 0, 1, 2, … so that keys and nonces are the same each time.
class CountingRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> out) override {
    for (std::uint8_t& byte : out) byte = next_++;
  }

 private:
  std::uint8_t next_ = 0;
};

}  // namespace

TEST_CASE("format: a sealed row") {
  CountingRandom random;
  const auto below =
      kv::open_memory({.threads = Threads::system(), .clock = Clock::system()}).value();
  const auto keys = content::VaultKeys::open({.kv = below.get(),
                                              .files = &Files::system(),
                                              .folder = {},
                                              .provider = open_door(),
                                              .random = &random,
                                              .store_is_new = true})
                        .value();
  const model::VaultId vault = model::vault_of("school-12");
  REQUIRE(keys->find_or_make(vault).ok());
  SpaceId space;
  space.bytes.fill(7);
  model::SpaceRecord record;
  record.kind = SpaceKind::personal;
  record.tenant = "school-12";
  const kv::Answer made =
      below->update({model::space_partition(space)}, [&](kv::Transaction& rows) -> kv::Outcome {
        rows.put(kv::Family::state, model::info_key(space), model::encode(record));
        return kv::Commit{};
      });
  REQUIRE(made.status.ok());
  REQUIRE(below->wait(made.ticket).ok());

  content::SpaceRows rows(*below, *keys, random);
  const auto of_space =
      rows.keys_of(*below->durable(), kv::RowSealer::Rows::durable, model::space_partition(space));
  REQUIRE(of_space.ok());
  const std::string key = model::property_key(space, 5, "colour");
  const std::string value = model::encode_property("blue");
  const std::string sealed = (*of_space)->seal(kv::Family::state, key, value).value();
  const std::string golden = golden_bytes("sealed-row", sealed);
  CHECK(sealed == golden);

  content::SpaceRows anew(*below, *keys, random);
  std::string plain;
  const auto open = [&](kv::Family family, const std::string& at, const std::string& bytes) {
    return anew.open(family, at, bytes, kv::RowSealer::Keys::wherever, plain).code();
  };
  REQUIRE(open(kv::Family::state, key, golden) == Code::ok);
  CHECK(plain == value);
  CHECK(open(kv::Family::journal, key, golden) == Code::corruption);
  CHECK(open(kv::Family::state, model::property_key(space, 6, "colour"), golden) ==
        Code::corruption);
  CHECK(open(kv::Family::state, key, value) == Code::corruption);
  for (std::size_t size = 0; size < golden.size(); ++size)
    CHECK(open(kv::Family::state, key, golden.substr(0, size)) == Code::corruption);
  for (std::size_t i = 0; i < golden.size(); ++i) {
    std::string flipped = golden;
    flipped[i] = static_cast<char>(flipped[i] ^ 1);
    // The second byte is the format.
    CHECK(open(kv::Family::state, key, flipped) == (i == 1 ? Code::unsupported : Code::corruption));
  }
}

TEST_CASE("format: which rows are sealed") {
  const SpaceId space{};
  CHECK(model::is_sealed_row(model::node_key(space, 1, "essay.odt")));
  CHECK(model::is_sealed_row(model::payload_key(space, 1)));
  CHECK(model::is_sealed_row(model::attachment_key(space, {1, 0})));
  CHECK_FALSE(model::is_sealed_row(model::head_key(space)));
  CHECK_FALSE(model::is_sealed_row(model::info_key(space)));
  CHECK_FALSE(model::is_sealed_row(model::skeleton_key(space, 1)));
  CHECK_FALSE(model::is_sealed_row(model::reference_key(space, {})));
  CHECK_FALSE(model::is_sealed_row(model::ledger_vault_key(model::VaultId{})));
  CHECK_FALSE(model::is_sealed_row(model::space_partition(space)));
  CHECK_FALSE(model::is_sealed_row(""));
}

}  // namespace spind::test
