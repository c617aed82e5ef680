// Many threads on one store.
#include <atomic>
#include <map>
#include <random>
#include <string>
#include <thread>

#include "support/harness.h"
#include "unit/kv/store_kinds.h"

using namespace spind;
using namespace spind::kv;
using namespace spind::kv::test;

namespace {

constexpr int kThreads = 32;

void on_threads(int count, const std::function<void(int)>& body) {
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) threads.emplace_back(body, i);
  for (std::thread& thread : threads) thread.join();
}

std::int64_t balance(const View& view, const std::string& account) {
  const auto value = read(view, account);
  return value ? std::stoll(*value) : 0;
}

// Moves one coin from one account to another, each in a partition of its own.
Answer transfer(Store& store, const std::string& from, const std::string& to) {
  return store.update({from.substr(0, 1)}, [&](Transaction& transaction) -> Outcome {
    if (!transaction.owns(to.substr(0, 1))) return Need{{to.substr(0, 1)}};
    const std::int64_t left = balance(transaction, from);
    if (left == 0) return Error{Code::out_of_quota, "no coin left"};
    transaction.put_announced(Family::state, from, std::to_string(left - 1));
    transaction.put_announced(Family::state, to, std::to_string(balance(transaction, to) + 1));
    return Commit{};
  });
}

// Keeps what it was told, as a cache would.
class Mirror final : public Observer {
 public:
  void publishing(Ticket, std::span<const Row> rows) override {
    const std::lock_guard lock(mutex_);
    for (const Row& row : rows) rows_[row.key] = row.value.value_or("");
  }
  void published(Ticket) override {}
  std::map<std::string, std::string> rows() const {
    const std::lock_guard lock(mutex_);
    return rows_;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::string> rows_;
};

}  // namespace

TEST_CASE_TEMPLATE("threads: money moves between partitions and none is lost", Kind, STORE_KINDS) {
  constexpr int kAccounts = 8;
  constexpr std::int64_t kCoins = 100;
  Mirror mirror;
  Kind store(&mirror);
  const auto account = [](std::uint64_t i) {
    return std::string(1, static_cast<char>('a' + i % kAccounts)) + "/balance";
  };
  Ticket opened = 0;
  for (std::uint64_t i = 0; i < kAccounts; ++i)
    opened = put(*store, account(i), std::to_string(kCoins)).ticket;
  REQUIRE(store->wait(opened).ok());

  std::atomic<bool> done{false};
  std::thread reader([&] {
    while (!done) {
      const SnapshotRef snapshot = store->durable();
      std::int64_t sum = 0;
      for (std::uint64_t i = 0; i < kAccounts; ++i) sum += balance(*snapshot, account(i));
      CHECK(sum == kAccounts * kCoins);
    }
  });
  const std::uint64_t rounds = spind::test::scaled(40, 100, 5000);
  on_threads(kThreads, [&](int thread) {
    std::mt19937_64 random(spind::test::seed() + static_cast<std::uint64_t>(thread));
    for (std::uint64_t round = 0; round < rounds; ++round) {
      const std::uint64_t from = random() % kAccounts;
      const std::uint64_t to = (from + 1 + random() % (kAccounts - 1)) % kAccounts;
      const Answer answer = transfer(*store, account(from), account(to));
      REQUIRE((answer.status.ok() || answer.status.code() == Code::out_of_quota));
      REQUIRE(store->wait(answer.ticket).ok());
      CHECK(store->durable()->ticket() >= answer.ticket);
    }
  });
  done = true;
  reader.join();

  const SnapshotRef last = store->durable();
  for (const auto& [key, value] : mirror.rows()) CHECK(read(*last, key) == value);
  const Store::Metrics metrics = store->metrics();
  CHECK(metrics.commits + metrics.refusals >= kThreads * rounds);
  CHECK(metrics.sync_group_commits == metrics.commits);
}

TEST_CASE_TEMPLATE("threads: a hot counter counts each commit once, and each is read back", Kind,
                   STORE_KINDS) {
  Kind store;
  const std::uint64_t rounds = spind::test::scaled(40, 100, 5000);
  on_threads(kThreads, [&](int) {
    for (std::uint64_t round = 0; round < rounds; ++round) {
      std::int64_t mine = 0;
      const Answer answer = store->update({"a"}, [&](Transaction& transaction) -> Outcome {
        mine = balance(transaction, "a") + 1;
        transaction.put(Family::state, "a", std::to_string(mine));
        return Commit{};
      });
      REQUIRE(answer.status.ok());
      REQUIRE(store->wait(answer.ticket).ok());
      CHECK(balance(*store->durable(), "a") >= mine);
    }
  });
  CHECK(balance(*store->durable(), "a") == static_cast<std::int64_t>(kThreads * rounds));
}

TEST_CASE_TEMPLATE("threads: waiters with deadlines come and go, and nobody is forgotten", Kind,
                   STORE_KINDS) {
  Kind store;
  const std::uint64_t rounds = spind::test::scaled(20, 50, 2000);
  std::atomic<std::uint64_t> called{0};
  on_threads(kThreads, [&](int thread) {
    std::mt19937_64 random(spind::test::seed() + static_cast<std::uint64_t>(thread));
    const std::string key(1, static_cast<char>('a' + thread % 5));
    for (std::uint64_t round = 0; round < rounds; ++round) {
      const Answer answer = put(*store, key, std::to_string(round));
      REQUIRE(answer.status.ok());
      if (random() % 3 == 0)
        store->on_durable(answer.ticket, [&](Status s) { called += s.ok(); });
      else
        called += 1;
      const std::int64_t wait_ns = static_cast<std::int64_t>(random() % 400'000);
      const Status status =
          random() % 2 == 0 ? store->wait(answer.ticket)
                            : store->wait(answer.ticket, Clock::system().monotonic_ns() + wait_ns);
      CHECK((status.ok() || status.code() == Code::deadline_exceeded));
    }
  });
  store.close();
  CHECK(called == kThreads * rounds);
}

TEST_CASE_TEMPLATE("threads: who never waits is held back, so that memory is bounded", Kind,
                   STORE_KINDS) {
  Kind store;
  for (int i = 0; i < 20'000; ++i) REQUIRE(put(*store, "a", std::to_string(i)).status.ok());
  CHECK(store->metrics().syncs >= 2);
  CHECK(store->durable()->ticket() > 0);
}
