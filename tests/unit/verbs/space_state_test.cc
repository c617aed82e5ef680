// Spaces out of use and back, and what presents them.
#include <doctest/doctest.h>

#include "bad_days/all_verbs.h"
#include "support/store/test_store.h"

namespace spind::test {
namespace {

struct SpaceStateFixture {
  TestStore store{MetadataEngine::memory};
  Space space = store.make_space("space");
  NodeId file = space.put("/file", "content").value().node;

  std::size_t listed(std::optional<SpaceStatus> state, const std::string& user = "ada") {
    return store.session(user).list_spaces({.state = state})->items.size();
  }
};

TEST_CASE_FIXTURE(SpaceStateFixture,
                  "disable: the nodes answer not_found, and enable brings all of it back") {
  REQUIRE(space.put("/gone", "x").ok());
  REQUIRE(space.remove("/gone").ok());
  const std::string etag = space.stat("/file")->etag();
  const EntryNumber before = space.info()->entry;
  const Reader reader = space.reader("/file").value();
  const Space past = space.at({.entry = 1}).value();
  CHECK(space.disable()->entry == before + 1);
  CHECK(space.disable()->entry == 0);
  for (const Ref& ref : {Ref("/file"), Ref::node(file)})
    for (const Request& request : all_verbs(ref)) {
      CAPTURE(verb_name(request.verb));
      CHECK(run(space, request).code == Code::not_found);
    }
  CHECK(space.trash().code() == Code::not_found);
  CHECK(space.empty_trash().code() == Code::not_found);
  CHECK(space.tagged("a").code() == Code::not_found);
  CHECK(space.set_favourite("/file", true).code() == Code::not_found);
  CHECK(space.changes("").code() == Code::not_found);
  CHECK(space.cursor_now().code() == Code::not_found);
  CHECK(space.root_version().code() == Code::not_found);
  CHECK(space.watch(0).code() == Code::not_found);
  CHECK(space.at({.entry = 1}).code() == Code::not_found);
  CHECK(space.rewind({.entry = 1}).code() == Code::not_found);
  CHECK(past.stat("/").code() == Code::not_found);
  std::vector<std::uint8_t> bytes(7);
  CHECK(reader.read_at(0, bytes).value() == 7);  // opened before
  store.reopen();
  space = store.space("space");
  CHECK(space.stat("/file").code() == Code::not_found);
  CHECK(space.info()->entry == before + 1);
  CHECK(space.enable()->entry == before + 2);
  CHECK(space.enable()->entry == 0);
  CHECK(*space.get("/file") == "content");
  CHECK(space.stat("/file")->etag() == etag);
  CHECK(space.changes("")->events.back().kind == ChangeKind::space_updated);
  CHECK(store.findings() == "");
}

TEST_CASE_FIXTURE(SpaceStateFixture,
                  "disable: those who manage the space see it, marked; others nothing") {
  (void)store.make_space("other");
  REQUIRE(space.disable().ok());
  CHECK(space.info()->state == SpaceStatus::disabled);
  CHECK(store.session().space(space.id()).ok());
  CHECK(store.session("eve").space(space.id()).code() == Code::not_found);
  CHECK(store.session("eve").space_by_alias("space").code() == Code::not_found);
  CHECK(listed(std::nullopt) == 2);
  CHECK(listed(SpaceStatus::active) == 1);
  CHECK(listed(SpaceStatus::disabled) == 1);
  CHECK(listed(std::nullopt, "eve") == 0);
  CHECK(store.session().list_spaces({.state = SpaceStatus::disabled})->items[0].id == space.id());
  CHECK(space.update({.name = "closed"}).ok());
  CHECK(space.info()->name == "closed");
  CHECK(store.findings() == "");
}

TEST_CASE_FIXTURE(SpaceStateFixture,
                  "disable: a page of spaces goes on with the state that it began with") {
  for (int i = 0; i < 3; ++i) REQUIRE(store.make_space(std::to_string(i)).disable().ok());
  const SpaceFilter filter{.state = SpaceStatus::disabled};
  const std::string after = store.session().list_spaces(filter, 1)->next;
  CHECK(store.session().list_spaces(filter, 10, after)->items.size() == 2);
  CHECK(store.session().list_spaces({}, 10, after).code() == Code::invalid_argument);
}

TEST_CASE_FIXTURE(SpaceStateFixture,
                  "disable: wakes those who wait, who are told that there is no space") {
  const RootVersion now = space.root_version().value();
  REQUIRE(space.disable().ok());
  CHECK(space.wait(now.number, std::chrono::milliseconds(0)).code() == Code::not_found);
}

TEST_CASE_FIXTURE(SpaceStateFixture, "update: a file presents the space as its image or readme") {
  const NodeId readme = space.put("/readme.md", "# Hello").value().node;
  CHECK(space.info()->image == 0);
  CHECK(space.update({.image = file, .readme = readme})->entry != 0);
  CHECK(space.update({.image = file})->entry == 0);
  CHECK(space.info()->image == file);
  CHECK(space.info()->readme == readme);
  CHECK(space.update({.image = 999}).code() == Code::not_found);
  CHECK(space.update({.image = kRootNode}).code() == Code::is_a_folder);
  REQUIRE(space.remove("/file").ok());
  CHECK(space.info()->image == file);
  CHECK(space.update({.image = file})->entry == 0);
  CHECK(space.update({.readme = file}).code() == Code::not_found);
  CHECK(space.update({.image = 0})->entry != 0);
  store.reopen();
  CHECK(store.space("space").info()->image == 0);
  CHECK(store.space("space").info()->readme == readme);
  CHECK(store.findings() == "");
}

}  // namespace
}  // namespace spind::test
