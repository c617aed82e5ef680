// What is planted in an encrypted store, and what its keys are made of, is looked for in all that
// the store leaves behind: its folder, its blobs, copies of it, its log, its metrics and its error
// texts.
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>

#include <doctest/doctest.h>

#include "bad_days/host_keys.h"
#include "base/base64.h"
#include "base/codec.h"
#include "base/hash.h"
#include "base/hex.h"
#include "base/sealer.h"
#include "model/vault_rows.h"
#include "spind/blob_places.h"
#include "support/store/test_store.h"

using namespace spind;
using namespace spind::test;

namespace {

namespace fs = std::filesystem;

// What holds the word "planted" must not be found; what holds the word "legible" is documented to
// be readable (lib/model/README.md).
std::string planted_bytes(std::size_t size_bytes) {
  std::string text;
  while (text.size() < size_bytes) text += "Locker 17: what was planted by Ada ";
  text.resize(size_bytes);
  return text;
}

// All that is said while the store is in use. Thread-safe.
class Heard {
 public:
  void line(std::string_view text) {
    const std::lock_guard lock(mutex_);
    text_ += text;
    text_ += '\n';
  }
  template <class T>
  void error_of(const Result<T>& result) {
    REQUIRE_FALSE(result.ok());
    line(result.error().to_string());
    ++errors_;
  }
  std::size_t errors() const { return errors_; }
  std::string text() {
    const std::lock_guard lock(mutex_);
    return text_;
  }

 private:
  std::mutex mutex_;
  std::string text_;
  std::size_t errors_ = 0;
};

StoreOptions options_of(const KeyProviderPtr& keys, const std::string& blobs, Heard& heard) {
  StoreOptions options;
  options.keys = keys;
  options.blobs = folder_blobs(blobs).value();
  options.compress = false;  // so that what is planted would be found as it is
  options.log = [&heard](LogLevel, std::string_view line) { heard.line(line); };
  options.trace = [&heard](const Span& span) {
    heard.line(std::string(span.verb) + " " + std::string(span.traceparent));
  };
  return options;
}

// Bytes of every size, versions, labels, properties, the trash, uploads, and a repeated request.
void plant(const Space& space) {
  REQUIRE(space.put("/legible inline", planted_bytes(100), {.request_id = "legible request"}).ok());
  REQUIRE(space.put("/legible packed", planted_bytes(100'000)).ok());
  REQUIRE(space.put("/legible object", planted_bytes(1'200'000)).ok());
  const Written first = space.put("/legible versions", planted_bytes(200)).value();
  REQUIRE(space.put("/legible versions", planted_bytes(300)).ok());
  REQUIRE(space.mark_version("/legible versions", first.version, {.label = "planted label"}).ok());
  REQUIRE(space.set_properties("/legible inline", {{"legible key", "planted value"}}).ok());
  REQUIRE(space.add_tags("/legible inline", {"legible tag"}).ok());
  REQUIRE(space.put("/legible trash", planted_bytes(400)).ok());
  REQUIRE(space.remove("/legible trash").ok());
  const UploadInfo upload = space.start_upload("/planted target", 50'000).value();
  REQUIRE(space.append_upload(upload.id, 0, planted_bytes(20'000)).ok());
  REQUIRE(space.copy("/legible inline", "/legible copy").ok());
}

void ask_for_errors(const TestStore& store, const Space& space, Heard& heard) {
  heard.error_of(space.get("/nothing here"));
  heard.error_of(
      space.put("/legible inline", planted_bytes(100), {.conditions = {.if_match = "\"0\""}}));
  heard.error_of(space.put("/wrong", planted_bytes(100), {.sha256 = Sha256{}}));
  heard.error_of(space.put("/wrong", planted_bytes(70'000), {.sha256 = Sha256{}}));
  heard.error_of(space.set_properties("/legible inline", {{"", "planted value"}}));
  heard.error_of(space.mark_version("/legible versions", 9, {.label = "planted label"}));
  heard.error_of(Store::open(store.folder(), {}));
}

std::string file_bytes(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Flips a byte in the middle of the file.
void damage(const fs::path& path) {
  std::string bytes = file_bytes(path);
  REQUIRE_FALSE(bytes.empty());
  bytes[bytes.size() / 2] ^= 1;
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

std::vector<fs::path> files_below(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) files.push_back(entry.path());
  return files;
}

void add_each_form(std::vector<std::string>& all, Bytes secret) {
  std::string upper = to_hex(secret);
  for (char& digit : upper) digit = static_cast<char>(std::toupper(digit));
  all.insert(all.end(),
             {std::string(as_text(secret)), to_hex(secret), upper, to_base64url(secret)});
}

// Every key of a vault by itself, as they can only be had with its secret; none with another one.
std::vector<std::string> keys_in(const model::VaultKeysRow& row, const model::VaultId& vault,
                                 Bytes secret) {
  std::string about = "vault keys";
  Encoder(about).raw(Bytes(vault)).varint(row.generation);
  const auto opened = open_secret_box(secret, as_bytes(about), as_bytes(row.box));
  std::vector<std::string> keys;
  if (!opened.ok()) return keys;
  for (std::size_t at = 0; at < opened->size(); at += kKeyBytes)
    keys.emplace_back(as_text(opened->bytes().subspan(at, kKeyBytes)));
  return keys;
}

// A store whose rows can be looked at as they are below what is sealed.
class PlantedStore {
 public:
  PlantedStore(const KeyProviderPtr& keys, const std::string& blobs, Heard& heard)
      : store(engines().back(), seams(), options_of(keys, blobs, heard)) {}

  model::VaultKeysRow row_of(const model::VaultId& vault) {
    const auto row = below().durable()->get(kv::Family::content, model::vault_keys_key(vault));
    return model::decode_vault_keys(**row).value();
  }
  // All of them, as they are stored.
  std::string rows_below() {
    std::string all;
    for (std::size_t family = 0; family < kv::kFamilyCount; ++family) {
      const auto cursor = below().durable()->scan(static_cast<kv::Family>(family), "", "\xff");
      for (; cursor->valid(); cursor->next())
        all.append(cursor->key()).append("\n").append(cursor->value()).append("\n");
      REQUIRE(cursor->status().ok());
    }
    return all;
  }

 private:
  kv::Store& below() { return below_ != nullptr ? *below_ : store.rows(); }
  engine::Seams seams() {
    engine::Seams seams;
    if (!on_disk()) return seams;
    seams.open_kv = [this](const engine::KvSetup& setup) {
      auto opened = engine::default_kv(setup);
      if (opened.ok()) below_ = opened->get();
      return opened;
    };
    return seams;
  }
  kv::Store* below_ = nullptr;

 public:
  static bool on_disk() { return engines().back() == MetadataEngine::rocksdb; }
  TestStore store;
};

// Each key in every form that it might be written down in.
std::vector<std::string> key_forms(const KeyFile& file, const HostKeys& host,
                                   const model::VaultKeysRow& row, const model::VaultId& vault) {
  std::vector<std::string> forms;
  const std::string file_key = from_hex(file.newest()).value();
  add_each_form(forms, as_bytes(file_key));
  std::size_t of_vault = 0;
  for (const std::string& secret : host.wrapped()) {
    add_each_form(forms, as_bytes(secret));
    for (const std::string& key : keys_in(row, vault, as_bytes(secret))) {
      add_each_form(forms, as_bytes(key));
      ++of_vault;
    }
  }
  CHECK(of_vault == 4);  // for ids and rows, and two data keys
  return forms;
}

void search(const std::vector<fs::path>& folders, const std::vector<std::string>& forbidden) {
  for (const fs::path& folder : folders) {
    for (const fs::path& file : files_below(folder)) {
      CAPTURE(file.string());
      const std::string bytes = file_bytes(file);
      for (const std::string& one : forbidden) CHECK(bytes.find(one) == std::string::npos);
    }
  }
}

void check_readable(const std::string& all) {
  for (const char* name : {"inline", "packed", "object", "versions", "copy", "key", "tag",
                           "request", "alias", "description"}) {
    CAPTURE(std::string(name));
    CHECK(all.find("legible " + std::string(name)) != std::string::npos);
  }
}

}  // namespace

TEST_CASE("bad day: a thief of folder, bucket, copies and log finds nothing planted and no key") {
  const KeyFile key_file, other_file;
  const HostKeys host(key_file.provider());
  Heard heard;
  const TemporaryFolder bucket, copies;
  PlantedStore planted_store(host.provider(), bucket / "blobs", heard);
  TestStore& store = planted_store.store;
  SpaceOptions made{.alias = "legible alias"};
  made.description = "legible description";
  const Space space = store.session().create_space(made).value();
  plant(space);
  REQUIRE(store.store().rotate_vault("default", {.data_key = true}).ok());
  REQUIRE(space.put("/legible later", planted_bytes(90'000)).ok());
  ask_for_errors(store, space, heard);
  heard.line(store.store().metrics());
  if (PlantedStore::on_disk()) REQUIRE(store.store().checkpoint(copies / "copy").ok());

  const model::VaultId vault = model::vault_of("default");
  std::vector<std::string> forbidden =
      key_forms(key_file, host, planted_store.row_of(vault), vault);
  forbidden.push_back("planted");
  for (const std::size_t size_bytes : {100u, 200u, 300u, 400u, 90'000u, 100'000u, 1'200'000u})
    add_each_form(forbidden, sha256(as_bytes(planted_bytes(size_bytes))));
  // Files of RocksDB are compressed, so that a search in them alone would show little.
  const std::string rows = planted_store.rows_below();
  check_readable(rows);
  for (const std::string& one : forbidden) CHECK(rows.find(one) == std::string::npos);
  store.close();
  search({store.folder(), bucket.path(), copies.path()}, forbidden);

  // Texts about what is damaged, locked and destroyed.
  for (const fs::path& file : files_below(fs::path(bucket / "blobs"))) damage(file);
  REQUIRE(store.open().ok());
  heard.error_of(store.space("legible alias").get("/legible object"));
  const std::string findings = store.findings(true);
  CHECK(findings != "");
  heard.line(findings);
  (void)store.store().scrub();
  store.close();
  store.give_keys(other_file.provider());
  heard.error_of(store.open());
  store.give_keys(host.provider());
  REQUIRE(store.open().ok());
  REQUIRE(store.store().destroy_vault("default").ok());
  heard.error_of(store.session().space(space.id()));
  heard.line(store.store().metrics());
  store.close();

  CHECK(heard.errors() == 10);
  const std::string said = heard.text();
  CHECK(said.find("corruption") != std::string::npos);
  for (const std::string& one : forbidden) CHECK(said.find(one) == std::string::npos);
  search({store.folder(), bucket.path()}, forbidden);
}
