// Deferred sessions: who is told when a change is durable, through the public classes.
#include "spind/session.h"

#include <doctest/doctest.h>

#include <atomic>
#include <future>

#include "support/store/sync_gate.h"
#include "support/store/test_store.h"

namespace spind::test {
namespace {

struct DeferredFixture {
  DeferredFixture() : store(MetadataEngine::memory, {}, {}, true) {
    store.before_kv([this](kv::MemoryCall call) -> Status {
      return call == kv::MemoryCall::sync ? gate.pass() : Status();
    });
    REQUIRE(store.open().ok());
    seen.emplace(store.make_space("space"));
    deferred.emplace(store.session("ada", true));
    space.emplace(deferred->space_by_alias("space").value());
  }
  ~DeferredFixture() { gate.release(); }

  SyncGate gate;
  TestStore store;
  std::optional<Space> seen;  // of a session that does not defer
  std::optional<Session> deferred;
  std::optional<Space> space;
};

TEST_CASE_FIXTURE(DeferredFixture,
                  "on_durable: is called once, after the change is durable and for all to see") {
  gate.hold();
  const Ticket ticket = space->put("/file", "bytes").value().ticket;
  std::atomic<int> called{0};
  std::promise<Status> told;
  deferred->on_durable(ticket, [&](Status status) {
    ++called;
    if (status.ok())
      status = seen->stat("/file").ok() ? Status() : Error{Code::not_found, "unseen"};
    told.set_value(std::move(status));
  });
  gate.await_sync();
  CHECK(called == 0);
  CHECK(seen->stat("/file").code() == Code::not_found);
  gate.release();
  CHECK(told.get_future().get().ok());
  CHECK(deferred->wait(ticket).ok());
  store.close();
  CHECK(called == 1);
}

TEST_CASE_FIXTURE(DeferredFixture, "on_durable: of what is durable already is called at once") {
  const Ticket ticket = space->put("/file", "bytes").value().ticket;
  REQUIRE(deferred->wait(ticket).ok());
  bool called = false;
  deferred->on_durable(ticket, [&](const Status& status) { called = status.ok(); });
  CHECK(called);
}

TEST_CASE_FIXTURE(DeferredFixture, "wait: for a ticket of nothing, of others, and of nobody") {
  const Ticket others = seen->put("/others", "x").value().ticket;
  const Ticket mine = space->put("/mine", "y").value().ticket;
  CHECK(mine > others);
  const auto told_at_once = [&](Ticket ticket) {
    std::optional<Code> code;
    deferred->on_durable(ticket, [&](const Status& status) { code = status.code(); });
    return code;
  };
  for (const Ticket ticket : {Ticket{0}, others}) {
    CHECK(deferred->wait(ticket).ok());
    CHECK(told_at_once(ticket) == Code::ok);
  }
  for (const Ticket ticket : {mine + 1'000, ~Ticket{0}}) {
    CHECK(deferred->wait(ticket).code() == Code::invalid_argument);
    CHECK(told_at_once(ticket) == Code::invalid_argument);
  }
  CHECK(deferred->wait(mine).ok());
  store.close();
  CHECK(deferred->wait(mine).code() == Code::unavailable);
  CHECK(told_at_once(mine) == Code::unavailable);
}

}  // namespace
}  // namespace spind::test
