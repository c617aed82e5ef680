#include "space/row_cache.h"

#include <doctest/doctest.h>

#include "model/keys.h"

namespace spind::space {
namespace {

const SpaceId kSpace{{1, 2, 3}};

NodeRef folder(NodeId id, EntryNumber changed) {
  auto node = std::make_shared<model::NodeRecord>();
  node->id = id;
  node->kind = NodeKind::folder;
  node->changed = changed;
  return node;
}

kv::Row row(const std::string& key, const NodeRef& node) {
  return {kv::Family::state, key, model::encode(*node)};
}

TEST_CASE(
    "row cache: what a reader remembered is there for readers of the same or a later snapshot") {
  RowCache cache(1 << 20);
  const std::string key = model::node_key(kSpace, 1, "a");
  CHECK(cache.folder(5, key) == nullptr);
  cache.remember(5, key, folder(7, 3));
  REQUIRE(cache.folder(5, key) != nullptr);
  CHECK(cache.folder(5, key)->id == 7);
  CHECK(cache.folder(9, key) != nullptr);
  CHECK(cache.folder(4, key) == nullptr);
}

TEST_CASE("row cache: an announced change is seen from its ticket on and passed by before it") {
  RowCache cache(1 << 20);
  const std::string key = model::node_key(kSpace, 1, "a");
  cache.remember(5, key, folder(7, 3));
  const kv::Row changed = row(key, folder(7, 6));
  cache.publishing(6, {&changed, 1});
  CHECK(cache.folder(5, key) == nullptr);
  REQUIRE(cache.folder(6, key) != nullptr);
  CHECK(cache.folder(6, key)->changed == 6);
}

TEST_CASE("row cache: a late reader of an old snapshot cannot bring back what has changed") {
  RowCache cache(1 << 20);
  const std::string key = model::node_key(kSpace, 1, "a");
  const kv::Row gone{kv::Family::state, key, std::nullopt};
  cache.publishing(6, {&gone, 1});
  cache.remember(5, key, folder(7, 3));
  CHECK(cache.folder(6, key) == nullptr);
  CHECK(cache.folder(5, key) == nullptr);
}

TEST_CASE("row cache: an erased folder, and a file in a folder's place, are forgotten") {
  RowCache cache(1 << 20);
  const std::string key = model::node_key(kSpace, 1, "a");
  cache.remember(5, key, folder(7, 3));
  model::NodeRecord file;
  file.id = 8;
  const kv::Row replaced{kv::Family::state, key, model::encode(file)};
  cache.publishing(6, {&replaced, 1});
  CHECK(cache.folder(6, key) == nullptr);
  cache.remember(6, key, folder(9, 6));
  const kv::Row erased{kv::Family::state, key, std::nullopt};
  cache.publishing(7, {&erased, 1});
  CHECK(cache.folder(7, key) == nullptr);
}

TEST_CASE("row cache: stays within its bytes and forgets the least recently used first") {
  RowCache cache(64 << 10);
  for (NodeId id = 2; id < 5000; ++id)
    cache.remember(1, model::node_key(kSpace, 1, std::to_string(id)), folder(id, 1));
  CHECK(cache.size_bytes() <= 64 << 10);
  CHECK(cache.size_bytes() > 16 << 10);
  CHECK(cache.folder(1, model::node_key(kSpace, 1, "2")) == nullptr);
  CHECK(cache.folder(1, model::node_key(kSpace, 1, "4999")) != nullptr);
}

kv::Row head_row(EntryNumber visible) {
  model::Head head;
  head.entry = head.visible = visible;
  return {kv::Family::state, model::head_key(kSpace), model::encode(head)};
}

TEST_CASE("row cache: the visible number lies with the space's record and follows its head") {
  RowCache cache(1 << 20);
  const std::string key = model::info_key(kSpace);
  cache.remember_visible(5, key, 3);
  CHECK(cache.space(5, key).visible == 0);  // there is nothing that it could lie with
  cache.remember(5, key, std::make_shared<const model::SpaceRecord>());
  CHECK(cache.space(5, key).visible == 0);
  cache.remember_visible(5, key, 3);
  CHECK(cache.space(5, key).visible == 3);
  CHECK(cache.space(4, key).visible == 0);
  const kv::Row four = head_row(4);
  cache.publishing(7, {&four, 1});
  CHECK(cache.space(6, key).visible == 0);
  CHECK(cache.space(7, key).visible == 4);
  CHECK(cache.space(5, key).record != nullptr);  // the record itself is as it was
  cache.remember_visible(6, key, 3);             // a late reader
  CHECK(cache.space(7, key).visible == 4);
}

TEST_CASE("row cache: a visible number goes with its space, and when the store was opened anew") {
  RowCache cache(1 << 20);
  const std::string key = model::info_key(kSpace);
  cache.remember(5, key, std::make_shared<const model::SpaceRecord>());
  cache.remember_visible(5, key, 3);
  const kv::Row gone{kv::Family::state, model::head_key(kSpace), std::nullopt};
  cache.publishing(7, {&gone, 1});
  CHECK(cache.space(7, key).visible == 0);
  const kv::Row five = head_row(5);
  cache.publishing(8, {&five, 1});
  CHECK(cache.space(8, key).visible == 5);
  cache.reopened();
  CHECK(cache.space(9, key).visible == 0);
}

}  // namespace
}  // namespace spind::space
