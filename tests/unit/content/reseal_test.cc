// What lies under an earlier data key is sealed with the newest one, while the store is in use.
#include <algorithm>
#include <set>
#include <thread>

#include "base/limits.h"
#include "content/frames.h"
#include "unit/content/place.h"

namespace spind {
namespace {

using test::kMiB;
using test::owner_of;
using test::Place;
using test::random_text;

const model::VaultId kOldVault = model::vault_of("school");

// Files of an encrypted vault, each with a space of its own.
struct Rotated {
  explicit Rotated(Place& in) : place(in) { place.encrypt(); }

  void add(std::string text) {
    const content::Owner owner = owner_of(static_cast<std::uint8_t>(files.size() + 1));
    const content::Stored stored = place.put_and_commit(owner, text);
    files.push_back({owner, stored, std::move(text)});
  }
  void add_some(int small = 12, int large = 3) {
    for (int i = 0; i < small; ++i) add(random_text(random, 30'000 + std::size_t(i) * 7'000));
    for (int i = 0; i < large; ++i)
      add(std::string(300'000, 'x') + random_text(random, (1 + std::size_t(i)) * 4 * kMiB));
  }
  Result<ResealReport> reseal(const ResealOptions& options = {}) {
    return place.content->reseal(kOldVault, options);
  }
  CollectReport collect() {
    // At no rate, since the clock of the test stands still.
    return place.content->collect({.grace = std::chrono::seconds(0), .rewrite_rate_bytes = 0})
        .value();
  }
  std::size_t unreadable() {
    std::size_t bad = 0;
    for (const File& file : files) {
      const auto read = place.read(file.owner, file.stored);
      bad += read.ok() && *read == file.text ? 0 : 1;
    }
    return bad;
  }
  std::vector<model::PieceRow> rows() {
    std::vector<model::PieceRow> all;
    for (unsigned bucket = 0; bucket < 256; ++bucket) {
      const std::string prefix = model::bucket_prefix(kOldVault, static_cast<std::uint8_t>(bucket),
                                                      model::VaultRow::piece);
      const auto snapshot = place.store->durable();
      const auto cursor = snapshot->scan(kv::Family::content, prefix, model::end_of(prefix));
      for (; cursor->valid(); cursor->next())
        all.push_back(model::decode_piece(cursor->value()).value());
    }
    return all;
  }
  std::size_t under(std::uint32_t generation) {
    const auto all = rows();
    return static_cast<std::size_t>(std::count_if(
        all.begin(), all.end(), [&](const auto& row) { return row.generation == generation; }));
  }
  // Blobs that no row names.
  std::size_t orphans() {
    std::set<std::pair<model::BlobPlace::Kind, std::uint64_t>> named;
    for (const model::PieceRow& row : rows()) named.emplace(row.place.kind, row.place.number);
    return place.blob_count() + (place.pack_folder.empty() ? 0 : place.packs().size()) -
           named.size();
  }

  struct File {
    content::Owner owner;
    content::Stored stored;
    std::string text;
  };
  Place& place;
  std::mt19937_64 random{test::seed()};
  std::vector<File> files;
};

TEST_CASE("reseal: all that lay under earlier keys comes under the newest, and old blobs go") {
  const auto try_place = [](Place& place) {
    Rotated rotated(place);
    rotated.add_some();
    const std::size_t pieces = rotated.rows().size();
    const std::size_t blobs = place.blob_count();
    REQUIRE(place.keys->rotate_data_key(kOldVault).value() == 2);
    rotated.add(random_text(rotated.random, 50'000));
    const auto report = rotated.reseal().value();
    CHECK(report.pieces == pieces);
    CHECK(report.pieces_left == 0);
    CHECK(report.bytes > 20 * kMiB);
    CHECK(rotated.under(2) == pieces + 1);
    CHECK(rotated.unreadable() == 0);
    CHECK(rotated.reseal()->pieces == 0);
    rotated.collect();
    rotated.collect();
    CHECK(place.blob_count() <= blobs + 1);
    CHECK(rotated.unreadable() == 0);
    place.reopen();
    rotated.collect();
    rotated.collect();
    CHECK(rotated.orphans() == 0);
    CHECK(rotated.unreadable() == 0);
    // Names stay, so that what comes again is shared.
    const auto& file = rotated.files[0];
    CHECK(place.put_and_commit(owner_of(99), file.text).pieces == file.stored.pieces);
    CHECK(place.content->metrics().pieces_shared == 1);
  };
  Place near, without_packs(false), far(content::GatherOptions{});
  try_place(near);
  try_place(without_packs);
  try_place(far);
}

TEST_CASE("reseal: who reads an older snapshot has the old bytes, until he is done") {
  Place place(false);
  Rotated rotated(place);
  rotated.add_some(4, 2);
  const std::size_t blobs = place.blob_count();
  std::vector<std::unique_ptr<content::Source>> sources;
  for (const auto& file : rotated.files)
    sources.push_back(place.try_source(file.owner, file.stored).value());
  REQUIRE(place.keys->rotate_data_key(kOldVault).ok());
  CHECK(rotated.reseal()->pieces_left == 0);
  rotated.collect();
  CHECK(place.blob_count() == 2 * blobs);
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const std::string& text = rotated.files[i].text;
    std::vector<std::uint8_t> out(text.size());
    CHECK(sources[i]->read_at(0, out).value() == text.size());
    CHECK(as_text(out) == text);
  }
  sources.clear();
  CHECK(rotated.collect().removed == blobs);
  CHECK(place.blob_count() == blobs);
  CHECK(rotated.unreadable() == 0);
}

TEST_CASE("reseal: it tells how far it is, stops when told to, and goes on where it was") {
  Place place;
  Rotated rotated(place);
  rotated.add_some();
  const std::size_t pieces = rotated.rows().size();
  REQUIRE(place.keys->rotate_data_key(kOldVault).ok());
  std::uint64_t done = 0, total = 0;
  ResealOptions options;
  options.progress = [&](const Progress& progress) {
    done = progress.done;
    total = progress.total;
    return done < 5;
  };
  CHECK(rotated.reseal(options).code() == Code::cancelled);
  REQUIRE(place.store->catch_up().ok());
  CHECK(total == pieces);
  const std::size_t after_first = rotated.under(2);
  CHECK(after_first >= 5);
  CHECK(after_first < pieces);
  CHECK(rotated.unreadable() == 0);
  place.crash_and_open();
  CHECK(rotated.unreadable() == 0);
  options.progress = nullptr;
  options.cancel = CancelToken();
  options.cancel->cancel();
  CHECK(rotated.reseal(options).code() == Code::cancelled);
  const std::size_t under_old = rotated.under(1);
  options.cancel.reset();
  options.progress = [&](const Progress& progress) {
    done = progress.done;
    return true;
  };
  CHECK(rotated.reseal(options)->pieces == under_old);
  CHECK(done == under_old);
  CHECK(rotated.under(2) == pieces);
  place.reopen();
  for (int i = 0; i < 3; ++i) rotated.collect();
  CHECK(rotated.orphans() == 0);
  CHECK(rotated.unreadable() == 0);
}

TEST_CASE("reseal: damage stays for the check to tell of, and a full device loses nothing") {
  Place place(false);
  Rotated rotated(place);
  rotated.add_some(3, 1);
  const std::size_t blobs = place.blob_count();
  const std::string name = place.blobs.list("", "", 1).value().at(0).name;
  auto bytes = place.blobs.get(name, 1 << 30).value();
  bytes.back() ^= 1;
  REQUIRE(place.blobs.put(name, bytes).ok());
  REQUIRE(place.keys->rotate_data_key(kOldVault).ok());
  place.kv_full = true;
  CHECK(rotated.reseal().code() == Code::no_space);
  place.kv_full = false;
  CHECK(place.blob_count() == blobs);
  CHECK(rotated.unreadable() == 1);
  const auto report = rotated.reseal().value();
  CHECK(report.pieces == blobs - 1);
  CHECK(report.pieces_left == 1);
  CHECK(rotated.unreadable() == 1);
}

TEST_CASE("reseal: a piece that somebody else stored anew meanwhile stays where that is") {
  Place place(false);
  Rotated rotated(place);
  rotated.add(random_text(rotated.random, 2 * kMiB));
  const auto& file = rotated.files[0];
  REQUIRE(place.keys->rotate_data_key(kOldVault).ok());
  bool stored = false;
  ResealOptions options;
  options.progress = [&](const Progress& progress) {
    if (progress.total == 0 || stored) return true;
    stored = true;  // its row was looked at a moment ago
    REQUIRE(place.blobs.remove(place.blobs.list("", "", 1).value().at(0).name).ok());
    place.put_and_commit(file.owner, file.text);
    return true;
  };
  const auto report = rotated.reseal(options).value();
  REQUIRE(stored);
  CHECK(report.pieces == 0);
  CHECK(report.pieces_left == 0);
  rotated.collect();
  rotated.collect();
  CHECK(rotated.under(2) == 1);
  CHECK(rotated.orphans() == 0);
  CHECK(rotated.unreadable() == 0);
}

TEST_CASE("reseal: a piece that could not be stored anew keeps its place no longer than others") {
  Place place(false);
  Rotated rotated(place);
  rotated.add(random_text(rotated.random, 2 * kMiB));
  const auto& file = rotated.files[0];
  REQUIRE(place.keys->rotate_data_key(kOldVault).ok());
  place.kv_full = true;
  CHECK(rotated.reseal().code() == Code::no_space);
  place.kv_full = false;
  // Its blob is damaged, and somebody stores it anew.
  const std::string name = place.blobs.list("", "", 1).value().at(0).name;
  auto bytes = place.blobs.get(name, 1 << 30).value();
  bytes[0] ^= 1;
  REQUIRE(place.blobs.put(name, bytes).ok());
  place.put_and_commit(file.owner, file.text);
  REQUIRE(place.blob_count() == 2);
  rotated.collect();
  rotated.collect();
  // A worker may have held what it looked at for a moment longer than its task.
  for (int i = 0; i < 50 && rotated.orphans() > 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    rotated.collect();
  }
  CHECK(rotated.orphans() == 0);
  CHECK(rotated.unreadable() == 0);
}

TEST_CASE("reseal: it needs keys") {
  Place plain;
  CHECK(plain.content->reseal(kOldVault, {}).code() == Code::not_found);
  Place place;
  Rotated rotated(place);
  rotated.add_some(3, 0);
  REQUIRE(place.keys->rotate_data_key(kOldVault).ok());
  const KeyProviderPtr provider = place.provider;
  place.provider = nullptr;
  place.reopen();
  CHECK(rotated.reseal().code() == Code::key_unavailable);
  CHECK(rotated.under(1) == 3);
  place.provider = provider;
  place.reopen();
  REQUIRE(place.keys->destroy(kOldVault).ok());
  CHECK(rotated.reseal().code() == Code::key_unavailable);
}

TEST_CASE("reseal: uploads, copies, readers and the collector go on beside it") {
  Place place(true, 32 << 20);
  Rotated rotated(place);
  rotated.add_some(20, 2);
  std::atomic<bool> ended = false;
  std::atomic<int> failed = 0;
  std::vector<std::thread> others;
  others.emplace_back([&] {
    for (std::size_t i = 0; !ended; ++i) {
      const auto& file = rotated.files[i % rotated.files.size()];
      const auto stored = place.try_store(owner_of(200), file.text);
      if (!stored.ok() || stored->pieces != file.stored.pieces) ++failed;
    }
  });
  others.emplace_back([&] {
    while (!ended) failed += static_cast<int>(rotated.unreadable());
  });
  others.emplace_back([&] {
    while (!ended) rotated.collect();
  });
  std::uint64_t left = 0;
  for (std::uint64_t generation = 2; generation < 5; ++generation) {
    REQUIRE(place.keys->rotate_data_key(kOldVault).value() == generation);
    // A piece whose pack is emptied just then is left to the next call.
    for (int i = 0; i < 5; ++i) {
      left = rotated.reseal().value().pieces_left;
      if (left == 0) break;
    }
    CHECK(left == 0);
  }
  ended = true;
  for (std::thread& thread : others) thread.join();
  CHECK(failed == 0);
  CHECK(rotated.unreadable() == 0);
  CHECK(rotated.under(4) == rotated.rows().size());
  CHECK(place.content->metrics().corruptions == 0);
  place.reopen();
  for (int i = 0; i < 4; ++i) rotated.collect();
  CHECK(rotated.orphans() == 0);
  CHECK(rotated.unreadable() == 0);
}

}  // namespace
}  // namespace spind
