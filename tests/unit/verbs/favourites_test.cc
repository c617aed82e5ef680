// Favourites: a person's own, in every space.
#include <doctest/doctest.h>

#include "base/limits.h"
#include "support/store/test_store.h"

namespace spind::test {
namespace {

struct FavouritesFixture {
  TestStore store{MetadataEngine::memory};
  Space space = store.make_space("favourites");
  NodeId file = space.put("/file", "x").value().node;

  std::vector<NodeId> favourites(std::size_t count_max = 1000) {
    std::vector<NodeId> ids;
    std::string after;
    do {
      const PageOf<Favourite> page = store.session().favourites(count_max, after).value();
      CHECK(page.items.size() <= count_max);
      for (const Favourite& one : page.items) ids.push_back(one.node.id);
      after = page.next;
    } while (!after.empty());
    return ids;
  }
};

TEST_CASE_FIXTURE(FavouritesFixture,
                  "favourites: are set, taken back, and leave no trace in the space") {
  const EntryNumber before = space.info()->entry;
  const std::string etag = space.stat("/file")->etag();
  REQUIRE(space.set_favourite("/file", true).ok());
  REQUIRE(space.set_favourite("/file", true).ok());
  REQUIRE(space.set_favourite("/", true).ok());
  CHECK(favourites() == std::vector<NodeId>{kRootNode, file});
  const Favourite first = store.session().favourites(1).value().items.at(0);
  CHECK(first.space == space.id());
  CHECK(first.node.etag() == space.stat("/")->etag());
  REQUIRE(space.set_favourite("/", false).ok());
  REQUIRE(space.set_favourite("/", false).ok());
  store.reopen();
  space = store.space("favourites");
  CHECK(favourites() == std::vector<NodeId>{file});
  CHECK(space.info()->entry == before);
  CHECK(space.stat("/file")->etag() == etag);
  CHECK(space.set_favourite("/none", true).code() == Code::not_found);
  CHECK(space.at({.entry = before})->set_favourite("/file", true).code() == Code::unsupported);
  CHECK(store.findings() == "");
}

TEST_CASE_FIXTURE(FavouritesFixture, "favourites: belong to one person of one tenant") {
  REQUIRE(space.set_favourite("/file", true).ok());
  CHECK(store.session("eve").favourites()->items.empty());
  // A name that begins as another does is another person.
  CHECK(store.session("ad").favourites()->items.empty());
  const Session elsewhere = store.store().session({.user = "ada", .tenant = "elsewhere"}).value();
  CHECK(elsewhere.favourites()->items.empty());
}

TEST_CASE_FIXTURE(FavouritesFixture,
                  "favourites: what is gone or hidden is left out, and may come back") {
  const Space other = store.make_space("other");
  const NodeId folder = other.make_folder("/folder").value().node;
  REQUIRE(other.set_favourite("/folder", true).ok());
  REQUIRE(space.set_favourite("/file", true).ok());
  CHECK(favourites().size() == 2);
  REQUIRE(space.remove("/file").ok());
  CHECK(favourites() == std::vector<NodeId>{folder});
  REQUIRE(space.restore(Ref::node(file)).ok());
  CHECK(favourites().size() == 2);
  REQUIRE(other.disable().ok());
  CHECK(favourites() == std::vector<NodeId>{file});
  REQUIRE(other.enable().ok());
  CHECK(favourites().size() == 2);
  // What is gone for good is still taken back by its id.
  REQUIRE(space.remove("/file").ok());
  REQUIRE(space.purge(Ref::node(file)).ok());
  CHECK(space.set_favourite(Ref::node(file), true).code() == Code::not_found);
  CHECK(space.set_favourite(Ref::node(file), false).ok());
}

TEST_CASE_FIXTURE(FavouritesFixture, "favourites: come in pages across spaces") {
  const Space other = store.make_space("other");
  for (int i = 0; i < 5; ++i)
    for (const Space& one : {space, other}) {
      const std::string path = "/" + std::to_string(i);
      REQUIRE(one.put(path, "x").ok());
      REQUIRE(one.set_favourite(path, true).ok());
    }
  const std::vector<NodeId> all = favourites();
  CHECK(all.size() == 10);
  for (const std::size_t count : {1u, 3u, 9u, 10u, 11u}) CHECK(favourites(count) == all);
  const std::string after = store.session().favourites(4)->next;
  store.reopen();
  CHECK(store.session().favourites(100, after)->items.size() == 6);
  CHECK(store.session("eve").favourites(100, after).code() == Code::invalid_argument);
  CHECK(store.session().favourites(100, "rubbish").code() == Code::invalid_argument);
  CHECK(store.session().favourites(0).code() == Code::invalid_argument);
  CHECK(store.session().favourites(kPageMax + 1).code() == Code::invalid_argument);
}

}  // namespace
}  // namespace spind::test
