// Secrets of vaults that do not lie in the store's folder (StoreOptions::vault_secrets).
#include <filesystem>
#include <fstream>

#include <doctest/doctest.h>

#include "bad_days/host_keys.h"
#include "spind/blob_places.h"
#include "spind/key_provider.h"
#include "support/harness.h"
#include "support/store/test_store.h"

using namespace spind;
using namespace spind::test;

namespace {

namespace fs = std::filesystem;

std::string text_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

// A store in a folder, its blobs in another one, its keys in a file, its secrets in a third folder.
class Elsewhere {
 public:
  Elsewhere() { options_.vault_secrets = secrets(); }

  std::string secrets() const { return folder_ / "secrets"; }
  std::string store_folder() const { return folder_ / "store"; }
  std::string copy_folder() const { return folder_ / "copy"; }
  std::string format() const { return text_of(store_folder() + "/FORMAT"); }
  StoreOptions& options() { return options_; }

  Result<Store> open(const std::string& folder) const {
    StoreOptions options = options_;
    options.create = folder == store_folder();
    options.memory_bytes = 64 << 20;
    options.upkeep_period = {};
    if (options.keys == nullptr && keyed_) options.keys = keys_.provider();
    return Store::open(folder, options);
  }
  Result<Store> open() const { return open(store_folder()); }
  void without_keys() { keyed_ = false; }
  void with_keys() { keyed_ = true; }

  // With a file as the host has it, of everything in the folder of a store that is closed.
  void copy_store() const { fs::copy(store_folder(), copy_folder(), fs::copy_options::recursive); }

 private:
  TemporaryFolder folder_;
  KeyFile keys_;
  StoreOptions options_;
  bool keyed_ = true;
};

const std::string kText(100'000, 'x');

Space make_space(const Store& store, const std::string& alias = "ada") {
  return store.session({.user = "ada"})->create_space({.alias = alias}).value();
}

Space space_of(const Store& store, const std::string& alias = "ada") {
  return store.session({.user = "ada"})->space_by_alias(alias).value();
}

std::size_t files_in(const std::string& folder) {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

}  // namespace

TEST_CASE("bad day: a whole old copy of the store decrypts nothing of a destroyed vault") {
  if (kThreadSanitizer) return;
  Elsewhere host;
  SUBCASE("with its blobs in the folder") {}
  SUBCASE("with its blobs elsewhere") { host.options().blobs = memory_blobs(); }
  SpaceId id;
  {
    const Store store = host.open().value();
    const Space ada = make_space(store);
    id = ada.id();
    REQUIRE(ada.put("/essay.txt", kText).ok());
    REQUIRE(ada.put("/small.txt", "planted").ok());
  }
  host.copy_store();
  CHECK_FALSE(fs::exists(host.copy_folder() + "/vaults"));
  // Until then it does; on blobs that are given it would take them for itself.
  if (host.options().blobs == nullptr) {
    const Store copy = host.open(host.copy_folder()).value();
    CHECK(space_of(copy).get("/essay.txt").value() == kText);
  }
  {
    const Store store = host.open().value();
    REQUIRE(store.destroy_vault("default").ok());
  }
  CHECK(files_in(host.secrets()) == 1);  // LOCK
  host.options().adopt_blobs = host.options().blobs != nullptr;
  const Store copy = host.open(host.copy_folder()).value();
  CHECK(copy.session({.user = "ada"})->space(id).code() == Code::key_unavailable);
  CheckOptions check;
  check.read_content = true;
  CHECK(copy.check(check)->locked_spaces == 1);
}

TEST_CASE("secrets elsewhere: the store finds them, and says in FORMAT where they are") {
  if (kThreadSanitizer) return;
  Elsewhere host;
  REQUIRE(make_space(host.open().value()).put("/essay.txt", kText).ok());
  CHECK(host.format() == "spind store\nformat 4\nsecrets " + host.secrets() + "\n");
  CHECK_FALSE(fs::exists(host.secrets() + "/BEGUN"));
  host.options().vault_secrets.clear();
  CHECK(space_of(host.open().value()).get("/essay.txt").value() == kText);
  // Whoever names another place is told.
  host.options().vault_secrets = host.copy_folder();
  CHECK(host.open().code() == Code::invalid_argument);
  CHECK_FALSE(fs::exists(host.copy_folder()));
}

TEST_CASE("secrets elsewhere: a place that will not do is refused, and no store is made") {
  if (kThreadSanitizer) return;
  Elsewhere host;
  const auto refused = [&](const std::string& path) {
    host.options().vault_secrets = path;
    const Code code = host.open().code();
    CHECK_FALSE(fs::exists(host.store_folder() + "/FORMAT"));
    return code == Code::invalid_argument;
  };
  const std::string good = host.secrets();
  CHECK(refused("secrets"));
  CHECK(refused(good + "\nformat 2"));
  CHECK(refused("/" + std::string(5000, 'x')));
  CHECK(refused(host.store_folder() + "/secrets"));
  CHECK(refused(host.store_folder()));
  fs::create_directory(good);
  std::ofstream(good + "/mine") << "my own file";
  CHECK(refused(good));
  CHECK(text_of(good + "/mine") == "my own file");
  fs::remove(good + "/mine");
  host.without_keys();
  CHECK(refused(good));
  host.options().metadata = MetadataEngine::memory;
  host.with_keys();
  CHECK(refused(good));
}

TEST_CASE("secrets elsewhere: a store that has keys does not move its secrets") {
  if (kThreadSanitizer) return;
  Elsewhere host;
  host.options().vault_secrets.clear();
  REQUIRE(make_space(host.open().value()).put("/essay.txt", kText).ok());
  host.options().vault_secrets = host.secrets();
  CHECK(host.open().code() == Code::invalid_argument);
  CHECK_FALSE(fs::exists(host.secrets()));
}

TEST_CASE("bad day: nothing is mounted where the secrets of a store lie") {
  if (kThreadSanitizer) return;
  Elsewhere host;
  REQUIRE(make_space(host.open().value()).put("/essay.txt", kText).ok());
  fs::rename(host.secrets(), host.secrets() + ".away");
  CHECK(host.open().code() == Code::key_unavailable);
  fs::create_directory(host.secrets());
  const auto opened = host.open();
  REQUIRE(opened.code() == Code::key_unavailable);
  CHECK(opened.error().path == host.secrets());
  CHECK(files_in(host.secrets()) == 0);
  fs::remove(host.secrets());
  fs::rename(host.secrets() + ".away", host.secrets());
  CHECK(space_of(host.open().value()).get("/essay.txt").value() == kText);
}

TEST_CASE("bad day: FORMAT with a broken line about secrets opens no store") {
  if (kThreadSanitizer) return;
  Elsewhere host;
  make_space(host.open().value());
  const std::string good = host.format();
  for (const std::string& bad :
       {good + "more\n", good.substr(0, good.size() - 1), std::string("spind store\nformat 4\n"),
        "spind store\nformat 3\nsecrets " + host.secrets() + "\n"}) {
    std::ofstream(host.store_folder() + "/FORMAT", std::ios::trunc) << bad;
    CHECK(host.open().code() == Code::corruption);
  }
  std::ofstream(host.store_folder() + "/FORMAT", std::ios::trunc) << good;
  CHECK(host.open().ok());
}

TEST_CASE("bad day: a store that was begun with secrets elsewhere is begun again") {
  if (kThreadSanitizer) return;
  Elsewhere host;
  make_space(host.open().value());
  // As it is when the process ends before FORMAT is there.
  fs::remove(host.store_folder() + "/FORMAT");
  std::ofstream(host.secrets() + "/BEGUN") << host.store_folder();
  fs::remove_all(host.store_folder() + "/meta");
  REQUIRE(make_space(host.open().value()).put("/essay.txt", kText).ok());
  // And when it ends just after.
  std::ofstream(host.secrets() + "/BEGUN") << host.store_folder();
  CHECK(space_of(host.open().value()).get("/essay.txt").value() == kText);
  CHECK_FALSE(fs::exists(host.secrets() + "/BEGUN"));
  // Without that sign they are another store's, or those of a copy.
  fs::remove_all(host.store_folder());
  CHECK(host.open().code() == Code::invalid_argument);
}

TEST_CASE("secrets elsewhere: copies of a store share them, one at a time") {
  if (kThreadSanitizer) return;
  Elsewhere host;
  std::optional<Store> store = host.open().value();
  REQUIRE(make_space(*store).put("/essay.txt", kText).ok());
  REQUIRE(store->checkpoint(host.copy_folder()).ok());
  CHECK_FALSE(fs::exists(host.copy_folder() + "/vaults"));
  CHECK(host.open(host.copy_folder()).code() == Code::busy);

  const auto store_of = [](const Store& opened, const std::string& tenant) {
    SessionOptions who{.user = "bob"};
    who.tenant = tenant;
    return opened.session(who).value();
  };
  store.reset();
  {
    // A vault that only the copy knows is not lost when the original makes one of the same name.
    const Store copy = host.open(host.copy_folder()).value();
    CHECK(space_of(copy).get("/essay.txt").value() == kText);
    const Space bobs = store_of(copy, "another").create_space({.alias = "bob"}).value();
    REQUIRE(bobs.put("/copy.txt", kText).ok());
  }
  {
    store = host.open().value();
    const Space bobs = store_of(*store, "another").create_space({.alias = "bob"}).value();
    REQUIRE(bobs.put("/original.txt", kText).ok());
    REQUIRE(store->rewrap_vaults().ok());
    store.reset();
  }
  const Store copy = host.open(host.copy_folder()).value();
  const Space bobs = store_of(copy, "another").space_by_alias("bob").value();
  CHECK(bobs.get("/copy.txt").value() == kText);
  CHECK(files_in(host.secrets()) == 3);  // two vaults, LOCK
}

TEST_CASE("bad day: a copy makes a vault anew that the original destroyed, and keeps it") {
  if (kThreadSanitizer) return;
  Elsewhere host;
  const auto bob_of = [](const Store& opened) {
    SessionOptions who{.user = "bob"};
    who.tenant = "another";
    return opened.session(who).value();
  };
  {
    const Store store = host.open().value();
    REQUIRE(store.checkpoint(host.copy_folder()).ok());
    REQUIRE(bob_of(store).create_space({.alias = "bob"})->put("/old.txt", kText).ok());
    REQUIRE(store.destroy_vault("another").ok());
  }
  {
    const Store copy = host.open(host.copy_folder()).value();
    REQUIRE(bob_of(copy).create_space({.alias = "bob"})->put("/new.txt", kText).ok());
  }
  CHECK(host.open().ok());
  const Store copy = host.open(host.copy_folder()).value();
  CHECK(bob_of(copy).space_by_alias("bob")->get("/new.txt").value() == kText);
}

TEST_CASE("bad day: in another copy of the store a destroyed vault is told of, and destroyed") {
  if (kThreadSanitizer) return;
  Elsewhere host;
  {
    const Store store = host.open().value();
    REQUIRE(make_space(store).put("/small.txt", "planted").ok());
    REQUIRE(store.checkpoint(host.copy_folder()).ok());
    REQUIRE(store.destroy_vault("default").ok());
  }
  const Store copy = host.open(host.copy_folder()).value();
  const auto found = space_of(copy).get("/small.txt");
  REQUIRE(found.code() == Code::key_unavailable);
  CHECK(found.error().text.find("destroy it here") != std::string::npos);
  CHECK(copy.rewrap_vaults().code() == Code::key_unavailable);
  REQUIRE(copy.destroy_vault("default").ok());
  CHECK(copy.vaults()->at(0).state == VaultState::destroyed);
  CHECK(copy.rewrap_vaults().ok());
}

TEST_CASE("bad day: the process ended while a store got keys, whose secrets lie elsewhere") {
  if (kThreadSanitizer) return;
  Elsewhere host;
  const std::string format = host.store_folder() + "/FORMAT";
  const std::string chosen = host.options().vault_secrets;
  host.without_keys();
  host.options().vault_secrets.clear();
  REQUIRE(make_space(host.open().value()).put("/essay.txt", kText).ok());
  const std::string plain = text_of(format);
  host.with_keys();
  host.options().encrypt_existing = true;
  SUBCASE("it is opened without saying where") {
    host.options().vault_secrets = chosen;
    REQUIRE(host.open().ok());
    // As it is when the process ends before FORMAT says so.
    std::ofstream(format, std::ios::trunc) << plain;
    std::ofstream(host.store_folder() + "/SECRETS") << chosen;
    std::ofstream(host.secrets() + "/BEGUN") << host.store_folder();
    host.options().vault_secrets = chosen + ".other";
    CHECK(host.open().code() == Code::invalid_argument);
    host.options().vault_secrets.clear();
    CHECK(space_of(host.open().value()).get("/essay.txt").value() == kText);
    CHECK(host.format() == "spind store\nformat 4\nsecrets " + chosen + "\n");
    CHECK_FALSE(fs::exists(host.store_folder() + "/SECRETS"));
  }
  SUBCASE("they lay in its own folder, and another one is named now") {
    REQUIRE(host.open().ok());
    std::ofstream(format, std::ios::trunc) << plain;
    host.options().vault_secrets = chosen;
    CHECK(host.open().code() == Code::invalid_argument);
    CHECK(text_of(format) == plain);
    host.options().vault_secrets.clear();
    CHECK(space_of(host.open().value()).get("/essay.txt").value() == kText);
    CHECK(host.format() == "spind store\nformat 3\n");
  }
}

TEST_CASE("secrets elsewhere: a store that is closed lets go of them, also after a move") {
  if (kThreadSanitizer) return;
  Elsewhere host;
  Store store = host.open().value();
  const Space ada = make_space(store);
  REQUIRE(ada.put("/essay.txt", kText).ok());
  // The space is there all the while.
  SUBCASE("by the host") { REQUIRE(store.close().ok()); }
  SUBCASE("by a move") {
    host.options().blobs = memory_blobs();
    REQUIRE(store.move_blobs(host.options().blobs).ok());
  }
  CHECK(space_of(host.open().value()).get("/essay.txt").value() == kText);
}

TEST_CASE("secrets elsewhere: the folder may be one of its own device, and is named in any way") {
  if (kThreadSanitizer) return;
  Elsewhere host;
  fs::create_directories(host.secrets() + "/lost+found");
  host.options().vault_secrets = host.secrets() + "/../secrets/";
  make_space(host.open().value());
  CHECK(host.format() == "spind store\nformat 4\nsecrets " + host.secrets() + "\n");
  CHECK(host.open().ok());
}

TEST_CASE("secrets elsewhere: a store without keys gets them, and is copied once that has ended") {
  if (kThreadSanitizer) return;
  Elsewhere host;
  host.without_keys();
  host.options().vault_secrets.clear();
  REQUIRE(make_space(host.open().value()).put("/essay.txt", kText).ok());
  host.with_keys();
  host.options().vault_secrets = host.secrets();
  CHECK(host.open().code() == Code::invalid_argument);
  host.options().encrypt_existing = true;
  const Store store = host.open().value();
  CHECK(host.format().starts_with("spind store\nformat 4\n"));
  CHECK(files_in(host.secrets()) == 2);
  CHECK(store.checkpoint(host.copy_folder()).code() == Code::conflict);
  CHECK_FALSE(fs::exists(host.copy_folder()));
  REQUIRE(store.encrypt_vault("default").ok());
  CHECK(store.checkpoint(host.copy_folder()).ok());
  CHECK(space_of(store).get("/essay.txt").value() == kText);
}
