// Tokens with which a listing goes on.
#include <doctest/doctest.h>

#include <functional>

#include "support/store/test_store.h"

namespace spind::test {
namespace {

// A listing with pages of one item: takes a token, gives the next one.
struct Listing {
  std::string name;
  std::function<Result<std::string>(const std::string& after)> page;

  bool refuses(const std::string& after) const {
    return page(after).code() == Code::invalid_argument;
  }
};

template <class Item>
Result<std::string> next_of(const Result<PageOf<Item>>& page) {
  if (!page.ok()) return page.error();
  return page->next;
}

// Every listing that a space has, with every filter of it. There is something behind the first page
// of each.
void add_of_space(const std::string& name, const Space& space, std::vector<Listing>& all) {
  const auto add = [&](const std::string& what, auto page) {
    all.push_back({name + ": " + what, [space, page](const std::string& after) {
                     return next_of(page(space, after));
                   }});
  };
  for (const char* path : {"/", "/folder"})
    add(std::string("list ") + path, [path](const Space& of, const std::string& after) {
      return of.list(path, {.count_max = 1, .after = after});
    });
  add("list of files", [](const Space& of, const std::string& after) {
    return of.list("/", {.kind = NodeKind::file, .count_max = 1, .after = after});
  });
  add("trash", [](const Space& of, const std::string& after) {
    return of.trash({.count_max = 1, .after = after});
  });
  for (const char* path : {"/a", "/b"})
    add(std::string("versions ") + path, [path](const Space& of, const std::string& after) {
      return of.versions(path, {.count_max = 1, .after = after});
    });
  for (const bool of_everybody : {false, true})
    add(of_everybody ? "uploads of everybody" : "uploads",
        [of_everybody](const Space& of, const std::string& after) {
          return of.uploads({.of_everybody = of_everybody, .count_max = 1, .after = after});
        });
  for (const char* tag : {"red", "blue"})
    add(std::string("tagged ") + tag, [tag](const Space& of, const std::string& after) {
      return of.tagged(tag, {.count_max = 1, .after = after});
    });
}

void add_favourites(const std::string& name, const Session& session, std::vector<Listing>& all) {
  all.push_back({name + ": favourites", [session](const std::string& after) {
                   return next_of(session.favourites(1, after));
                 }});
}

// One listing for all of the tenant, who are shown what they may see of it.
void add_spaces(const Session& session, std::vector<Listing>& all) {
  all.push_back({"spaces", [session](const std::string& after) {
                   return next_of(session.list_spaces({}, 1, after));
                 }});
  all.push_back({"personal spaces", [session](const std::string& after) {
                   return next_of(session.list_spaces({.kind = SpaceKind::personal}, 1, after));
                 }});
}

void fill(const Space& space) {
  for (const char* path : {"/a", "/b", "/folder/c", "/folder/d"}) {
    for (const char* bytes : {"1", "2", "3"})
      REQUIRE(space.put(path, bytes, {.make_parents = true}).ok());
    REQUIRE(space.add_tags(path, {"red", "blue"}).ok());
    REQUIRE(space.set_favourite(path, true).ok());
    REQUIRE(space.start_upload(path, 1).ok());
  }
  for (const char* path : {"/gone", "/away"}) {
    REQUIRE(space.put(path, "1").ok());
    REQUIRE(space.remove(path).ok());
  }
}

}  // namespace

TEST_CASE("bad day: a page token that was cut, flipped or made for another list is refused") {
  TestStore store(MetadataEngine::memory);
  std::vector<Listing> listings;
  for (const std::string user : {"ada", "eve"}) {
    const Session session = store.session(user);
    for (const std::string& alias : {user + " one", user + " two"}) {
      const Space space = session.create_space({.alias = alias}).value();
      fill(space);
      add_of_space(alias, space, listings);
    }
    add_favourites(user, session, listings);
  }
  add_spaces(store.session(), listings);
  for (const Listing& listing : listings) {
    CAPTURE(listing.name);
    const std::string token = listing.page("").value();
    REQUIRE(!token.empty());
    for (std::size_t size = 1; size < token.size(); ++size)
      CHECK(listing.refuses(token.substr(0, size)));
    for (std::size_t i = 0; i < token.size(); ++i) {
      std::string flipped = token;
      flipped[i] = flipped[i] == 'A' ? 'B' : 'A';
      CHECK(listing.refuses(flipped));
    }
    for (const std::string& rubbish :
         {token + "A", std::string(100'000, 'A'), std::string("\0\xff", 2), std::string("rubbish")})
      CHECK(listing.refuses(rubbish));
    for (const Listing& other : listings) {
      CAPTURE(other.name);
      CHECK(other.refuses(token) == (&other != &listing));
    }
  }
}

TEST_CASE("bad day: a page token works after the store was opened again") {
  TestStore store(MetadataEngine::memory);
  std::vector<std::string> tokens;
  const auto listings = [&] {
    std::vector<Listing> all;
    add_of_space("space", store.space("tokens"), all);
    add_favourites("ada", store.session(), all);
    add_spaces(store.session(), all);
    return all;
  };
  fill(store.make_space("tokens"));
  store.make_space("more");
  for (const Listing& listing : listings()) tokens.push_back(listing.page("").value());
  store.reopen();
  auto token = tokens.begin();
  for (const Listing& listing : listings()) {
    CAPTURE(listing.name);
    CHECK(listing.page(*token++).ok());
  }
  const auto page =
      store.space("tokens").list("/", {.count_max = 1, .after = tokens.front()}).value();
  CHECK(page.items.front().name == "b");
}

}  // namespace spind::test
