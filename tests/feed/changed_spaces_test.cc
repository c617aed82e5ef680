// Which spaces of a store changed.
#include <doctest/doctest.h>

#include "model/keys.h"
#include "space/changed_spaces.h"
#include "support/store/test_store.h"

namespace spind::test {
namespace {

using Ids = std::vector<SpaceId>;

ChangedSpaces after(TestStore& store, const std::string& mark, std::size_t count_max = 1000) {
  return store.store().changed_spaces(mark, count_max).value();
}

}  // namespace

TEST_CASE("changed spaces: each that changed behind the mark, once, the latest at the end") {
  TestStore store(MetadataEngine::memory);
  const std::string begin = after(store, "").mark;
  CHECK(after(store, begin).spaces.empty());
  const Space a = store.make_space("a"), b = store.make_space("b"), c = store.make_space("c");
  CHECK(after(store, begin).spaces == Ids{a.id(), b.id(), c.id()});
  const std::string made = after(store, begin).mark;
  REQUIRE(b.put("/x", "1").ok());
  REQUIRE(a.put("/x", "1").ok());
  REQUIRE(b.put("/x", "2").ok());
  CHECK(after(store, made).spaces == Ids{a.id(), b.id()});
  CHECK(after(store, begin).spaces == Ids{c.id(), a.id(), b.id()});
  const ChangedSpaces first = after(store, begin, 2);
  CHECK(first.spaces == Ids{c.id(), a.id()});
  CHECK(first.more);
  CHECK(after(store, first.mark).spaces == Ids{b.id()});
  CHECK_FALSE(after(store, first.mark).more);
}

TEST_CASE("changed spaces: what nobody can see is no change") {
  TestStore store(MetadataEngine::memory);
  const Space space = store.make_space("a");
  const std::string mark = after(store, "").mark;
  REQUIRE(space.make_folder("/", {.exist_ok = true, .request_id = "nothing to do"}).ok());
  CHECK(space.remove("/nothing").code() == Code::not_found);
  CHECK(space.info()->entry == 2);
  CHECK(after(store, mark).spaces.empty());
  REQUIRE(space.update({.name = "another"}).ok());
  CHECK(after(store, mark).spaces == Ids{space.id()});
}

TEST_CASE(
    "changed spaces: what fell out of memory makes earlier marks too old, and no later ones") {
  space::ChangedSpaces changed(2);
  const auto change = [&](std::uint8_t number) {
    const kv::Row row{kv::Family::state, model::head_key(SpaceId{{number}}), "not looked at"};
    changed.publishing(number, {&row, 1});
    changed.published(number);
  };
  const auto begin = changed.now();
  change(1);
  change(2);
  CHECK(changed.since(begin, 10)->spaces == Ids{SpaceId{{1}}, SpaceId{{2}}});
  const auto two = changed.now();
  change(3);
  CHECK_FALSE(changed.since(begin, 10).has_value());
  CHECK(changed.since(two, 10)->spaces == Ids{SpaceId{{3}}});
  CHECK_FALSE(changed.since(changed.now() + 1, 10).has_value());
  const auto last = changed.now();
  changed.reopened();
  CHECK_FALSE(changed.since(last, 10).has_value());
  CHECK(changed.since(changed.now(), 10)->spaces.empty());
}

}  // namespace spind::test
