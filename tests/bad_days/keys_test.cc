// Stores of which everything is encrypted: keys that are wrong, gone, changed or late.
#include <filesystem>

#include <doctest/doctest.h>

#include "bad_days/host_keys.h"
#include "model/keys.h"
#include "model/records.h"
#include "model/vault_rows.h"
#include "spind/key_provider.h"
#include "support/harness.h"
#include "support/store/test_store.h"

using namespace spind;
using namespace spind::test;

namespace {

StoreOptions with(KeyProviderPtr keys) {
  StoreOptions options;
  options.keys = std::move(keys);
  options.compress = false;  // so that what is planted would be found as it is
  options.upkeep_period = {};
  return options;
}

const std::string kPlanted = "Locker 17: the planted secret of Ada ";

std::string planted(std::size_t size_bytes) {
  std::string text;
  while (text.size() < size_bytes) text += kPlanted;
  text.resize(size_bytes);
  return text;
}

// Small content, content in a pack and content in objects, with versions, properties and trash.
void fill(const Space& space) {
  REQUIRE(space.put("/small.txt", kPlanted).ok());
  REQUIRE(space.put("/packed.txt", planted(100'000)).ok());
  REQUIRE(space.put("/large.txt", planted(1'200'000)).ok());
  REQUIRE(space.put("/small.txt", kPlanted + "again").ok());
  REQUIRE(space.set_properties("/small.txt", {{"colour", "planted blue"}}).ok());
  REQUIRE(space.put("/gone.txt", kPlanted).ok());
  REQUIRE(space.remove("/gone.txt").ok());
}

void check_filled(const Space& space) {
  CHECK(space.get("/small.txt").value() == kPlanted + "again");
  CHECK(space.get("/packed.txt").value() == planted(100'000));
  CHECK(space.get("/large.txt").value() == planted(1'200'000));
}

Space other_space(Store& store, const std::string& alias) {
  SessionOptions who{.user = "bob"};
  who.tenant = "another school";
  return store.session(who)->create_space({.alias = alias}).value();
}

void check_locked(const Space& space) {
  CHECK(space.get("/small.txt").code() == Code::key_unavailable);
  CHECK(space.stat("/").code() == Code::key_unavailable);
  CHECK(space.list("/").code() == Code::key_unavailable);
  CHECK(space.put("/new.txt", "text").code() == Code::key_unavailable);
  CHECK(space.put("/new.txt", planted(50'000)).code() == Code::key_unavailable);
  CHECK(space.move("/small.txt", "/moved.txt").code() == Code::key_unavailable);
  CHECK(space.remove("/small.txt").code() == Code::key_unavailable);
  CHECK(space.versions("/small.txt").code() == Code::key_unavailable);
  CHECK(space.trash().code() == Code::key_unavailable);
  CHECK(space.info().code() == Code::key_unavailable);
  CHECK(space.changes("").code() == Code::key_unavailable);
  CHECK(space.rewind({.entry = 1}).code() == Code::key_unavailable);
}

}  // namespace

TEST_CASE("keys: a store of keys works as any other, and reads again after it was opened anew") {
  for (const MetadataEngine engine : engines()) {
    CAPTURE(engine_name(engine));
    const KeyFile keys;
    TestStore store(engine, {}, with(keys.provider()));
    fill(store.make_space("ada"));
    check_filled(store.space("ada"));
    CHECK(store.findings(true) == "");
    store.reopen();
    check_filled(store.space("ada"));
    CHECK(store.findings(true) == "");
    REQUIRE(store.store().collect({.grace = std::chrono::seconds(0)}).ok());
    check_filled(store.space("ada"));
  }
}

TEST_CASE("bad day: other keys do not open the store, and it names its own") {
  const KeyFile keys, others;
  TestStore store(MetadataEngine::memory, {}, with(keys.provider()));
  fill(store.make_space("ada"));
  store.close();
  store.give_keys(others.provider());
  const Status wrong = store.open();
  CHECK(wrong.code() == Code::key_unavailable);
  CHECK(wrong.error().text.find(keys.provider()->current_key_id().value()) != std::string::npos);
  store.give_keys(keys.provider());
  REQUIRE(store.open().ok());
  check_filled(store.space("ada"));
}

TEST_CASE("bad day: without keys a store opens, says what is missing, and repairs nothing") {
  for (const MetadataEngine engine : engines()) {
    CAPTURE(engine_name(engine));
    const KeyFile keys;
    TestStore store(engine, {}, with(keys.provider()));
    const SpaceId id = store.make_space("ada").id();
    fill(store.space("ada"));
    store.close();
    store.give_keys(nullptr);
    REQUIRE(store.open().ok());
    const auto opened = store.session().space(id);
    CHECK(opened.code() == Code::key_unavailable);
    CHECK(opened.error().text.find("without keys") != std::string::npos);
    CHECK(store.session().create_space({.alias = "new"}).code() == Code::key_unavailable);
    CheckOptions repair;
    repair.repair = true;
    repair.read_content = true;
    const auto report = store.store().check(repair);
    REQUIRE(report.ok());
    CHECK(report->locked_spaces == 1);
    CHECK(report->repaired == 0);
    CHECK(report->set_aside_total == 0);
    CHECK(store.store().scrub().ok());
    CHECK(store.store().collect({.grace = std::chrono::seconds(0)})->locked_spaces == 1);
    store.close();
    store.give_keys(keys.provider());
    REQUIRE(store.open().ok());
    check_filled(store.space("ada"));
    CHECK(store.findings(true) == "");
  }
}

TEST_CASE("bad day: a repair without keys lets go of nothing, though a row that holds it is lost") {
  const KeyFile keys;
  TestStore store(MetadataEngine::memory, {}, with(keys.provider()));
  fill(store.make_space("ada"));
  const model::VaultId vault = model::vault_of("default");
  std::size_t lost = 0;
  for (unsigned bucket = 0; bucket < 256; ++bucket) {
    const auto byte = static_cast<std::uint8_t>(bucket);
    const std::string prefix = model::bucket_prefix(vault, byte, model::VaultRow::holder);
    const auto held = store.rows().durable();
    const auto cursor = held->scan(kv::Family::content, prefix, model::end_of(prefix));
    for (; cursor->valid(); cursor->next(), ++lost) {
      const std::string key(cursor->key());
      const kv::Answer erased = store.rows().update({model::bucket_partition(vault, byte)},
                                                    [&](kv::Transaction& rows) -> kv::Outcome {
                                                      rows.erase(kv::Family::content, key);
                                                      return kv::Commit{};
                                                    });
      REQUIRE(erased.status.ok());
      REQUIRE(store.rows().wait(erased.ticket).ok());
    }
  }
  REQUIRE(lost > 1);
  CheckOptions repair;
  repair.repair = true;
  store.close();
  store.give_keys(nullptr);
  REQUIRE(store.open().ok());
  CHECK(store.store().check(repair)->findings_left == lost);
  for (int round = 0; round < 3; ++round)
    CHECK(store.store().collect({.grace = std::chrono::seconds(0)}).ok());
  store.close();
  store.give_keys(keys.provider());
  REQUIRE(store.open().ok());
  CHECK(store.store().check(repair)->findings_left == 0);
  REQUIRE(store.store().collect({.grace = std::chrono::seconds(0)}).ok());
  check_filled(store.space("ada"));
  CHECK(store.findings(true) == "");
}

TEST_CASE("keys: a destroyed vault keeps nobody from collecting what another tenant gave up") {
  const KeyFile keys;
  TestStore store(MetadataEngine::memory, {}, with(keys.provider()));
  const Space ada = store.make_space("ada");
  fill(ada);
  // Stored, but never referred to: the collector is to look at it.
  CHECK(ada.put("/wrong", planted(200'000), {.sha256 = Sha256{}}).code() ==
        Code::precondition_failed);
  const Space bob = other_space(store.store(), "bob");
  REQUIRE(bob.update({.floor = FloorPolicy{0, 0}, .trash = TrashPolicy{0}}).ok());
  REQUIRE(bob.put("/a", planted(300'000)).ok());
  REQUIRE(bob.remove("/a").ok());
  REQUIRE(store.store().destroy_vault("default").ok());
  std::uint64_t removed = 0;
  for (int round = 0; round < 3; ++round) {
    const auto report = store.store().collect({.grace = std::chrono::seconds(0)});
    REQUIRE(report.ok());
    removed += report->removed;
  }
  CHECK(removed == 4);  // and the three of the destroyed vault
}

TEST_CASE("bad day: a store that was made without keys takes none") {
  const KeyFile keys;
  TestStore store(MetadataEngine::memory, {}, with(nullptr));
  REQUIRE(store.make_space("ada").put("/a", "plain").ok());
  CHECK(store.store().vaults()->empty());
  CHECK(store.store().destroy_vault("default").code() == Code::not_found);
  store.close();
  store.give_keys(keys.provider());
  CHECK(store.open().code() == Code::invalid_argument);
  store.give_keys(nullptr);
  REQUIRE(store.open().ok());
  CHECK(store.space("ada").get("/a").value() == "plain");
}

TEST_CASE("bad day: a provider that fails hides what was not used yet, and nothing is lost") {
  const KeyFile keys;
  HostKeys host(keys.provider());
  TestStore store(MetadataEngine::memory, {}, with(host.provider()));
  Space ada = store.make_space("ada");
  fill(ada);
  host.fail(true);
  // What was unwrapped is used without asking.
  check_filled(ada);
  CHECK(store.store()
            .session({.user = "bob", .tenant = "another school"})
            ->create_space({.alias = "bob"})
            .code() == Code::key_unavailable);
  host.fail(false);
  store.reopen();
  host.fail(true);
  const auto locked = store.session().space(ada.id());
  CHECK(locked.code() == Code::key_unavailable);
  CHECK(locked.error().text.find("the service is down") != std::string::npos);
  host.fail(false);
  check_filled(store.space("ada"));
  CHECK(other_space(store.store(), "bob").put("/a", "one").ok());
  CHECK(store.findings(true) == "");
}

TEST_CASE("keys: a new data key, and what lay under the one before is encrypted anew") {
  for (const MetadataEngine engine : engines()) {
    CAPTURE(engine_name(engine));
    const KeyFile keys;
    TestStore store(engine, {}, with(keys.provider()));
    fill(store.make_space("ada"));
    CHECK(store.store().reseal_vault("default")->pieces == 0);
    CHECK(store.store().reseal_vault("nobody").code() == Code::not_found);
    REQUIRE(store.store().rotate_vault("default", {.data_key = true})->generation == 2);
    Progress last;
    ResealOptions options;
    options.progress = [&last](const Progress& progress) { return last = progress, true; };
    options.cancel.emplace();
    options.cancel->cancel();
    CHECK(store.store().reseal_vault("default", options).code() == Code::cancelled);
    options.cancel.reset();
    const ResealReport report = store.store().reseal_vault("default", options).value();
    CHECK(report.pieces > 1);
    CHECK(report.pieces_left == 0);
    CHECK(last.done == report.pieces);
    CHECK(store.store().reseal_vault("default")->pieces == 0);
    check_filled(store.space("ada"));
    REQUIRE(store.store().collect({.grace = std::chrono::seconds(0)}).ok());
    store.reopen();
    check_filled(store.space("ada"));
    CHECK(store.findings(true) == "");
    REQUIRE(store.store().destroy_vault("default").ok());
    CHECK(store.store().reseal_vault("default").code() == Code::key_unavailable);
  }
}

TEST_CASE("keys: wrapping anew needs the old key no longer, and reads what was there") {
  for (const MetadataEngine engine : engines()) {
    CAPTURE(engine_name(engine));
    KeyFile keys;
    TestStore store(engine, {}, with(keys.provider()));
    fill(store.make_space("ada"));
    other_space(store.store(), "bob");
    const std::string old_key = store.store().vaults()->at(0).key_id;
    keys.add();
    CHECK(store.store().rotate_vault("default")->key_id != old_key);
    // The other vault, and what shows at opening that the keys are right.
    CHECK(store.store().rewrap_vaults().value() == 2);
    CHECK(store.store().rewrap_vaults().value() == 0);
    keys.drop_old();
    store.reopen();
    check_filled(store.space("ada"));
    for (const VaultInfo& vault : *store.store().vaults()) CHECK(vault.key_id != old_key);
  }
}

TEST_CASE("keys: a new data key is for what is stored from now on") {
  const KeyFile keys;
  TestStore store(MetadataEngine::memory, {}, with(keys.provider()));
  Space ada = store.make_space("ada");
  fill(ada);
  RotateVaultOptions rotate;
  rotate.data_key = true;
  CHECK(store.store().rotate_vault("default", rotate)->generation == 2);
  REQUIRE(ada.put("/later.txt", planted(70'000)).ok());
  check_filled(ada);
  store.reopen();
  check_filled(store.space("ada"));
  CHECK(store.space("ada").get("/later.txt").value() == planted(70'000));
  CHECK(store.store().rotate_vault("nobody", rotate).code() == Code::not_found);
}

TEST_CASE("bad day: after a vault was destroyed nothing of it can be read, and the others go on") {
  for (const MetadataEngine engine : engines()) {
    CAPTURE(engine_name(engine));
    const KeyFile keys;
    TestStore store(engine, {}, with(keys.provider()));
    Space ada = store.make_space("ada");
    fill(ada);
    Space bob = other_space(store.store(), "bob");
    fill(bob);
    REQUIRE(ada.stat("/small.txt").ok());
    REQUIRE(store.store().destroy_vault("default").ok());
    REQUIRE(store.store().destroy_vault("default").ok());
    for (int opened = 0; opened < 2; ++opened) {
      CAPTURE(opened);
      if (opened == 0) {
        check_locked(ada);
        check_filled(bob);
      }
      CHECK(store.session().space(ada.id()).code() == Code::key_unavailable);
      const std::vector<SpaceInfo> listed = store.session().list_spaces()->items;
      REQUIRE(listed.size() == 1);
      CHECK(listed[0].locked);
      CHECK(listed[0].alias == "ada");
      CHECK(listed[0].totals.files == 0);
      CHECK(store.session().create_space({.alias = "anew"}).code() == Code::key_unavailable);
      SessionOptions who{.user = "bob"};
      who.tenant = "another school";
      check_filled(store.store().session(who)->space(bob.id()).value());
      CheckOptions check;
      check.read_content = check.repair = true;
      const auto report = store.store().check(check);
      REQUIRE(report.ok());
      CHECK(report->findings_total == 0);
      CHECK(report->locked_spaces == 1);
      CHECK(store.store().scrub().ok());
      std::size_t destroyed = 0;
      for (const VaultInfo& vault : *store.store().vaults())
        destroyed += vault.state == VaultState::destroyed ? 1 : 0;
      CHECK(destroyed == 1);
      store.reopen();
    }
  }
}

TEST_CASE("keys: what a destroyed vault held is erased without its keys, and the others stay") {
  for (const MetadataEngine engine : engines()) {
    CAPTURE(engine_name(engine));
    const KeyFile keys;
    TestStore store(engine, {}, with(keys.provider()));
    const SpaceId first = store.make_space("ada").id(), second = store.make_space("eve").id();
    fill(store.space("ada"));
    fill(store.space("eve"));
    REQUIRE(store.space("ada").start_upload("/upload", 100'000).ok());
    const Space bob = other_space(store.store(), "bob");
    fill(bob);
    REQUIRE(store.store().destroy_vault("default").ok());
    const auto collected = store.store().collect({.grace = std::chrono::seconds(0)});
    REQUIRE(collected.ok());
    CHECK(collected->spaces == 2);
    CHECK(collected->locked_spaces == 0);
    std::uint64_t removed = collected->removed;
    for (int round = 0; round < 3; ++round)
      removed += store.store().collect({.grace = std::chrono::seconds(0)})->removed;
    CHECK(removed == 2);  // one packed and one large file, which the two spaces shared
    for (int opened = 0; opened < 2; ++opened) {
      CAPTURE(opened);
      for (const SpaceId& id : {first, second}) {
        CHECK(store.session().space(id).code() == Code::not_found);
        if (engine != MetadataEngine::memory) continue;
        const std::string rows = model::space_partition(id);
        for (const kv::Family family :
             {kv::Family::state, kv::Family::journal, kv::Family::attachment})
          CHECK_FALSE(store.rows().durable()->scan(family, rows, model::end_of(rows))->valid());
      }
      CHECK(store.session().list_spaces()->items.empty());
      SpaceOptions taken{.alias = "anew"};
      taken.id = first;
      CHECK(store.session().create_space(taken).code() == Code::key_unavailable);
      CheckOptions check;
      check.read_content = true;
      CHECK(store.store().check(check)->locked_spaces == 0);
      CHECK(store.findings(true) == "");
      SessionOptions who{.user = "bob"};
      who.tenant = "another school";
      check_filled(store.store().session(who)->space(bob.id()).value());
      store.reopen();
    }
  }
}

TEST_CASE("keys: what is locked for want of a key is listed, and never erased") {
  const KeyFile keys;
  HostKeys host(keys.provider());
  TestStore store(MetadataEngine::memory, {}, with(host.provider()));
  fill(store.make_space("ada"));
  store.reopen();
  host.fail(true);
  const std::vector<SpaceInfo> locked = store.session().list_spaces()->items;
  REQUIRE(locked.size() == 1);
  CHECK(locked[0].locked);
  CHECK(locked[0].entry > 1);
  CHECK(store.store().collect({.grace = std::chrono::seconds(0)})->locked_spaces == 1);
  host.fail(false);
  const std::vector<SpaceInfo> open = store.session().list_spaces()->items;
  REQUIRE(open.size() == 1);
  CHECK_FALSE(open[0].locked);
  CHECK(open[0].totals.files == 3);
  check_filled(store.space("ada"));
}

TEST_CASE("bad day: a provider that hangs keeps nobody longer than they have time") {
  using Steady = std::chrono::steady_clock;
  const KeyFile keys;
  HostKeys host(keys.provider());
  TestStore store(MetadataEngine::memory, {}, with(host.provider()));
  const SpaceId id = store.make_space("ada").id();
  fill(store.space("ada"));
  fill(other_space(store.store(), "bob"));
  store.reopen();
  SessionOptions bob{.user = "bob"};
  bob.tenant = "another school";
  const Space bobs = store.store().session(bob)->space_by_alias("bob").value();
  check_filled(bobs);
  host.hang(true);
  const Steady::time_point begin = Steady::now();
  SessionOptions hurried{.user = "ada"};
  hurried.timeout = std::chrono::milliseconds(50);
  const auto opened = store.store().session(hurried)->space(id);
  CHECK((opened.code() == Code::key_unavailable || opened.code() == Code::deadline_exceeded));
  hurried.tenant = "a third school";
  const auto made = store.store().session(hurried)->create_space({.alias = "new"});
  CHECK((made.code() == Code::key_unavailable || made.code() == Code::deadline_exceeded));
  CHECK(Steady::now() - begin < std::chrono::seconds(5));
  // Meanwhile what needs no answer goes on.
  check_filled(bobs);
  REQUIRE(bobs.put("/meanwhile", "text").ok());
  host.hang(false);
  check_filled(store.space("ada"));
  CHECK(store.findings(true) == "");
}

TEST_CASE("bad day: an old copy of the metadata decrypts nothing of a destroyed vault") {
  const KeyFile keys;
  TestStore store(engines().back(), {}, with(keys.provider()));
  const SpaceId id = store.make_space("ada").id();
  fill(store.space("ada"));
  store.close();
  TestStore copy(engines().back(), {}, with(keys.provider()), true);
  copy.copy(store);
  REQUIRE(store.open().ok());
  REQUIRE(store.store().destroy_vault("default").ok());
  const auto secrets = std::filesystem::path(copy.folder()) / "vaults";
  // What the copy has of the secret is what the original has left: nothing.
  CHECK(std::filesystem::is_empty(std::filesystem::path(store.folder()) / "vaults"));
  CHECK_FALSE(std::filesystem::is_empty(secrets));
  for (const auto& file : std::filesystem::directory_iterator(secrets))
    std::filesystem::remove(file.path());
  REQUIRE(copy.open().ok());
  CHECK(copy.session().space(id).code() == Code::key_unavailable);
  CheckOptions check;
  check.read_content = true;
  CHECK(copy.store().check(check)->locked_spaces == 1);
}

TEST_CASE("keys: a copy made while the store is in use has secrets of its own") {
  if (kThreadSanitizer) return;
  const KeyFile keys;
  TestStore store(MetadataEngine::rocksdb, {}, with(keys.provider()));
  fill(store.make_space("ada"));
  const TemporaryFolder other;
  REQUIRE(store.store().checkpoint(other / "copy").ok());
  REQUIRE(store.store().destroy_vault("default").ok());
  StoreOptions options = with(keys.provider());
  options.memory_bytes = 64 << 20;
  auto copy = Store::open(other / "copy", options);
  REQUIRE(copy.ok());
  check_filled(copy->session({.user = "ada"})->space_by_alias("ada").value());
}

TEST_CASE("bad day: sealed rows that are not as they were written are found") {
  const KeyFile keys;
  TestStore store(MetadataEngine::memory, {}, with(keys.provider()));
  Space ada = store.make_space("ada");
  fill(ada);
  const NodeId small = ada.stat("/small.txt")->id, packed = ada.stat("/packed.txt")->id;
  const std::string mine = model::locator_key(ada.id(), small);
  const std::string others = model::locator_key(ada.id(), packed);
  const auto row = [&](const std::string& key) {
    return *store.rows().durable()->get(kv::Family::state, key).value();
  };
  const auto put = [&](const std::string& value) {
    const kv::Answer answer = store.rows().update({model::space_partition(ada.id())},
                                                  [&](kv::Transaction& rows) -> kv::Outcome {
                                                    rows.put(kv::Family::state, mine, value);
                                                    return kv::Commit{};
                                                  });
    REQUIRE(answer.status.ok());
    REQUIRE(store.rows().wait(answer.ticket).ok());
  };
  const std::string good = row(mine);
  std::string flipped_vault = good;
  flipped_vault[5] = static_cast<char>(flipped_vault[5] ^ 4);
  const std::string plain = model::encode(model::Locator{kRootNode, "small.txt", {}});
  for (const std::string& bad :
       {row(others), flipped_vault, plain, good.substr(0, good.size() - 1), std::string()}) {
    put(bad);
    CHECK(store.findings().starts_with("locator (" + std::to_string(small) + ")"));
    CHECK(ada.get("/packed.txt").ok());
  }
  put(good);
  CHECK(store.findings(true) == "");
  // A repair writes it anew, sealed.
  put(plain);
  CheckOptions repair;
  repair.repair = true;
  CHECK(store.store().check(repair)->findings_left == 0);
  CHECK(row(mine) != plain);
  CHECK(store.findings(true) == "");
}

TEST_CASE("bad day: a space's lost record is brought back from its sealed journal") {
  const KeyFile keys;
  TestStore store(MetadataEngine::memory, {}, with(keys.provider()));
  const SpaceId id = store.make_space("ada").id();
  fill(store.space("ada"));
  const kv::Answer answer =
      store.rows().update({model::space_partition(id)}, [&](kv::Transaction& rows) -> kv::Outcome {
        rows.erase(kv::Family::state, model::info_key(id));
        return kv::Commit{};
      });
  REQUIRE(answer.status.ok());
  REQUIRE(store.rows().wait(answer.ticket).ok());
  store.reopen();
  CheckOptions repair;
  repair.repair = true;
  CHECK(store.store().check(repair)->findings_left == 0);
  check_filled(store.space("ada"));
}
