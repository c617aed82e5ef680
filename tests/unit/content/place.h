// A place where content lives: rows and blobs in memory, packs in a folder. It can be closed, cut
// off as by a crash, and opened again.
#pragma once

#include <doctest/doctest.h>

#include <atomic>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "blob/memory/memory_blob_store.h"
#include "content/content.h"
#include "content/vault_keys.h"
#include "kv/memory/memory_store.h"
#include "model/keys.h"
#include "model/records.h"
#include "model/vault_rows.h"
#include "spind/blob_layers.h"
#include "spind/key_provider.h"
#include "support/harness.h"
#include "support/store/test_clock.h"
#include "unit/blob/faulty_files.h"

namespace spind::test {

constexpr std::size_t kMiB = 1024 * 1024;

inline content::Owner owner_of(std::uint8_t space, std::string vault = "school") {
  content::Owner owner{std::move(vault), {}};
  owner.space.bytes[15] = space;
  return owner;
}

inline std::string random_text(std::mt19937_64& random, std::size_t size) {
  std::string text(size, '\0');
  std::size_t i = 0;
  for (; i + 8 <= size; i += 8) {
    const std::uint64_t word = random();
    std::memcpy(text.data() + i, &word, sizeof word);
  }
  for (; i < size; ++i) text[i] = static_cast<char>(random());
  return text;
}

struct Place {
  explicit Place(bool with_packs = true, std::uint64_t budget_bytes = 64 << 20)
      : pack_folder(with_packs ? folder / "packs" : ""), memory_bytes(budget_bytes) {
    open();
  }
  // Its blobs are far away.
  explicit Place(const content::GatherOptions& options, BlobStorePtr over_blobs = nullptr)
      : gather(options), memory_bytes(64 << 20), layered(std::move(over_blobs)) {
    open();
  }
  // The same, with small pieces staged in a folder; they are brought there only where flush_staged
  // is called.
  Place(const content::GatherOptions& options, const content::StagedOptions& staging)
      : pack_folder(folder / "packs"), gather(options), staged(staging), memory_bytes(64 << 20) {
    open();
  }
  ~Place() { close(); }

  // Begins anew, empty, as a store whose vaults are encrypted.
  Place& encrypt() {
    close();
    disk = std::make_shared<kv::MemoryDisk>();
    REQUIRE(add_key(folder / "keys").ok());
    provider = key_file(folder / "keys").value();
    encrypted = true;
    open();
    return *this;
  }

  void open() {
    crashed = false;
    kv::MemoryOptions options{.threads = Threads::system(), .clock = clock, .disk = disk};
    options.before = [this](kv::MemoryCall call) -> Status {
      const bool changes = call != kv::MemoryCall::get && call != kv::MemoryCall::scan;
      if (call == kv::MemoryCall::write && --kv_writes_left == 0) crashed = true;
      if (changes && crashed) return Error{Code::io_error, "the process has died"};
      if (call == kv::MemoryCall::admit && kv_full)
        return Error{Code::no_space, "no room for metadata"};
      if (call == kv::MemoryCall::sync && (--kv_syncs_left == 0 || kv_sync_full))
        return Error{Code::no_space, "no room for metadata"};
      // A store that was full is opened anew; whether it finds what was not durable is open.
      if (call == kv::MemoryCall::reopen) disk->cut();
      return {};
    };
    store = kv::open_memory(options).value();
    if (encrypted) open_keys();
    content::Setup setup;
    setup.keys = keys.get();
    setup.kv = store.get();
    setup.blobs = layered != nullptr ? layered.get() : &blobs;
    setup.files = &files;
    setup.pack_folder = pack_folder;
    setup.clock = &clock;
    setup.threads = &Threads::system();
    setup.memory_bytes = memory_bytes;
    setup.gather = gather;
    setup.staged = staged;
    setup.staged_period = staged_period;
    setup.compress = compress;
    content = content::Content::open(setup).value();
  }
  void open_keys() {
    content::VaultKeysSetup setup;
    setup.kv = store.get();
    setup.files = &files;
    setup.folder = folder / "vaults";
    setup.provider = provider;
    setup.random = &Random::system();
    setup.store_is_new = true;  // which makes a difference the first time only
    keys = content::VaultKeys::open(std::move(setup)).value();
  }
  void close() {
    content.reset();
    keys.reset();
    store.reset();
  }
  // Ends as a killed process or a power cut does: nothing more is written, and rows that were not
  // durable are gone.
  void crash() {
    crashed = true;
    close();
    disk->cut();
  }
  void reopen() {
    close();
    open();
  }
  void crash_and_open() {
    crash();
    open();
  }

  Result<content::Stored> try_store(const content::Owner& owner, std::string_view text,
                                    std::size_t part = std::size_t{1} << 20) {
    const auto upload = content->upload(owner, 0, nullptr);
    while (!text.empty()) {
      Status appended = upload->append(as_bytes(text.substr(0, part)));
      if (!appended.ok()) return std::move(appended).error();
      text.remove_prefix(std::min(part, text.size()));
    }
    return upload->finish();
  }
  content::Stored put(const content::Owner& owner, std::string_view text) {
    return try_store(owner, text).value();
  }

  // As the space's commit does it.
  Status commit(const content::Owner& owner, const content::Stored& stored) {
    const kv::Answer answer = store->update(
        {model::space_partition(owner.space)}, [&](kv::Transaction& transaction) -> kv::Outcome {
          if (Status held = content->verify(stored); !held.ok()) return held.error();
          for (const model::Piece& piece : stored.pieces) {
            const std::string key = model::reference_key(owner.space, piece.id);
            const auto row = transaction.get(kv::Family::state, key).value();
            const std::uint64_t count = row ? model::decode_count(*row).value() : 0;
            transaction.put(kv::Family::state, key, model::encode_count(count + 1));
          }
          if (stored.pieces.size() > 1)
            transaction.put(kv::Family::attachment, model::attachment_key(owner.space, {1, 0}),
                            model::encode_manifest(stored.pieces));
          return kv::Commit{};
        });
    if (!answer.status.ok()) return answer.status.error();
    return store->wait(answer.ticket);
  }
  content::Stored put_and_commit(const content::Owner& owner, std::string_view text) {
    content::Stored stored = put(owner, text);
    REQUIRE(commit(owner, stored).ok());
    stored.claim = nullptr;
    return stored;
  }
  // As a later release does when the last reference is gone.
  void forget(const content::Owner& owner, const content::Stored& stored) {
    const kv::Answer answer = store->update(
        {model::space_partition(owner.space),
         model::bucket_of(model::vault_of(owner.vault), stored.pieces[0].id)},
        [&](kv::Transaction& transaction) -> kv::Outcome {
          const model::PieceId& piece = stored.pieces[0].id;
          transaction.erase(kv::Family::state, model::reference_key(owner.space, piece));
          transaction.put(kv::Family::content,
                          model::unchecked_key(model::vault_of(owner.vault), piece, owner.space),
                          "");
          return kv::Commit{};
        });
    REQUIRE(store->wait(answer.ticket).ok());
  }

  Result<std::unique_ptr<content::Source>> try_source(const content::Owner& owner,
                                                      const content::Stored& stored) {
    model::ContentRef ref;
    ref.kind = stored.pieces.size() == 1 ? model::ContentKind::piece : model::ContentKind::manifest;
    if (stored.pieces.size() == 1) ref.piece = stored.pieces[0].id;
    ref.attachment = {1, 0};
    return content->source(store->durable(), owner, ref, stored.size_bytes);
  }
  Result<std::string> read(const content::Owner& owner, const content::Stored& stored) {
    auto source = try_source(owner, stored);
    if (!source.ok()) return source.error();
    std::string text(stored.size_bytes, '\0');
    auto got = (*source)->read_at(0, {reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
    if (!got.ok()) return got.error();
    text.resize(*got);
    return text;
  }

  CollectReport collect(std::int64_t grace_seconds = 0) {
    return content->collect({.grace = std::chrono::seconds(grace_seconds)}).value();
  }
  std::size_t blob_count() { return blobs.list("", "", 10'000).value().size(); }
  std::vector<std::string> packs() { return Files::system().list(pack_folder).value(); }
  std::uint64_t pack_bytes() {
    std::uint64_t bytes = 0;
    for (const std::string& name : packs()) {
      const auto file = Files::system().open(pack_folder + '/' + name, OpenMode::read).value();
      bytes += file->size().value();
    }
    return bytes;
  }
  std::size_t rows(std::string_view prefix) {
    std::size_t count = 0;
    const auto cursor = store->durable()->scan(kv::Family::content, prefix, model::end_of(prefix));
    for (; cursor->valid(); cursor->next()) ++count;
    return count;
  }

  TemporaryFolder folder;
  std::string pack_folder;
  std::optional<content::GatherOptions> gather;
  std::optional<content::StagedOptions> staged{};  // from the next open on
  std::chrono::milliseconds staged_period{0};      // likewise
  std::uint64_t memory_bytes;
  bool compress = true;     // from the next open on
  KeyProviderPtr provider;  // likewise
  bool encrypted = false;
  TestClock clock;
  FaultyFiles files;
  MemoryBlobStore blobs;
  BlobStorePtr layered;  // over blobs, where there is one
  std::shared_ptr<kv::MemoryDisk> disk = std::make_shared<kv::MemoryDisk>();
  std::atomic<bool> crashed = false;
  std::atomic<bool> kv_full = false;       // refuses commits
  std::atomic<bool> kv_sync_full = false;  // loses commits
  std::atomic<int> kv_syncs_left = 0;      // the last of so many does that once
  std::atomic<int> kv_writes_left = 0;     // the process dies at the last of so many
  std::unique_ptr<kv::Store> store;
  std::unique_ptr<content::VaultKeys> keys;
  std::unique_ptr<content::Content> content;
};

}  // namespace spind::test
