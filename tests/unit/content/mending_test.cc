// Bytes that one place has damaged are read from another, and mended there.
#include <thread>

#include "content/object_packs.h"
#include "content/vaults.h"
#include "unit/blob/layer/mirrored.h"
#include "unit/content/place.h"

namespace spind::test {
namespace {

using Change = std::function<void(std::vector<std::uint8_t>&)>;

constexpr std::size_t kSizes[] = {100'000, 3 * kMiB};  // in a pack, and an object

void flip(std::vector<std::uint8_t>& bytes) { bytes[bytes.size() / 2] ^= 1; }
void cut(std::vector<std::uint8_t>& bytes) { bytes.resize(bytes.size() - 1); }
void empty(std::vector<std::uint8_t>& bytes) { bytes.clear(); }
void break_header(std::vector<std::uint8_t>& bytes) { bytes[60] ^= 1; }
void look_later(std::vector<std::uint8_t>& bytes) { bytes[4] ^= 1; }  // like a later format

// A place over two backends. All but one of 32 reads go to north, which is nearer.
struct MendedPlace {
  MendedPlace() {
    mirrored.stores[1]->before = [this](std::string_view request, std::string_view) {
      if (request == "range") mirrored.clock.advance(1'000'000);
      return std::optional<Error>();
    };
    REQUIRE(mirrored.put("warm", "up").ok());
    for (int i = 0; i < 40; ++i) (void)mirrored.range("warm");
    REQUIRE(mirrored.mirror->remove("warm").ok());
  }

  Mirrored mirrored;
  Place place{content::GatherOptions{}, mirrored.mirror};
  std::mt19937_64 random{test::seed()};

  std::vector<std::string> names() {
    std::vector<std::string> found;
    for (const BlobListItem& item : mirrored.mirror->list("", "", 100).value())
      found.push_back(item.name);
    return found;
  }
  std::vector<std::uint8_t> in(std::size_t i, const std::string& name) {
    return mirrored.stores[i]->bytes.get(name, 1 << 30).value();
  }
  void change(std::size_t i, const std::string& name, const Change& change_it) {
    std::vector<std::uint8_t> bytes = in(i, name);
    change_it(bytes);
    REQUIRE(mirrored.stores[i]->bytes.put(name, bytes).ok());
  }
  // Files whose pieces lie in one pack, in any order.
  std::vector<content::Stored> put_together(const std::vector<std::string>& texts) {
    place.gather->window = std::chrono::seconds(1);
    place.reopen();
    std::vector<content::Stored> stored(texts.size());
    std::vector<std::thread> callers;
    for (std::size_t i = 0; i < texts.size(); ++i)
      callers.emplace_back([&, i] { stored[i] = place.put(owner_of(1), texts[i]); });
    for (std::thread& caller : callers) caller.join();
    for (content::Stored& one : stored) {
      REQUIRE(place.commit(owner_of(1), one).ok());
      one.claim = nullptr;
    }
    REQUIRE(names().size() == 1);
    return stored;
  }
  std::vector<std::string> texts_of(std::size_t count) {
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < count; ++i) texts.push_back(random_text(random, 100'000));
    return texts;
  }
  std::uint64_t healed() { return mirrored.mirror->report().healed_corrupt; }
  // Of every piece, as a scrub reads it.
  std::size_t damaged_pieces() {
    std::size_t damaged = 0;
    const auto visit = [&](const content::Content::PieceState& state) -> Status {
      damaged += state.bytes.ok() ? 0 : 1;
      return {};
    };
    REQUIRE(place.content->visit_pieces(*place.store->durable(), true, visit).ok());
    return damaged;
  }
};

}  // namespace

TEST_CASE(
    "mending: what one backend of a mirror damaged is read from the other, and written back") {
  for (const std::size_t size : kSizes) {
    for (const auto change : {flip, cut, empty, break_header, look_later}) {
      MendedPlace m;
      const std::string text = random_text(m.random, size);
      const content::Stored stored = m.place.put_and_commit(owner_of(1), text);
      const std::string name = m.names().at(0);
      const auto good = m.in(1, name);
      for (const bool collected : {false, true}) {  // a pack gets its row then
        CAPTURE(size);
        CAPTURE(collected);
        if (collected) (void)m.place.collect();
        m.change(0, name, change);
        for (int i = 0; i < 2; ++i) CHECK(m.place.read(owner_of(1), stored).value() == text);
        CHECK(m.healed() == (collected ? 2 : 1));
        CHECK((m.in(0, name) == good));
        CHECK((m.in(1, name) == good));
        CHECK(m.place.content->metrics().corruptions == 0);
      }
    }
  }
}

TEST_CASE("mending: objects that changed places in one backend are written back") {
  MendedPlace m;
  const std::string texts[] = {random_text(m.random, 2 * kMiB), random_text(m.random, 2 * kMiB)};
  content::Stored stored[2];
  for (std::size_t i : {0u, 1u}) stored[i] = m.place.put_and_commit(owner_of(1), texts[i]);
  const std::vector<std::string> names = m.names();
  REQUIRE(names.size() == 2);
  for (std::size_t i : {0u, 1u})
    m.change(0, names[i], [&](std::vector<std::uint8_t>& bytes) { bytes = m.in(1, names[1 - i]); });
  for (int round = 0; round < 2; ++round)
    for (std::size_t i : {0u, 1u}) CHECK(m.place.read(owner_of(1), stored[i]).value() == texts[i]);
  CHECK(m.healed() == 2);
  for (const std::string& name : names) CHECK((m.in(0, name) == m.in(1, name)));
}

TEST_CASE("mending: a scrub mends what it finds, with keys and without") {
  for (const auto& [encrypted, locked] : {std::pair(false, false), {true, false}, {true, true}}) {
    for (const auto change : {flip, break_header, cut, empty}) {
      MendedPlace m;
      if (encrypted) m.place.encrypt();
      for (const std::size_t size : kSizes)
        m.place.put_and_commit(owner_of(1), random_text(m.random, size));
      const std::vector<std::string> names = m.names();
      for (const std::string& name : names) m.change(0, name, change);
      if (encrypted && locked) {
        m.place.provider = nullptr;
        m.place.reopen();
      }
      for (int i = 0; i < 2; ++i) CHECK(m.damaged_pieces() == 0);
      CHECK(m.healed() == names.size());
      for (const std::string& name : names) CHECK((m.in(0, name) == m.in(1, name)));
    }
  }
}

TEST_CASE("mending: what all backends damaged stays an error, and nothing is written over it") {
  for (const std::size_t size : kSizes) {
    MendedPlace m;
    const content::Stored stored = m.place.put_and_commit(owner_of(1), random_text(m.random, size));
    const std::string name = m.names().at(0);
    m.change(0, name, flip);
    m.change(1, name, [](std::vector<std::uint8_t>& bytes) { bytes[bytes.size() / 2 + 1] ^= 1; });
    const auto north = m.in(0, name), south = m.in(1, name);
    CHECK(m.place.read(owner_of(1), stored).code() == Code::corruption);
    CHECK(m.damaged_pieces() == 1);
    CHECK(m.healed() == 0);
    CHECK((m.in(0, name) == north));
    CHECK((m.in(1, name) == south));
  }
}

// Each has what the other lacks: neither may be written over the other.
TEST_CASE("mending: of a pack that each backend damaged elsewhere all pieces are read") {
  for (const bool collected : {false, true}) {
    for (const bool cuts : {false, true}) {
      MendedPlace m;
      const std::vector<std::string> texts = m.texts_of(2);
      const std::vector<content::Stored> stored = m.put_together(texts);
      if (collected) (void)m.place.collect();
      const std::string name = m.names().at(0);
      const auto second = static_cast<std::ptrdiff_t>(m.in(0, name).size() / 2);
      m.change(0, name, [](std::vector<std::uint8_t>& bytes) { bytes[1'000] ^= 1; });
      // The cut is where the second piece begins, so that what is left looks whole.
      m.change(1, name, [&](std::vector<std::uint8_t>& bytes) {
        if (cuts)
          bytes.resize(static_cast<std::size_t>(second));
        else
          bytes[static_cast<std::size_t>(second) + 1'000] ^= 1;
      });
      for (int round = 0; round < 3; ++round)
        for (std::size_t i : {0u, 1u})
          CHECK(m.place.read(owner_of(1), stored[i]).value() == texts[i]);
      CHECK(m.healed() == 0);
      CHECK(m.in(0, name).size() == 2 * static_cast<std::size_t>(second));
    }
  }
}

TEST_CASE(
    "mending: a damaged piece that is to move to another pack is mended, and moves next time") {
  MendedPlace m;
  const std::vector<std::string> texts = m.texts_of(8);
  const std::vector<content::Stored> stored = m.put_together(texts);
  const std::string name = m.names().at(0);
  for (std::size_t i = 1; i < stored.size(); ++i) m.place.forget(owner_of(1), stored[i]);
  m.change(0, name, [&](std::vector<std::uint8_t>& bytes) {
    for (std::size_t at = 10'000; at < bytes.size(); at += 50'000) bytes[at] ^= 1;
  });
  for (int i = 0; i < 4; ++i) (void)m.place.collect();
  CHECK(m.healed() == 1);
  CHECK(m.names().size() == 1);
  CHECK(m.names().at(0) != name);
  CHECK(m.place.read(owner_of(1), stored[0]).value() == texts[0]);
}

TEST_CASE("mending: what a disk cache kept of damaged bytes is dropped, and asked for again") {
  for (const std::size_t size : kSizes) {
    Place place{content::GatherOptions{}};
    place.close();
    const auto cache = with_disk_cache(BlobStorePtr(BlobStorePtr(), &place.blobs),
                                       {.folder = place.folder / "cache", .keep_puts = false})
                           .value();
    place.layered = cache;
    place.open();
    std::mt19937_64 random(test::seed());
    const std::string text = random_text(random, size);
    const content::Stored stored = place.put_and_commit(owner_of(1), text);
    const std::string name = place.blobs.list("", "", 1).value().at(0).name;
    const auto good = place.blobs.get(name, 1 << 30).value();
    auto bad = good;
    flip(bad);
    REQUIRE(place.blobs.put(name, bad).ok());
    REQUIRE(cache->get(name, 1 << 30).ok());  // which keeps what is damaged
    REQUIRE(place.blobs.put(name, good).ok());
    REQUIRE((cache->get(name, 1 << 30).value() == bad));
    CHECK(place.read(owner_of(1), stored).value() == text);
    CHECK((cache->get(name, 1 << 30).value() == good));
    place.close();
  }
}

}  // namespace spind::test
