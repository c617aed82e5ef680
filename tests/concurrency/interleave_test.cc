// The scheduler itself: that it runs every order, once, and what it does with who waits.
#include <doctest/doctest.h>

#include <mutex>
#include <set>

#include "concurrency/interleave.h"

namespace spind::test {
namespace {

// All orders, and no random ones.
constexpr Exploration kAll{
    .preemptions_min = 9, .preemptions_max = 9, .time = std::chrono::milliseconds(0)};

}  // namespace

TEST_CASE("interleave: every order of the steps of two actors is run, and none twice") {
  std::set<std::string> orders;
  const Explored explored = explore(kAll, [&](Guide& guide) {
    std::string order;
    const auto act = [&order](char name) {
      for (int i = 0; i < 3; ++i) {
        if (i > 0) step("go on");
        order += name;
      }
    };
    Stage(guide).play({{[&] { act('a'); }}, {[&] { act('b'); }}});
    return orders.insert(order).second ? "" : order + " came twice";
  });
  CHECK(explored.wrong == "");
  CHECK(orders.size() == 20);  // of three and three
  CHECK(explored.schedules == 20);
  CHECK(explored.missed == 0);
}

TEST_CASE("interleave: a lost update is found with one preemption, and can be played again") {
  const auto play = [](Guide& guide) -> std::string {
    int count = 0;
    const auto add = [&count] {
      const int seen = count;
      step("write");
      count = seen + 1;
    };
    Stage(guide).play({{add}, {add}});
    return count == 2 ? "" : "an update was lost";
  };
  Exploration wish = kAll;
  wish.preemptions_min = wish.preemptions_max = 0;
  CHECK(explore(wish, play).wrong == "");
  wish.preemptions_min = wish.preemptions_max = 1;
  const Explored explored = explore(wish, play);
  CHECK(explored.wrong == "an update was lost");
  const auto choices = parse_choices(print(explored.failed));
  REQUIRE(choices == explored.failed);
  Guide again(*choices);
  CHECK(play(again) == "an update was lost");
  CHECK(again.choices() == explored.failed);
}

TEST_CASE("interleave: an actor that waits for another is not chosen until it was woken") {
  const Explored explored = explore(kAll, [&](Guide& guide) -> std::string {
    std::mutex mutex;
    int inside = 0;
    std::string wrong;
    const auto act = [&] {
      const std::lock_guard lock(mutex);
      if (++inside != 1) wrong = "two are inside";
      step("go on");
      --inside;
    };
    Stage(guide).play({{act}, {act}});
    return wrong;
  });
  CHECK(explored.wrong == "");
  CHECK(explored.schedules >= 4);
}

TEST_CASE("interleave: choices are printed and parsed") {
  CHECK(print({0, 0, 1}) == "0x2 1x1");
  CHECK(parse_choices("0x2 1x1") == Choices{0, 0, 1});
  CHECK(parse_choices("") == Choices{});
  for (const char* text : {"0", "0x", "x1", "0x2,1x1", "0x2  1x1", "300x1", "0x2 a"})
    CHECK(parse_choices(text) == std::nullopt);
}

}  // namespace spind::test
