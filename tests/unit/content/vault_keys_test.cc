#include "content/vault_keys.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "base/hex.h"
#include "kv/memory/memory_store.h"
#include "support/harness.h"
#include "support/store/test_clock.h"
#include "unit/blob/faulty_files.h"

namespace spind::test {
namespace {

using content::KeyringRef;
using content::VaultKeys;

const model::VaultId kVault = model::vault_of("school");

std::string text_of(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::string copy_of(const Result<Bytes>& key) { return std::string(as_text(key.value())); }

// Rows in memory, secrets and keys in a folder; it can die at any call and be opened again.
struct Vaulted {
  Vaulted() {
    REQUIRE(add_key(key_path).ok());
    open(key_file(key_path).value(), true);
  }

  Result<VaultKeys*> try_open(KeyProviderPtr provider, bool is_new = false) {
    keys.reset();
    store.reset();
    kv::MemoryOptions options{.threads = Threads::system(), .clock = clock, .disk = disk};
    options.before = [this](kv::MemoryCall call) -> Status {
      const bool changes = call != kv::MemoryCall::get && call != kv::MemoryCall::scan;
      if (changes && dead) return Error{Code::io_error, "the process has died"};
      if (call == kv::MemoryCall::sync && step()) return Error{Code::io_error, "killed"};
      return {};
    };
    store = kv::open_memory(options).value();
    auto opened = VaultKeys::open({.kv = store.get(),
                                   .files = &files,
                                   .folder = secrets,
                                   .provider = std::move(provider),
                                   .random = &Random::system(),
                                   .store_is_new = is_new});
    if (!opened.ok()) return opened.error();
    keys = *std::move(opened);
    return keys.get();
  }
  void open(KeyProviderPtr provider, bool is_new = false) {
    REQUIRE(try_open(std::move(provider), is_new).ok());
  }
  void reopen() { open(key_file(key_path).value()); }

  // From the n-th change of a file or sync of rows on, nothing is done any more.
  void die_at(std::uint64_t count) { left = count; }
  bool step() {
    if (left > 0 && --left == 0) dead = true;
    return dead;
  }
  void rise() {
    keys.reset();
    store.reset();
    dead = false;
    left = 0;
    disk->cut();
  }

  std::string secret_path() const { return secrets + "/" + to_hex(Bytes(kVault)); }

  TemporaryFolder folder;
  const std::string key_path = folder / "keys";
  const std::string secrets = folder / "vaults";
  TestClock clock;
  std::shared_ptr<kv::MemoryDisk> disk = std::make_shared<kv::MemoryDisk>();
  std::uint64_t left = 0;
  bool dead = false;
  FaultyFiles files{[this](FileCall, const std::string&) -> std::optional<Error> {
    if (step()) return Error{Code::io_error, "killed"};
    return std::nullopt;
  }};
  std::unique_ptr<kv::Store> store;
  std::unique_ptr<VaultKeys> keys;
};

TEST_CASE("vault keys: made once, and the same after the store was opened again") {
  Vaulted vaulted;
  CHECK(vaulted.keys->encrypts());
  CHECK(*vaulted.keys->find(kVault) == nullptr);
  const KeyringRef made = *vaulted.keys->find_or_make(kVault);
  REQUIRE(made != nullptr);
  CHECK(*vaulted.keys->find_or_make(kVault) == made);
  CHECK(made->generation() == 1);
  const std::string id = copy_of(made->id_key()), record = copy_of(made->record_key()),
                    data = copy_of(made->data_key(1));
  CHECK(id != record);
  CHECK(record != data);
  CHECK(made->data_key(0).code() == Code::corruption);
  CHECK(made->data_key(2).code() == Code::corruption);
  const KeyringRef other = *vaulted.keys->find_or_make(model::vault_of("university"));
  CHECK(copy_of(other->id_key()) != id);
  vaulted.reopen();
  const KeyringRef again = *vaulted.keys->find(kVault);
  CHECK(copy_of(again->id_key()) == id);
  CHECK(copy_of(again->record_key()) == record);
  CHECK(copy_of(again->data_key(1)) == data);
  CHECK(vaulted.keys->list()->size() == 2);
  CHECK((std::filesystem::status(vaulted.secret_path()).permissions() &
         std::filesystem::perms::mask) ==
        (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
  for (const std::string& key : {id, record, data})
    CHECK(text_of(vaulted.secret_path()).find(key) == std::string::npos);
}

TEST_CASE("vault keys: a store that was made without keys stays so, and takes none") {
  Vaulted vaulted;
  vaulted.disk = std::make_shared<kv::MemoryDisk>();
  vaulted.open(nullptr, true);
  CHECK(!vaulted.keys->encrypts());
  CHECK(*vaulted.keys->find_or_make(kVault) == nullptr);
  CHECK(vaulted.try_open(key_file(vaulted.key_path).value()).code() == Code::invalid_argument);
  vaulted.open(nullptr);
  CHECK(vaulted.keys->rewrap(kVault).code() == Code::not_found);
  CHECK(vaulted.keys->destroy(kVault).code() == Code::not_found);
}

TEST_CASE(
    "vault keys: a store that lost the row that names its keys is not taken for a plain one") {
  Vaulted place;
  REQUIRE(place.keys->find_or_make(kVault).ok());
  const kv::Answer lost = place.store->update(
      {model::ledger_partition()}, [](kv::Transaction& transaction) -> kv::Outcome {
        transaction.erase(kv::Family::content, model::key_check_key());
        return kv::Commit{};
      });
  REQUIRE(lost.status.ok());
  REQUIRE(place.store->wait(lost.ticket).ok());
  CHECK(place.try_open(nullptr).code() == Code::key_unavailable);
  CHECK(place.try_open(key_file(place.key_path).value()).code() == Code::key_unavailable);
}

TEST_CASE("vault keys: without a provider nothing is read, and nothing is stored in the clear") {
  Vaulted vaulted;
  REQUIRE(vaulted.keys->find_or_make(kVault).ok());
  vaulted.open(nullptr);
  CHECK(vaulted.keys->encrypts());
  CHECK(vaulted.keys->find(kVault).code() == Code::key_unavailable);
  CHECK(vaulted.keys->find_or_make(model::vault_of("university")).code() == Code::key_unavailable);
  CHECK(vaulted.keys->rewrap(kVault).code() == Code::key_unavailable);
  CHECK(vaulted.keys->rotate_data_key(kVault).code() == Code::key_unavailable);
  CHECK(vaulted.keys->list()->size() == 1);
}

TEST_CASE("vault keys: other keys than the store's are refused at open, by their ids only") {
  Vaulted vaulted;
  REQUIRE(vaulted.keys->find_or_make(kVault).ok());
  REQUIRE(add_key(vaulted.folder / "other").ok());
  const auto opened = vaulted.try_open(key_file(vaulted.folder / "other").value());
  CHECK(opened.code() == Code::key_unavailable);
  const std::string needed = *key_file(vaulted.key_path).value()->current_key_id();
  CHECK(opened.error().text.find("\"" + needed + "\"") != std::string::npos);
  // A provider that unwraps anything to something else is no better.
  KeyCallbacks callbacks;
  callbacks.current_key_id = [&] { return Result<std::string>(needed); };
  callbacks.wrap = [](std::span<const std::uint8_t>, std::string_view) {
    return Result<WrappedKey>(WrappedKey{"x", "x"});
  };
  callbacks.unwrap = [](const WrappedKey&, std::string_view, std::span<std::uint8_t>) {
    return Status();
  };
  CHECK(vaulted.try_open(key_callbacks(callbacks).value()).code() == Code::key_unavailable);
  vaulted.reopen();
  CHECK(*vaulted.keys->find(kVault) != nullptr);
}

TEST_CASE("vault keys: a secret of another vault, or a damaged or missing one, opens nothing") {
  Vaulted vaulted;
  const model::VaultId other = model::vault_of("university");
  REQUIRE(vaulted.keys->find_or_make(kVault).ok());
  REQUIRE(vaulted.keys->find_or_make(other).ok());
  const std::string own = text_of(vaulted.secret_path());
  const std::string others = text_of(vaulted.secrets + "/" + to_hex(Bytes(other)));
  const auto found_with = [&](const std::string& bytes) {
    std::ofstream(vaulted.secret_path(), std::ios::trunc) << bytes;
    vaulted.reopen();
    return vaulted.keys->find(kVault).code();
  };
  CHECK(found_with(others) == Code::corruption);
  model::VaultSecret moved = model::decode_vault_secret(others).value();
  moved.vault = kVault;
  CHECK(found_with(model::encode(moved)) == Code::key_unavailable);
  CHECK(found_with(own.substr(0, own.size() - 1)) == Code::corruption);
  CHECK(found_with("") == Code::corruption);
  CHECK(found_with(own) == Code::ok);
  std::filesystem::remove(vaulted.secret_path());
  vaulted.reopen();
  CHECK(vaulted.keys->find(kVault).code() == Code::key_unavailable);
  CHECK(vaulted.keys->find(kVault).error().text.find("copy of the store") != std::string::npos);
}

TEST_CASE("vault keys: once all is wrapped anew the old key can go") {
  Vaulted vaulted;
  const std::string data = copy_of((*vaulted.keys->find_or_make(kVault))->data_key(1));
  CHECK(!*vaulted.keys->rewrap(kVault));
  CHECK(!*vaulted.keys->rewrap_check());
  const std::string newest = *add_key(vaulted.key_path);
  CHECK(*vaulted.keys->rewrap(kVault));
  CHECK(*vaulted.keys->rewrap_check());
  CHECK(!*vaulted.keys->rewrap(kVault));
  CHECK(vaulted.keys->list()->at(0).key_id == newest);
  const std::string text = text_of(vaulted.key_path);
  std::ofstream(vaulted.key_path, std::ios::trunc) << "spind keys 1\n"
                                                   << text.substr(text.rfind("key "));
  vaulted.reopen();
  CHECK(copy_of((*vaulted.keys->find(kVault))->data_key(1)) == data);
}

TEST_CASE("vault keys: a key that wraps and does not unwrap is found out before it is relied on") {
  Vaulted vaulted;
  const std::string data = copy_of((*vaulted.keys->find_or_make(kVault))->data_key(1));
  const KeyProviderPtr sound = key_file(vaulted.key_path).value();
  bool broken = false;
  vaulted.open(*key_callbacks(
      {.current_key_id =
           [&] { return broken ? Result<std::string>("newest") : sound->current_key_id(); },
       .wrap =
           [&](std::span<const std::uint8_t> plain, std::string_view context) {
             return broken ? Result<WrappedKey>(WrappedKey{"newest", "lost"})
                           : sound->wrap(plain, context);
           },
       .unwrap =
           [&](const WrappedKey& wrapped, std::string_view context, std::span<std::uint8_t> plain) {
             return wrapped.key_id == "newest" ? Status(Error{Code::permission_denied, "no"})
                                               : sound->unwrap(wrapped, context, plain);
           }}));
  broken = true;
  CHECK(vaulted.keys->rewrap(kVault).code() == Code::key_unavailable);
  CHECK(vaulted.keys->rewrap_check().code() == Code::key_unavailable);
  CHECK(vaulted.keys->find_or_make(model::vault_of("other")).code() == Code::key_unavailable);
  vaulted.reopen();
  CHECK(copy_of((*vaulted.keys->find(kVault))->data_key(1)) == data);
}

TEST_CASE("vault keys: a new data key is for what comes, and takes nothing from what was") {
  Vaulted vaulted;
  const KeyringRef before = *vaulted.keys->find_or_make(kVault);
  CHECK(*vaulted.keys->rotate_data_key(kVault) == 2);
  const KeyringRef after = *vaulted.keys->find(kVault);
  CHECK(after->generation() == 2);
  CHECK(copy_of(after->id_key()) == copy_of(before->id_key()));
  CHECK(copy_of(after->record_key()) == copy_of(before->record_key()));
  CHECK(copy_of(after->data_key(1)) == copy_of(before->data_key(1)));
  CHECK(copy_of(after->data_key(2)) != copy_of(after->data_key(1)));
  const std::string newest = copy_of(after->data_key(2));
  vaulted.reopen();
  CHECK(copy_of((*vaulted.keys->find(kVault))->data_key(2)) == newest);
  while (vaulted.keys->find(kVault).value()->generation() < model::kGenerationsMax)
    REQUIRE(vaulted.keys->rotate_data_key(kVault).ok());
  CHECK(vaulted.keys->rotate_data_key(kVault).code() == Code::limit_exceeded);
}

TEST_CASE(
    "vault keys: of a destroyed vault an old copy of the rows and the key file opens nothing") {
  Vaulted vaulted;
  const KeyringRef held = *vaulted.keys->find_or_make(kVault);
  REQUIRE(vaulted.keys->rotate_data_key(kVault).ok());
  REQUIRE(vaulted.keys->find(kVault).ok());
  vaulted.keys.reset();
  vaulted.store.reset();
  const auto old_rows = vaulted.disk->copy();
  const auto other_name = vaulted.folder / "the same file";
  std::filesystem::create_hard_link(vaulted.secret_path(), other_name);
  vaulted.reopen();
  const KeyringRef newer = *vaulted.keys->find(kVault);
  REQUIRE(vaulted.keys->destroy(kVault).ok());
  CHECK(newer->data_key(1).code() == Code::key_unavailable);
  CHECK(vaulted.keys->find(kVault).code() == Code::key_unavailable);
  CHECK(vaulted.keys->find_or_make(kVault).code() == Code::key_unavailable);
  CHECK(vaulted.keys->rotate_data_key(kVault).code() == Code::key_unavailable);
  CHECK(vaulted.keys->rewrap(kVault).code() == Code::key_unavailable);
  CHECK(vaulted.keys->destroy(kVault).ok());
  CHECK(!std::filesystem::exists(vaulted.secret_path()));
  CHECK(text_of(other_name).find_first_not_of('\0') == std::string::npos);
  CHECK(vaulted.keys->list()->at(0).state == model::VaultKeysRow::State::destroyed);
  vaulted.keys.reset();
  vaulted.store.reset();
  vaulted.disk = old_rows;
  vaulted.reopen();
  CHECK(vaulted.keys->find(kVault).code() == Code::key_unavailable);
}

// What holds after a death at every step: the vault opens with the keys that it had, or it is gone.
void die_everywhere(const std::function<Status(Vaulted&)>& change, bool may_be_gone) {
  std::uint64_t points = 0;
  for (bool done = false; !done; ++points) {
    Vaulted vaulted;
    const std::string data = copy_of((*vaulted.keys->find_or_make(kVault))->data_key(1));
    REQUIRE(add_key(vaulted.key_path).ok());
    vaulted.die_at(points + 1);
    done = change(vaulted).ok();
    vaulted.rise();
    vaulted.reopen();
    const auto found = vaulted.keys->find(kVault);
    if (found.ok()) {
      CHECK(copy_of((*found)->data_key(1)) == data);
      CHECK(!(done && may_be_gone));
    } else {
      CHECK(may_be_gone);
      CHECK(found.error().text == content::Keyring::destroyed_error().text);
      CHECK(std::filesystem::is_empty(vaulted.secrets));
    }
    for (const auto& entry : std::filesystem::directory_iterator(vaulted.secrets))
      CHECK(entry.path().string() == vaulted.secret_path());
    // It goes on from there.
    REQUIRE(change(vaulted).ok());
    REQUIRE(points < 100);
  }
  CHECK(points > 2);
}

TEST_CASE("vault keys: a death at any step of wrapping anew loses no key") {
  die_everywhere(
      [](Vaulted& vaulted) -> Status {
        const auto wrapped = vaulted.keys->rewrap(kVault);
        if (!wrapped.ok()) return wrapped.error();
        const auto check = vaulted.keys->rewrap_check();
        if (!check.ok()) return check.error();
        return {};
      },
      false);
}

TEST_CASE("vault keys: a death at any step of a destruction leaves the vault whole or gone") {
  die_everywhere([](Vaulted& vaulted) { return vaulted.keys->destroy(kVault); }, true);
}

TEST_CASE("vault keys: a death while a vault is made leaves nothing that stands in the way") {
  for (std::uint64_t point = 1;; ++point) {
    Vaulted vaulted;
    vaulted.die_at(point);
    const bool done = vaulted.keys->find_or_make(kVault).ok();
    vaulted.rise();
    vaulted.reopen();
    const auto made = vaulted.keys->find_or_make(kVault);
    REQUIRE(made.ok());
    const std::string data = copy_of((*made)->data_key(1));
    vaulted.reopen();
    CHECK(copy_of((*vaulted.keys->find(kVault))->data_key(1)) == data);
    if (done) break;
    REQUIRE(point < 100);
  }
}

}  // namespace
}  // namespace spind::test
