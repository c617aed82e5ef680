// What may be asked of a space's past, and is refused.
#include <doctest/doctest.h>

#include "bad_days/all_verbs.h"
#include "support/store/test_store.h"

namespace spind::test {

TEST_CASE("bad day: a point that is not in the space's past is refused, and nothing changes") {
  TestStore store(MetadataEngine::memory);
  const Space space = store.make_space("past");
  space.put("/file", "1").value();
  const auto refused = [&](const Point& point, Code code) {
    CHECK(space.at(point).code() == code);
    CHECK(space.rewind(point).code() == code);
  };
  refused({}, Code::invalid_argument);
  refused({.entry = 2, .time_ns = 1}, Code::invalid_argument);
  refused({.entry = 0}, Code::cursor_too_old);
  refused({.time_ns = 0}, Code::cursor_too_old);
  refused({.entry = 3}, Code::invalid_argument);
  refused({.entry = ~EntryNumber{0}}, Code::invalid_argument);
  CHECK(space.info().value().entry == 2);
  CHECK(store.findings() == "");
}

TEST_CASE("bad day: a view of the past is read by every verb and changed by none") {
  TestStore store(MetadataEngine::memory);
  const Space space = store.make_space("past");
  const NodeId node = space.put("/file", "1").value().node;
  space.put("/other", "2").value();
  const Space past = space.at({.entry = 2}).value();
  for (const Request& request : all_verbs(Ref::node(node))) {
    CAPTURE(verb_name(request.verb));
    const bool reads = !changes(request.verb);
    const bool is_file = request.verb == Verb::list;
    CHECK(run(past, request).code == (!reads    ? Code::unsupported
                                      : is_file ? Code::not_a_folder
                                                : Code::ok));
  }
  CHECK(past.empty_trash().code() == Code::unsupported);
  CHECK(past.update({.name = "another"}).code() == Code::unsupported);
  CHECK(past.rewind({.entry = 1}).code() == Code::unsupported);
  CHECK(past.at({.entry = 1}).code() == Code::unsupported);
  // It is not followed either: nothing happens in it.
  CHECK(past.changes("").code() == Code::unsupported);
  CHECK(past.cursor_now().code() == Code::unsupported);
  CHECK(past.cursor_after(1).code() == Code::unsupported);
  CHECK(past.root_version().code() == Code::unsupported);
  CHECK(past.wait(0, std::chrono::milliseconds(0)).code() == Code::unsupported);
  CHECK(past.watch(0).code() == Code::unsupported);
  CHECK(space.info().value().entry == 3);
}

TEST_CASE("bad day: what a space no longer keeps of its past is refused") {
  TestStore store(MetadataEngine::memory);
  const Space space = store.make_space("past");
  const Written put = space.put("/file", "1", {.request_id = "once"}).value();
  const std::string cursor = space.cursor_after(1).value();
  space.put("/file", "2").value();
  CollectOptions options;
  options.forget = space.id();
  store.store().collect(options).value();
  CHECK(space.at({.entry = put.entry}).code() == Code::cursor_too_old);
  CHECK(space.at({.time_ns = 0}).code() == Code::cursor_too_old);
  CHECK(space.rewind({.entry = put.entry}).code() == Code::cursor_too_old);
  CHECK(space.changes(cursor).code() == Code::cursor_too_old);
  CHECK(space.changes("").code() == Code::cursor_too_old);
  CHECK(space.get("/file", {.version = 1}).value() == "1");
  // Nobody knows of the request any more.
  CHECK(space.put("/file", "1", {.request_id = "once"}).value().version == 3);
  CHECK(store.findings() == "");
}

TEST_CASE("bad day: a floor policy that cannot be, and a space that is not there, are refused") {
  TestStore store(MetadataEngine::memory);
  const Space space = store.make_space("past");
  CHECK(space.update({.floor = FloorPolicy{-1, 0}}).code() == Code::invalid_argument);
  SpaceOptions other{.alias = "other"};
  other.floor.keep_ns = INT64_MIN;
  CHECK(store.session().create_space(other).code() == Code::invalid_argument);
  CollectOptions options;
  options.forget = SpaceId{};
  CHECK(store.store().collect(options).code() == Code::not_found);
  CHECK(space.info().value().floor == 1);
}

TEST_CASE("bad day: a rewind that was cancelled, or whose time is over, does nothing") {
  TestStore store(MetadataEngine::memory);
  const Space space = store.make_space("past");
  for (int i = 0; i < 300; ++i) space.put("/file", std::to_string(i)).value();
  CancelToken cancel;
  const Session session = store.store().session({.user = "ada", .cancel = cancel}).value();
  const Space cancelled = session.space(space.id()).value();
  const ProgressCallback stop_soon = [&cancel](const Progress&) {
    cancel.cancel();
    return true;
  };
  CHECK(cancelled.rewind({.entry = 2}, {.progress = stop_soon}).code() == Code::cancelled);
  CHECK(cancelled.at({.entry = 2}).code() == Code::cancelled);
  CHECK(space.get("/file").value() == "299");
  CHECK(space.info().value().entry == 301);
  CHECK(store.findings() == "");
}

}  // namespace spind::test
