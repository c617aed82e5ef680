// Spaces that have a vault of their own.
#include <doctest/doctest.h>

#include "support/store/content.h"
#include "support/store/open_door.h"
#include "support/store/test_store.h"

namespace spind::test {
namespace {

constexpr std::uint64_t kInPack = 70'000, kAsObject = (1 << 20) + 500'000;

StoreOptions options_with(KeyProviderPtr keys) {
  StoreOptions options;
  options.keys = std::move(keys);
  options.upkeep_period = {};
  return options;
}

Space make_apart(TestStore& store, const std::string& alias) {
  SpaceOptions options{.alias = alias};
  options.vault = VaultRule::own;
  return store.session().create_space(options).value();
}

std::uint64_t pieces(TestStore& store) { return store.store().check()->pieces; }

void collect(TestStore& store, int rounds) {
  for (int i = 0; i < rounds; ++i)
    REQUIRE(store.store().collect({.grace = std::chrono::seconds(0)}).ok());
}

// Content of every size, with versions; the same in each space.
void fill(const Space& space) {
  REQUIRE(space.put("/inline", "of a few bytes").ok());
  REQUIRE(space.put("/packed", content(1, kInPack)).ok());
  REQUIRE(space.put("/object", content(2, kAsObject)).ok());
  REQUIRE(space.put("/inline", "of a few more bytes").ok());
}

void check_filled(const Space& space) {
  CHECK(space.get("/inline").value() == "of a few more bytes");
  CHECK(space.get("/packed").value() == content(1, kInPack));
  CHECK(space.get("/object").value() == content(2, kAsObject));
}

}  // namespace

TEST_CASE("own vault: one that a refused space left behind is not taken for that of another one") {
  TestStore store(MetadataEngine::memory, {}, options_with(open_door()));
  const Session other = store.store().session({.user = "eve", .tenant = "other"}).value();
  REQUIRE(other.create_space({.alias = "taken"}).ok());
  // In any order of the two vaults' names.
  for (std::uint8_t i = 1; i <= 8; ++i) {
    SpaceOptions options{.id = SpaceId{i}, .alias = "taken"};
    options.vault = VaultRule::own;
    REQUIRE(other.create_space(options).code() == Code::already_exists);
    options.alias = "s" + std::to_string(i);
    const Space space = store.session().create_space(options).value();
    REQUIRE(space.put("/packed", content(i, kInPack)).ok());
    REQUIRE(store.store().destroy_vault(space.id()).ok());
    CHECK(space.get("/packed").code() == Code::key_unavailable);
  }
}

TEST_CASE("own vault: nothing is shared with another space, and all works as anywhere else") {
  for (const MetadataEngine engine : engines()) {
    for (const KeyProviderPtr& keys : {KeyProviderPtr(), open_door()}) {
      CAPTURE(engine_name(engine));
      CAPTURE(keys != nullptr);
      TestStore store(engine, {}, options_with(keys));
      fill(store.make_space("ada"));
      fill(store.make_space("bob"));
      CHECK(pieces(store) == 2);
      const Space apart = make_apart(store, "apart");
      CHECK(apart.info()->vault == VaultRule::own);
      CHECK(store.space("ada").info()->vault == VaultRule::tenant);
      fill(apart);
      CHECK(pieces(store) == 4);
      fill(make_apart(store, "further"));
      CHECK(pieces(store) == 6);
      REQUIRE(apart.copy("/", "/copy").ok());
      const UploadInfo upload = apart.start_upload("/uploaded", kInPack).value();
      REQUIRE(apart.append_upload(upload.id, 0, content(1, kInPack)).ok());
      REQUIRE(apart.finish_upload(upload.id).ok());
      CHECK(pieces(store) == 6);
      store.reopen();
      check_filled(store.space("apart"));
      CHECK(store.space("apart").get("/copy/object").value() == content(2, kAsObject));
      CHECK(store.space("apart").get("/uploaded").value() == content(1, kInPack));
      CHECK(store.findings(true) == "");
    }
  }
}

TEST_CASE("own vault: a space that was purged takes with it what only its vault had") {
  TestStore store(MetadataEngine::memory, {}, options_with(nullptr));
  fill(store.make_space("ada"));
  const Space apart = make_apart(store, "apart");
  REQUIRE(apart.update({.floor = FloorPolicy{0, 0}}).ok());
  fill(apart);
  REQUIRE(apart.disable().ok());
  REQUIRE(apart.purge().ok());
  collect(store, 3);
  CHECK(pieces(store) == 2);
  check_filled(store.space("ada"));
  CHECK(store.findings(true) == "");
}

TEST_CASE("own vault: destroying it erases that space, and no other of the tenant") {
  for (const MetadataEngine engine : engines()) {
    CAPTURE(engine_name(engine));
    TestStore store(engine, {}, options_with(open_door()));
    const Space ada = store.make_space("ada"), apart = make_apart(store, "apart");
    fill(ada);
    fill(apart);
    CHECK(store.store().destroy_vault(ada.id()).code() == Code::not_found);
    REQUIRE(store.store().destroy_vault(apart.id()).ok());
    CHECK(apart.get("/inline").code() == Code::key_unavailable);
    CHECK(apart.put("/new", "text").code() == Code::key_unavailable);
    check_filled(ada);
    const std::vector<SpaceInfo> listed = store.session().list_spaces()->items;
    REQUIRE(listed.size() == 2);
    for (const SpaceInfo& info : listed) CHECK(info.locked == (info.id == apart.id()));
    collect(store, 3);
    CHECK(apart.get("/inline").code() == Code::not_found);
    CHECK(pieces(store) == 2);
    REQUIRE(store.store().destroy_vault(apart.id()).ok());
    store.reopen();
    check_filled(store.space("ada"));
    CHECK(store.session().list_spaces()->items.size() == 1);
    CHECK(store.findings(true) == "");
  }
}

TEST_CASE("own vault: that of the tenant can be destroyed without it, and both are listed") {
  TestStore store(MetadataEngine::memory, {}, options_with(open_door()));
  const Space ada = store.make_space("ada"), apart = make_apart(store, "apart");
  fill(ada);
  fill(apart);
  REQUIRE(store.store().rotate_vault(apart.id(), {.data_key = true})->generation == 2);
  CHECK(store.store().reseal_vault(apart.id())->pieces == 2);
  CHECK(store.store().reseal_vault(ada.id()).code() == Code::not_found);
  REQUIRE(store.store().destroy_vault("default").ok());
  CHECK(ada.get("/inline").code() == Code::key_unavailable);
  check_filled(apart);
  std::size_t own = 0;
  for (const VaultInfo& vault : *store.store().vaults()) {
    CHECK(vault.tenant == "default");
    CHECK(vault.generation == (vault.space ? 2 : 1));
    CHECK((vault.state == VaultState::in_use) == vault.space.has_value());
    own += vault.space == apart.id() ? 1 : 0;
  }
  CHECK(own == 1);
  CHECK(store.store().vaults()->size() == 2);
  collect(store, 3);
  store.reopen();
  check_filled(store.space("apart"));
  CHECK(store.findings(true) == "");
}

TEST_CASE("own vault: none is made for a space that cannot be") {
  TestStore store(MetadataEngine::memory, {}, options_with(open_door()));
  const Space apart = make_apart(store, "apart");
  SpaceOptions options{.alias = "apart"};
  options.vault = VaultRule::own;
  CHECK(store.session().create_space(options).code() == Code::already_exists);
  options.alias = "other";
  options.id = apart.id();
  CHECK(store.session().create_space(options).code() == Code::already_exists);
  options.id.reset();
  options.vault = VaultRule{3};
  CHECK(store.session().create_space(options).code() == Code::invalid_argument);
  CHECK(store.store().vaults()->size() == 1);
}

}  // namespace spind::test
