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

}  // namespace
}  // namespace spind::space
