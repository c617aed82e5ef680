#include "kv/fence.h"

#include <doctest/doctest.h>

#include "kv/memory/memory_store.h"

namespace spind::kv {
namespace {

Answer put_one(Store& store, std::string_view value) {
  return store.update({"p"}, [&](Transaction& rows) -> Outcome {
    rows.put(Family::state, "p1", value);
    return Commit{};
  });
}

TEST_CASE("fence: once it is closed nothing is written, and what was written becomes durable") {
  Fence fence;
  const auto store = fence_writes(
      open_memory({.threads = Threads::system(), .clock = Clock::system()}).value(), fence);
  const Answer before = put_one(*store, "before");
  REQUIRE(before.status.ok());
  CHECK(store->health().ok());
  fence.close({Code::conflict, "another one has it"});
  fence.close({Code::busy, "and another one"});
  CHECK(store->wait(before.ticket, 0).ok());
  const Answer after = put_one(*store, "after");
  CHECK(after.status.code() == Code::conflict);
  CHECK(after.status.error().text == "another one has it");
  CHECK(store->wait(after.ticket, 0).ok());
  CHECK(store->health().code() == Code::conflict);
  CHECK(store->durable()->get(Family::state, "p1").value() == "before");
}

}  // namespace
}  // namespace spind::kv
