// How far a check has come, how it is ended, and that it may run beside anything else.
#include <thread>

#include "unit/upkeep/planted.h"

namespace spind::test {
namespace {

// Files in the space, and in its trash.
void fill(Planted& planted, int files) {
  Session session = planted.store().session("ada", true);
  const Space space = session.space(planted.id()).value();
  for (int i = 0; i < files; ++i) {
    const std::string path = (i % 3 == 0 ? "/old/" : "/new/") + std::to_string(i);
    REQUIRE(space.put(path, "x", {.make_parents = true}).ok());
  }
  REQUIRE(space.remove("/old").ok());
  REQUIRE(session.wait().ok());
}

TEST_CASE("check: progress counts every node once, those in the trash too, up to a known total") {
  Planted planted;
  fill(planted, 1'500);
  std::uint64_t calls = 0;
  Progress last;
  CheckOptions options;
  options.progress = [&](const Progress& progress) {
    CHECK(progress.done >= last.done);
    CHECK(progress.done <= progress.total);
    CHECK((calls == 0 || progress.total == last.total));
    last = progress;
    ++calls;
    return true;
  };
  const CheckReport report = planted.store().store().check(options).value();
  CHECK(report.findings_total == 0);
  CHECK(calls > 5);
  CHECK(last.done == last.total);
  CHECK(last.total == report.nodes + 2);  // tops of the trash have no row among the nodes
}

TEST_CASE("check: progress stays within its total where totals are wrong") {
  Planted planted;
  fill(planted, 1'500);
  planted.change_node("/", [](model::NodeRecord& node) { node.totals = {}; });
  CheckOptions options;
  options.progress = [&](const Progress& progress) {
    CHECK(progress.done <= progress.total);
    return true;
  };
  CHECK(planted.store().store().check(options).value().findings_total > 0);
}

TEST_CASE("check: ends when it is told to, by its token or by its progress") {
  Planted planted;
  fill(planted, 1'500);
  CheckOptions stopped;
  stopped.progress = [](const Progress&) { return false; };
  CHECK(planted.store().store().check(stopped).code() == Code::cancelled);
  CheckOptions cancelled;
  cancelled.cancel = CancelToken();
  cancelled.cancel->cancel();
  CHECK(planted.store().store().check(cancelled).code() == Code::cancelled);
}

TEST_CASE("check: finds nothing while others write, upload, remove and collect") {
  Planted planted;
  std::atomic<bool> done = false;
  std::thread writer([&] {
    const Space space = planted.store().space("planted");
    for (std::uint64_t i = 0; i < 150; ++i) {
      const std::string path = "/busy/" + std::to_string(i % 7);
      CHECK(
          space.put(path, content(i % 40, i % 5 == 0 ? 1'200'000 : 30'000), {.make_parents = true})
              .ok());
      if (i % 6 == 0) CHECK(space.remove(path).ok());
      if (i % 10 == 0)
        (void)space.put("/refused", content(1'000 + i, 30'000), {.sha256 = Sha256{}});
      if (i % 25 == 0) CHECK(space.move("/busy", "/other", {.replace = true}).ok());
    }
    done = true;
  });
  std::thread collector([&] {
    while (!done) CHECK(planted.store().store().collect({.grace = std::chrono::seconds(0)}).ok());
  });
  std::uint64_t checks = 0;
  while (!done) {
    CHECK(planted.store().findings(checks % 2 == 1) == "");
    ++checks;
  }
  writer.join();
  collector.join();
  CHECK(checks > 0);
  CHECK(planted.store().findings(true) == "");
}

}  // namespace
}  // namespace spind::test
