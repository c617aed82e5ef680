// Every event, exact against the verb that made it.
#include <doctest/doctest.h>

#include "support/store/feed.h"
#include "support/store/test_clock.h"
#include "support/store/test_store.h"

namespace spind::test {
namespace {

using Lines = std::vector<std::string>;

// A space whose clock stands, and what its feed said since the last look.
struct Followed {
  TestClock clock;
  SeededRandom random{1};
  TestStore store{MetadataEngine::memory, seams_with(clock, random)};
  Space space = store.make_space("followed");
  std::string cursor;

  Lines news(std::size_t page = 1000) {
    const std::string end = " by ada, time " + std::to_string(clock.wall_ns());
    Lines lines;
    const std::vector<ChangeEvent> events = read_feed(space, cursor, page).value();
    for (const ChangeEvent& event : events) {
      std::string line = event_text(event);
      REQUIRE(line.ends_with(end));
      lines.push_back(line.substr(0, line.size() - end.size()));
    }
    return lines;
  }
};

}  // namespace

TEST_CASE_FIXTURE(Followed, "feed: each verb gives its events, with all that they have to say") {
  CHECK(news() == Lines{"1 space_created folder 1"});
  REQUIRE(space.put("/a", "1").ok());
  CHECK(news() == Lines{"2 created file 2 v1 at [1] 1/a"});
  REQUIRE(space.put("/a", "22").ok());
  CHECK(news() == Lines{"3 updated file 2 v2 at [1] 1/"});
  REQUIRE(space.make_folder("/f").ok());
  CHECK(news() == Lines{"4 created folder 3 at [1] 1/f"});
  REQUIRE(space.move("/a", "/f/b").ok());
  CHECK(news() == Lines{"5 moved 2 at [1 3] 3/b from [1] 1/a"});
  REQUIRE(space.put("/f/b", "333").ok());
  CHECK(news() == Lines{"6 updated file 2 v3 at [1 3] 3/"});
  REQUIRE(space.set_mtime("/f/b", 5).ok());
  REQUIRE(space.set_mtime("/", 6).ok());
  CHECK(news() == Lines{"7 touched 2 at [1 3] 3/", "8 touched folder 1"});
  REQUIRE(space.update({.name = "a name"}).ok());
  CHECK(news() == Lines{"9 space_updated folder 1"});
  REQUIRE(space.remove("/f").ok());
  CHECK(news() == Lines{"10 removed 3 at [1] 1/f"});
  REQUIRE(space.rewind({.entry = 3}).ok());
  CHECK(news() == Lines{"11 rewound folder 1"});
  CHECK(news().empty());
}

TEST_CASE_FIXTURE(Followed, "feed: an entry that did several things gives an event for each") {
  REQUIRE(space.put("/x/y/z", "1", {.make_parents = true}).ok());
  REQUIRE(space.put("/old", "1").ok());
  REQUIRE(space.move("/x/y/z", "/old", {.replace = true}).ok());
  const Lines expected = {"1 space_created folder 1",
                          "2 created folder 2 at [1] 1/x",
                          "2 created folder 3 at [1 2] 2/y",
                          "2 created file 4 v1 at [1 2 3] 3/z",
                          "3 created file 5 v1 at [1] 1/old",
                          "4 removed 5 at [1] 1/old",
                          "4 moved 4 at [1] 1/old from [1 2 3] 3/z"};
  for (const std::size_t page : {1u, 2u, 3u, 4u, 1000u}) {
    CAPTURE(page);
    cursor.clear();
    CHECK(news(page) == expected);
  }
}

TEST_CASE_FIXTURE(Followed, "feed: a page holds whole entries, and one that is too long alone") {
  REQUIRE(space.put("/x/y/z", "1", {.make_parents = true}).ok());
  ChangePage page = space.changes("", {.count_max = 2}).value();
  CHECK(page.events.size() == 1);
  CHECK(page.number == 1);
  CHECK(page.more);
  page = space.changes(page.cursor, {.count_max = 2}).value();
  CHECK(page.events.size() == 3);
  CHECK(page.number == 2);
  CHECK_FALSE(page.more);
  CHECK(space.changes("", {.count_max = 0}).code() == Code::invalid_argument);
  CHECK(space.changes("", {.count_max = 10'001}).code() == Code::invalid_argument);
}

TEST_CASE_FIXTURE(Followed,
                  "feed: what was refused, changed nothing or nobody needs to see is not in it") {
  (void)news();
  CHECK(space.remove("/nothing").code() == Code::not_found);
  REQUIRE(space.make_folder("/", {.exist_ok = true, .request_id = "nothing to do"}).ok());
  CHECK(space.info()->entry == 2);
  CHECK(space.root_version()->number == 1);
  CHECK(news().empty());
  REQUIRE(space.put("/a", "1").ok());
  CHECK(news() == Lines{"3 created file 2 v1 at [1] 1/a"});
  CHECK(space.root_version()->number == 3);
}

TEST_CASE_FIXTURE(Followed, "feed: says by whom and with what, and its time never goes back") {
  const Session phone = store.store().session({.user = "ada", .application = "phone"}).value();
  const Space by_phone = phone.space(space.id()).value();
  clock.jump(-1'000'000'000);
  REQUIRE(by_phone.put("/a", "1").ok());
  const std::vector<ChangeEvent> events = read_feed(space, cursor).value();
  REQUIRE(events.size() == 2);
  CHECK(events[1].who == "ada");
  CHECK(events[1].application == "phone");
  CHECK(events[1].time_ns == events[0].time_ns);
}

TEST_CASE_FIXTURE(Followed, "feed: is nobody's but of those who may see the space") {
  const Session eve = store.session("eve");
  CHECK(eve.space(space.id()).code() == Code::not_found);
  SessionOptions late{.user = "ada"};
  late.cancel.emplace();
  const Space cancelled = store.store().session(late).value().space(space.id()).value();
  late.cancel->cancel();
  CHECK(cancelled.changes("").code() == Code::cancelled);
  CHECK(cancelled.root_version().code() == Code::cancelled);
  CHECK(cancelled.cursor_now().code() == Code::cancelled);
  CHECK(cancelled.cursor_after(0).code() == Code::cancelled);
}

}  // namespace spind::test
