// Where a cursor leads.
#include <doctest/doctest.h>

#include "support/store/feed.h"
#include "support/store/test_store.h"

namespace spind::test {
namespace {

std::vector<std::string> names(const Result<ChangePage>& page) {
  REQUIRE(page.ok());
  std::vector<std::string> names;
  for (const ChangeEvent& event : page->events) names.push_back(event.name);
  return names;
}

}  // namespace

TEST_CASE("cursor: from the beginning, from now, and from behind an entry") {
  TestStore store(MetadataEngine::memory);
  const Space space = store.make_space("followed");
  for (const char* name : {"/a", "/b", "/c"}) REQUIRE(space.put(name, "x").ok());
  using Names = std::vector<std::string>;
  CHECK(names(space.changes("")) == Names{"", "a", "b", "c"});
  CHECK(names(space.changes(space.cursor_after(0).value())) == Names{"", "a", "b", "c"});
  CHECK(names(space.changes(space.cursor_after(2).value())) == Names{"b", "c"});
  CHECK(names(space.changes(space.cursor_after(4).value())).empty());
  CHECK(space.cursor_after(5).code() == Code::invalid_argument);
  const std::string now = space.cursor_now().value();
  CHECK(names(space.changes(now)).empty());
  REQUIRE(space.put("/d", "x").ok());
  CHECK(names(space.changes(now)) == Names{"d"});
}

TEST_CASE("cursor: goes on after the store was opened again") {
  for (const MetadataEngine engine : engines()) {
    CAPTURE(engine_name(engine));
    TestStore store(engine);
    {
      const Space space = store.make_space("followed");
      for (const char* name : {"/a", "/b", "/c"}) REQUIRE(space.put(name, "x").ok());
    }
    std::string cursor;
    std::vector<std::string> seen;
    for (bool more = true; more;) {
      store.reopen();
      const ChangePage page = store.space("followed").changes(cursor, {.count_max = 1}).value();
      for (const ChangeEvent& event : page.events) seen.push_back(event_text(event));
      cursor = page.cursor;
      more = page.more;
    }
    std::string from_the_beginning;
    std::vector<std::string> expected;
    const std::vector<ChangeEvent> events =
        read_feed(store.space("followed"), from_the_beginning).value();
    for (const ChangeEvent& event : events) expected.push_back(event_text(event));
    CHECK(expected.size() == 4);
    CHECK(seen == expected);
    CHECK(cursor == from_the_beginning);
  }
}

}  // namespace spind::test
