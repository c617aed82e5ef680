// A store whose blobs lie in a mirror gets over what one backend has damaged.
#include <doctest/doctest.h>

#include <fmt/format.h>

#include <vector>

#include "spind/blob_layers.h"
#include "spind/blob_mirror.h"
#include "spind/blob_places.h"
#include "support/store/content.h"
#include "support/store/test_store.h"

namespace spind::test {
namespace {

constexpr std::size_t kMendedSizes[] = {40'000, 100'000, 3 << 20};  // two in packs, and an object

StoreOptions options_on(BlobStorePtr blobs) {
  StoreOptions options;
  options.create = true;
  options.blobs = std::move(blobs);
  options.upkeep_period = std::chrono::milliseconds(0);
  return options;
}

struct MirroredStore {
  MirroredStore() {
    const Space space = store.session({.user = "ada"}).value().create_space({.alias = "s"}).value();
    for (const std::size_t size : kMendedSizes)
      REQUIRE(space.put(fmt::format("/{}", size), content(1, size)).ok());
  }
  std::vector<std::string> names() {
    std::vector<std::string> found;
    for (const char* prefix : {"o/", "p/"})
      for (const BlobListItem& item : north->list(prefix, "", 100).value())
        found.push_back(item.name);
    return found;
  }
  // A byte of each thousand.
  void damage(BlobStore& backend) {
    for (const std::string& name : names()) {
      std::vector<std::uint8_t> bytes = backend.get(name, 64 << 20).value();
      for (std::size_t at = 200; at < bytes.size(); at += 1'000) bytes[at] ^= 1;
      REQUIRE(backend.put(name, bytes).ok());
    }
  }
  bool even() {
    for (const std::string& name : names())
      if (north->get(name, 64 << 20).value() != south->get(name, 64 << 20).value()) return false;
    return true;
  }
  std::size_t files_read() {
    std::size_t count = 0;
    const Space space = store.session({.user = "ada"}).value().space_by_alias("s").value();
    for (const std::size_t size : kMendedSizes) {
      const auto got = space.get(fmt::format("/{}", size));
      if (got.ok())
        CHECK(*got == content(1, size));
      else
        CHECK(got.code() == Code::corruption);
      count += got.ok() ? 1 : 0;
    }
    return count;
  }

  TemporaryFolder folder;
  std::shared_ptr<BlobStore> north = memory_blobs(), south = memory_blobs();
  std::shared_ptr<BlobMirror> mirror =
      make_mirror({.backends = {{"north", north}, {"south", south}},
                   .journal_folder = folder / "mirror",
                   .catch_up_period = std::chrono::milliseconds(0)})
          .value();
  Store store = Store::open(folder / "store", options_on(mirror)).value();
};

}  // namespace

// Which backend is asked depends on which is faster, so both get their turn.
TEST_CASE("mended store: files are read though one backend of the mirror damaged all it has") {
  MirroredStore m;
  for (const auto& backend : {m.north, m.south}) {
    m.damage(*backend);
    CHECK(m.files_read() == std::size(kMendedSizes));
    for (int i = 0; i < 40 && !m.even(); ++i) (void)m.files_read();
    CHECK(m.even());
  }
  CHECK(m.store.blob_status()->healed == 2 * m.names().size());
}

TEST_CASE("mended store: a scrub mends one backend of the mirror, and finds nothing lost") {
  MirroredStore m;
  for (const auto& backend : {m.north, m.south}) {
    m.damage(*backend);
    for (int i = 0; i < 40 && !m.even(); ++i) CHECK(m.store.scrub().value().findings_total == 0);
    CHECK(m.even());
  }
  CHECK(m.store.blob_status()->healed == 2 * m.names().size());
  CHECK(m.store.check({.read_content = true}).value().findings_total == 0);
}

TEST_CASE("mended store: what both backends damaged is told of, and not written over") {
  MirroredStore m;
  m.damage(*m.north);
  m.damage(*m.south);
  CHECK(m.files_read() == 0);
  CHECK(m.store.scrub().value().findings_total > 0);
  CHECK(m.store.blob_status()->healed == 0);
}

TEST_CASE("mended store: what one backend damaged moves to another place as it was stored") {
  MirroredStore m;
  for (int i = 0; i < 2; ++i) REQUIRE(m.store.collect({.grace = std::chrono::seconds(0)}).ok());
  m.damage(*m.north);
  const std::shared_ptr<BlobStore> place = memory_blobs();
  const auto moved = m.store.move_blobs(place);
  REQUIRE(moved.ok());
  CHECK(moved->damaged == 0);
  m.store = Store::open(m.folder / "store", options_on(place)).value();
  CHECK(m.files_read() == std::size(kMendedSizes));
}

}  // namespace spind::test
