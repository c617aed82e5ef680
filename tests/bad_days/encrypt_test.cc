// Stores that were made without keys and are encrypted later, while they are in use.
#include <array>
#include <atomic>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include <doctest/doctest.h>

#include "bad_days/host_keys.h"
#include "base/hex.h"
#include "model/keys.h"
#include "model/records.h"
#include "model/sealed_row.h"
#include "model/vault_rows.h"
#include "spind/blob_places.h"
#include "spind/key_provider.h"
#include "support/harness.h"
#include "support/store/open_door.h"
#include "support/store/test_clock.h"
#include "support/store/test_store.h"

using namespace spind;
using namespace spind::test;

namespace {

namespace fs = std::filesystem;

constexpr kv::Family kRowFamilies[] = {kv::Family::state, kv::Family::journal,
                                       kv::Family::attachment};

StoreOptions plainly() {
  StoreOptions options;
  options.compress = false;  // so that what is planted is found as it is
  options.upkeep_period = {};
  return options;
}

// Compresses to nothing that hides it, and is found by nothing else.
std::string random_hex(std::size_t size_bytes) {
  static std::mt19937_64 random(test::seed());
  std::string text;
  while (text.size() < size_bytes) {
    const std::uint64_t word = random();
    std::array<std::uint8_t, 8> bytes{};
    std::memcpy(bytes.data(), &word, sizeof word);
    text += to_hex(Bytes(bytes));
  }
  text.resize(size_bytes);
  return text;
}

// All kinds of what a space can hold, of every size.
struct Held {
  std::string inlined = random_hex(300), attached = random_hex(9'000), packed = random_hex(90'000),
              large = random_hex(1'300'000), before = random_hex(200), removed = random_hex(400),
              property = random_hex(64), label = random_hex(32), uploaded = random_hex(40'000);
  UploadId upload = 0;
  EntryNumber filled = 0;

  void put_all(const Space& space) {
    REQUIRE(space.put("/versions", before).ok());
    const Written second = space.put("/versions", inlined).value();
    REQUIRE(space.mark_version("/versions", second.version, {.label = label}).ok());
    REQUIRE(space.put("/attached", attached).ok());
    REQUIRE(space.put("/packed", packed).ok());
    REQUIRE(space.make_folder("/folder").ok());
    REQUIRE(space.put("/folder/large", large).ok());
    REQUIRE(space.set_properties("/attached", {{"colour", property}}).ok());
    REQUIRE(space.put("/removed", removed).ok());
    REQUIRE(space.remove("/removed").ok());
    upload = space.start_upload("/uploaded", uploaded.size()).value().id;
    REQUIRE(space.append_upload(upload, 0, uploaded.substr(0, 25'000)).ok());
    filled = space.info()->entry;
  }
  void check(const Space& space) const {
    CHECK(space.get("/versions").value() == inlined);
    CHECK(space.get("/versions", {.version = 1}).value() == before);
    CHECK(space.get("/attached").value() == attached);
    CHECK(space.get("/packed").value() == packed);
    CHECK(space.get("/folder/large").value() == large);
    CHECK(space.properties("/attached")->at(0).value == property);
    CHECK(space.trash()->items.size() == 1);
  }
  std::vector<std::string> planted() const {
    std::vector<std::string> all;
    for (const std::string* text :
         {&inlined, &attached, &packed, &large, &before, &removed, &property, &label, &uploaded})
      for (std::size_t at = 0; at + 32 <= text->size(); at += 16'000)
        all.push_back(text->substr(at, 32));
    return all;
  }
};

Space space_of(Store& store, const std::string& tenant) {
  SessionOptions who{.user = "ada"};
  who.tenant = tenant;
  return store.session(who)->space_by_alias("s").value();
}

Space make_space_of(Store& store, const std::string& tenant, VaultRule vault = VaultRule::tenant) {
  SessionOptions who{.user = "ada"};
  who.tenant = tenant;
  SpaceOptions options{.alias = "s"};
  options.vault = vault;
  return store.session(who)->create_space(options).value();
}

void begin(TestStore& store, const KeyProviderPtr& keys) {
  store.close();
  store.give_keys(keys, true);
  REQUIRE(store.open().ok());
  store.give_keys(keys);
}

std::vector<VaultState> states(TestStore& store) {
  std::vector<VaultState> all;
  for (const VaultInfo& vault : *store.store().vaults()) all.push_back(vault.state);
  return all;
}

std::size_t plain_rows(TestStore& store) {
  std::size_t plain = 0;
  for (const kv::Family family : kRowFamilies) {
    const auto snapshot = store.rows().durable();
    const auto cursor = snapshot->scan(family, "s", "t");
    for (; cursor->valid(); cursor->next())
      plain += model::is_sealed_row(cursor->key()) && model::is_plain_row(cursor->value()) ? 1 : 0;
  }
  return plain;
}

std::string ledger_row(TestStore& store, const std::string& key) {
  return store.rows().durable()->get(kv::Family::content, key).value().value();
}

void put_row(TestStore& store, const std::string& partition, kv::Family family,
             const std::string& key, const std::string& value) {
  const kv::Answer answer =
      store.rows().update({partition}, [&](kv::Transaction& rows) -> kv::Outcome {
        rows.put(family, key, value);
        return kv::Commit{};
      });
  REQUIRE(answer.status.ok());
  REQUIRE(store.rows().wait(answer.ticket).ok());
}

std::size_t found_in(const std::vector<std::string>& folders,
                     const std::vector<std::string>& texts) {
  std::size_t found = 0;
  for (const std::string& folder : folders)
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      if (!entry.is_regular_file()) continue;
      std::ifstream in(entry.path(), std::ios::binary);
      const std::string bytes{std::istreambuf_iterator<char>(in), {}};
      for (const std::string& text : texts) {
        found += bytes.find(text) != std::string::npos ? 1 : 0;
      }
    }
  return found;
}

// What a plain space can be asked in the midst of being encrypted, or after.
void use(TestStore& store, const Held& held, const std::string& tenant, int round) {
  const Space space = space_of(store.store(), tenant);
  held.check(space);
  const std::string name = "/new " + std::to_string(round);
  REQUIRE(space.put(name, held.packed).ok());
  REQUIRE(space.move("/attached", "/moved").ok());
  CHECK(space.get("/moved").value() == held.attached);
  REQUIRE(space.move("/moved", "/attached").ok());
  CHECK(space.at({.entry = held.filled})->get("/folder/large").value() == held.large);
}

}  // namespace

TEST_CASE("encrypt: what a plain store holds is encrypted while it is used, and reads as before") {
  for (const MetadataEngine engine : engines()) {
    CAPTURE(engine_name(engine));
    const KeyFile keys;
    TestStore store(engine, {}, plainly());
    Held held, others;
    held.put_all(make_space_of(store.store(), "default"));
    others.put_all(make_space_of(store.store(), "another school"));
    const Space own = make_space_of(store.store(), "apart", VaultRule::own);
    others.put_all(own);
    begin(store, keys.provider());
    CHECK(states(store) == std::vector(3, VaultState::encrypting));
    use(store, held, "default", 1);
    CHECK(store.findings(true) == "");
    const EncryptReport done = store.store().encrypt_vault("default").value();
    CHECK(done.finished);
    CHECK(done.pieces >= 3);
    CHECK(done.bytes > 1'400'000);
    CHECK(done.rows > 20);
    CHECK(done.pieces_left + done.rows_left == 0);
    use(store, held, "default", 2);
    use(store, others, "another school", 2);
    CHECK(store.store().encrypt_vault("another school")->finished);
    CHECK(store.store().encrypt_vault(own.id())->finished);
    CHECK(states(store) == std::vector(3, VaultState::in_use));
    const EncryptReport again = store.store().encrypt_vault("default").value();
    CHECK(again.finished);
    CHECK(again.pieces + again.rows == 0);
    CHECK(store.store().encrypt_vault("nobody").code() == Code::not_found);
    for (int round = 0; round < 3; ++round) {
      REQUIRE(store.store().collect({.grace = std::chrono::seconds(0)}).ok());
      store.reopen();
      if (engine == MetadataEngine::memory) CHECK(plain_rows(store) == 0);
      use(store, held, "default", 3 + round);
      CHECK(store.findings(true) == "");
    }
    const Space space = space_of(store.store(), "default");
    CHECK(space.append_upload(held.upload, 25'000, held.uploaded.substr(25'000)).ok());
    CHECK(space.finish_upload(held.upload).ok());
    CHECK(space.get("/uploaded").value() == held.uploaded);
    REQUIRE(space.remove("/folder").ok());
    REQUIRE(space.rewind({.entry = held.filled}).ok());
    held.check(space);
    CHECK(store.findings(true) == "");
    REQUIRE(store.store().destroy_vault("default").ok());
    CHECK(space.get("/attached").code() == Code::key_unavailable);
  }
}

TEST_CASE("encrypt: it waits for who reads from before, and takes nothing away from him") {
  for (const MetadataEngine engine : engines()) {
    CAPTURE(engine_name(engine));
    const KeyFile keys;
    TestStore store(engine, {}, plainly());
    Held held;
    held.put_all(make_space_of(store.store(), "default"));
    begin(store, keys.provider());
    std::optional<Space> past =
        space_of(store.store(), "default").at({.entry = held.filled}).value();
    std::optional<Reader> reader = space_of(store.store(), "default").reader("/packed").value();
    // It looks for what is plain once in each of 256 buckets; asked more often, it waits.
    constexpr std::size_t kWaits = 300;
    std::uint64_t rows = 0;
    std::size_t same = 0;
    EncryptOptions patient;
    patient.progress = [&](const Progress& progress) {
      same = progress.total == 0 && progress.done == rows ? same + 1 : 0;
      rows = progress.done;
      return same < kWaits;
    };
    CHECK(store.store().encrypt_vault("default", patient).code() == Code::cancelled);
    CHECK(same == kWaits);
    CHECK(states(store) == std::vector(1, VaultState::encrypting));
    if (engine == MetadataEngine::memory) CHECK(plain_rows(store) == 0);
    REQUIRE(store.store().collect({.grace = std::chrono::seconds(0)}).ok());
    held.check(*past);
    std::vector<std::uint8_t> out(held.packed.size());
    CHECK(reader->read_at(0, out).value() == out.size());
    CHECK(as_text(out) == held.packed);
    past.reset();
    reader.reset();
    CHECK(store.store().encrypt_vault("default")->finished);
    held.check(space_of(store.store(), "default"));
  }
}

TEST_CASE("encrypt: stopped anywhere it goes on with the next call, also in another process") {
  for (const MetadataEngine engine : engines()) {
    CAPTURE(engine_name(engine));
    const KeyFile keys;
    TestStore store(engine, {}, plainly());
    Held held;
    held.put_all(make_space_of(store.store(), "default"));
    begin(store, keys.provider());
    bool finished = false;
    for (std::size_t steps = 1; !finished; steps += steps / 2 + 1) {
      CAPTURE(steps);
      std::size_t asked = 0;
      EncryptOptions options;
      options.progress = [&](const Progress&) { return ++asked <= steps; };
      const auto report = store.store().encrypt_vault("default", options);
      finished = report.ok() && report->finished;
      CHECK((finished || report.code() == Code::cancelled));
      if (steps % 2 == 0) store.reopen();
      use(store, held, "default", 1);
      CHECK(store.findings() == "");
    }
    CHECK(states(store) == std::vector(1, VaultState::in_use));
    CHECK(store.findings(true) == "");
  }
}

TEST_CASE("bad day: what was plain before a store was encrypted is nowhere in its files") {
  if (kThreadSanitizer) return;
  for (const bool given_blobs : {false, true}) {
    CAPTURE(given_blobs);
    const KeyFile keys;
    const TemporaryFolder bucket;
    TestClock clock;
    StoreOptions options = plainly();
    if (given_blobs) options.blobs = folder_blobs(bucket / "blobs").value();
    TestStore store(MetadataEngine::rocksdb, seams_with(clock), options);
    Held held;
    held.put_all(make_space_of(store.store(), "default"));
    const std::vector<std::string> planted = held.planted();
    store.close();
    // All but short ones, which a table may have compressed.
    CHECK(found_in({store.folder(), bucket.path()}, planted) >= planted.size() - 3);
    store.give_keys(keys.provider(), true);
    REQUIRE(store.open().ok());
    REQUIRE(store.store().encrypt_vault("default")->finished);
    for (int round = 0; round < 4; ++round) {
      REQUIRE(store.store().collect({}).ok());
      clock.advance(std::int64_t{25} * 3600 * 1'000'000'000);
    }
    CHECK(found_in({store.folder(), bucket.path()}, planted) == 0);
    held.check(space_of(store.store(), "default"));
    store.close();
    CHECK(found_in({store.folder(), bucket.path()}, planted) == 0);
  }
}

TEST_CASE("encrypt: the last vault takes what was plain of spaces that are gone from the files") {
  if (kThreadSanitizer) return;
  const KeyFile keys;
  TestClock clock;
  TestStore store(MetadataEngine::rocksdb, seams_with(clock), plainly());
  Held gone, held;
  gone.put_all(make_space_of(store.store(), "closed school"));
  store.reopen();  // so that it lies in tables
  {
    const Space closed = space_of(store.store(), "closed school");
    REQUIRE(closed.disable().ok());
    REQUIRE(closed.purge().ok());
  }
  for (int round = 0; round < 4; ++round) {
    clock.advance(std::int64_t{8 * 24} * 3600 * 1'000'000'000);
    REQUIRE(store.store().collect({}).ok());
  }
  store.reopen();  // so that no table has both
  held.put_all(make_space_of(store.store(), "default"));
  begin(store, keys.provider());
  std::vector<std::string> planted = gone.planted();
  CHECK(found_in({store.folder()}, planted) > 0);
  for (const char* tenant : {"closed school", "default"})
    REQUIRE(store.store().encrypt_vault(tenant)->finished);
  for (const std::string& text : held.planted()) planted.push_back(text);
  for (int round = 0; round < 4; ++round) {
    clock.advance(std::int64_t{25} * 3600 * 1'000'000'000);
    REQUIRE(store.store().collect({}).ok());
  }
  CHECK(found_in({store.folder()}, planted) == 0);
  held.check(space_of(store.store(), "default"));
}

TEST_CASE("encrypt: keys that know no context and fail for a moment make nothing of it damage") {
  auto fails = std::make_shared<std::atomic<int>>(0);
  const KeyProviderPtr inner = open_door();
  KeyCallbacks callbacks;
  callbacks.current_key_id = [inner] { return inner->current_key_id(); };
  callbacks.wrap = [inner](std::span<const std::uint8_t> plain, std::string_view context) {
    return inner->wrap(plain, context);
  };
  callbacks.unwrap = [inner, fails](const WrappedKey& wrapped, std::string_view context,
                                    std::span<std::uint8_t> plain) -> Status {
    if (context.find("vault") != context.npos && fails->fetch_sub(1) > 0)
      return Error{.code = Code::unavailable, .text = "not now"};
    return inner->unwrap(wrapped, context, plain);
  };
  const KeyProviderPtr keys = *key_callbacks(std::move(callbacks));
  TestStore store(MetadataEngine::memory, {}, plainly());
  Held held;
  held.put_all(make_space_of(store.store(), "default"));
  begin(store, keys);
  store.close();
  *fails = 1;  // the next one, whoever asks
  REQUIRE(store.open().ok());
  held.check(space_of(store.store(), "default"));
  CHECK(store.findings() == "");
  CHECK(store.store().encrypt_vault("default")->finished);
  held.check(space_of(store.store(), "default"));
  CHECK(store.findings(true) == "");
}

TEST_CASE("bad day: what is plain is not believed once a vault was encrypted") {
  const KeyFile keys;
  TestStore store(MetadataEngine::memory, {}, plainly());
  Held held;
  const SpaceId id = make_space_of(store.store(), "default").id();
  held.put_all(space_of(store.store(), "default"));
  // That another one is being encrypted is no matter.
  REQUIRE(make_space_of(store.store(), "another school").put("/a", "plain").ok());
  const std::string partition = model::space_partition(id);
  const NodeId node = space_of(store.store(), "default").stat("/packed")->id;
  const std::string locator = model::locator_key(id, node);
  const std::string plain = store.rows().durable()->get(kv::Family::state, locator).value().value();
  begin(store, keys.provider());
  const std::string keys_row = model::vault_keys_key(model::vault_of("default"));
  const std::string encrypting = ledger_row(store, keys_row);
  REQUIRE(store.store().encrypt_vault("default")->finished);
  const std::string sealed =
      store.rows().durable()->get(kv::Family::state, locator).value().value();
  // Whoever held keys of before, and whoever puts back a row that says that plain values are taken.
  for (int put_back = 0; put_back < 3; ++put_back) {
    CAPTURE(put_back);
    if (put_back == 1)
      put_row(store, model::ledger_partition(), kv::Family::content, keys_row, encrypting);
    if (put_back > 0) store.reopen();
    held.check(space_of(store.store(), "default"));
    put_row(store, partition, kv::Family::state, locator, plain);
    CHECK(store.findings() != "");
    put_row(store, partition, kv::Family::state, locator, sealed);
    CHECK(store.findings(true) == "");
  }
  // As a crash leaves it between the secret and the row.
  CHECK(states(store) == std::vector(2, VaultState::encrypting));
  CHECK(store.store().encrypt_vault("default")->finished);
  CHECK(store.store().encrypt_vault("another school")->finished);
  CHECK(states(store) == std::vector(2, VaultState::in_use));
}

TEST_CASE("bad day: in the midst of being encrypted damage is mended, and copies are whole") {
  const KeyFile keys;
  TestStore store(MetadataEngine::memory, {}, plainly());
  Held held;
  const SpaceId id = make_space_of(store.store(), "default").id();
  held.put_all(space_of(store.store(), "default"));
  begin(store, keys.provider());
  std::size_t asked = 0;
  EncryptOptions options;
  options.progress = [&](const Progress&) { return ++asked < 258; };
  REQUIRE(store.store().encrypt_vault("default", options).code() == Code::cancelled);
  CHECK(store.store().scrub()->findings_total == 0);
  CHECK(store.store().destroy_vault("default").code() == Code::conflict);
  CHECK(store.store().rotate_vault("default", {.data_key = true})->state == VaultState::encrypting);
  // Without keys it is locked, and nothing of it is taken for damage.
  store.close();
  store.give_keys(nullptr);
  REQUIRE(store.open().ok());
  CheckOptions repair;
  repair.repair = true;
  for (const bool read : {false, true}) {
    repair.read_content = read;
    const CheckReport locked = store.store().check(repair).value();
    CHECK(locked.locked_spaces == 1);
    CHECK(locked.findings_total == 0);
    CHECK(locked.repaired == 0);
  }
  CHECK(store.store().collect({.grace = std::chrono::seconds(0)})->locked_spaces == 1);
  store.close();
  store.give_keys(keys.provider());
  REQUIRE(store.open().ok());
  const kv::Answer answer =
      store.rows().update({model::space_partition(id)}, [&](kv::Transaction& rows) -> kv::Outcome {
        rows.erase(kv::Family::state, model::info_key(id));
        return kv::Commit{};
      });
  REQUIRE(answer.status.ok());
  REQUIRE(store.rows().wait(answer.ticket).ok());
  store.reopen();
  CHECK(store.store().check(repair)->findings_left == 0);
  held.check(space_of(store.store(), "default"));
  CHECK(store.store().encrypt_vault("default")->finished);
  held.check(space_of(store.store(), "default"));
  CHECK(store.findings(true) == "");
  if (kThreadSanitizer) return;

  TestStore disk(MetadataEngine::rocksdb, {}, plainly());
  held.put_all(make_space_of(disk.store(), "default"));
  begin(disk, keys.provider());
  asked = 0;
  REQUIRE(disk.store().encrypt_vault("default", options).code() == Code::cancelled);
  const TemporaryFolder other;
  REQUIRE(disk.store().checkpoint(other / "copy").ok());
  REQUIRE(disk.store().encrypt_vault("default")->finished);
  StoreOptions opened = plainly();
  opened.keys = keys.provider();
  opened.memory_bytes = 64 << 20;
  auto copy = Store::open(other / "copy", opened);
  REQUIRE(copy.ok());
  held.check(space_of(*copy, "default"));
  CHECK(copy->encrypt_vault("default")->finished);
  held.check(space_of(*copy, "default"));
}

TEST_CASE("bad day: a store that cannot get keys stays as it was, and says what it needs") {
  const KeyFile keys;
  HostKeys host(keys.provider());
  TestStore store(MetadataEngine::memory, {}, plainly());
  Held held;
  const SpaceId id = make_space_of(store.store(), "default").id();
  held.put_all(space_of(store.store(), "default"));
  const auto none = store.store().encrypt_vault("default");
  CHECK(none.code() == Code::invalid_argument);
  CHECK(none.error().text.find("encrypt_existing") != std::string::npos);
  store.close();
  store.give_keys(nullptr, true);
  CHECK(store.open().code() == Code::invalid_argument);
  host.fail(true);
  store.give_keys(host.provider(), true);
  CHECK(store.open().code() == Code::key_unavailable);
  host.fail(false);
  store.give_keys(nullptr);
  REQUIRE(store.open().ok());
  held.check(space_of(store.store(), "default"));
  const std::string info =
      store.rows().durable()->get(kv::Family::state, model::info_key(id)).value().value();
  put_row(store, model::space_partition(id), kv::Family::state, model::info_key(id), "nonsense");
  store.close();
  store.give_keys(host.provider(), true);
  const Status damaged = store.open();
  CHECK(damaged.code() == Code::corruption);
  CHECK(damaged.error().path == id.to_string());
  store.give_keys(nullptr);
  REQUIRE(store.open().ok());
  put_row(store, model::space_partition(id), kv::Family::state, model::info_key(id), info);
  begin(store, host.provider());
  CHECK(store.store().encrypt_vault("default")->finished);
  held.check(space_of(store.store(), "default"));
}
