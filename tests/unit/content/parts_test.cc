// The parts of content that are understood alone: rows, memory, workers. frames_test.cc has frames.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <random>
#include <system_error>
#include <thread>

#include "base/limits.h"
#include "content/memory_budget.h"
#include "content/reading_shares.h"
#include "content/worker_pool.h"
#include "model/keys.h"
#include "model/vault_rows.h"
#include "support/harness.h"
#include "support/store/test_clock.h"

namespace spind::content {
namespace {

TEST_CASE("vault rows: what was written is read, and nothing else is taken") {
  std::mt19937_64 random(test::seed());
  for (int round = 0; round < 200; ++round) {
    model::PieceRow row;
    row.place.kind = round % 2 == 0 ? model::BlobPlace::Kind::object : model::BlobPlace::Kind::pack;
    row.place.number = random() >> (random() % 64);
    row.place.offset = random() >> (random() % 64);
    row.size_bytes = random() % (kPieceBytesMax + 1);
    row.stored_bytes = random() >> (random() % 64);
    for (std::uint64_t at = 0; round % 3 == 0 && at < row.size_bytes; at += kFrameBytesMax)
      row.frame_bytes.push_back(static_cast<std::uint32_t>(
          random() % std::min<std::uint64_t>(row.size_bytes - at, kFrameBytesMax) + 1));
    if (!row.frame_bytes.empty() && round % 2 == 0)
      row.generation = static_cast<std::uint32_t>(1 + random() % model::kGenerationsMax);
    const std::string bytes = model::encode(row);
    CHECK(model::decode_piece(bytes).value() == row);
    std::string changed = bytes;
    changed[random() % changed.size()] ^= static_cast<char>(1 << (random() % 8));
    CHECK_FALSE(model::decode_piece(changed).ok());
    CHECK_FALSE(model::decode_pack(bytes).ok());
    CHECK_FALSE(model::decode_piece(bytes.substr(0, random() % bytes.size())).ok());
    const model::PackRow pack{random() >> (random() % 64), random() >> (random() % 64)};
    CHECK(model::decode_pack(model::encode(pack)).value() == pack);
    CHECK(model::decode_number(model::encode_number(row.place.offset)).value() == row.place.offset);
  }
  CHECK_FALSE(model::decode_number("").ok());
}

TEST_CASE("vault rows: keys of a vault that no encoder would write are refused") {
  using State = model::VaultKeysRow::State;
  const auto taken = [](State state, std::uint64_t generation, std::string box) {
    return model::decode_vault_keys(model::encode(model::VaultKeysRow{state, generation, box}))
        .ok();
  };
  CHECK(taken(State::in_use, 1, "box"));
  CHECK(taken(State::destroyed, 1, ""));
  CHECK_FALSE(taken(State::in_use, 1, ""));
  CHECK_FALSE(taken(State::destroyed, 1, "box"));
  CHECK(taken(State::encrypting, 1, "box"));
  CHECK_FALSE(taken(State::encrypting, 1, ""));
  CHECK_FALSE(taken(State{4}, 1, "box"));
  CHECK_FALSE(taken(State{0}, 1, ""));
  CHECK_FALSE(taken(State::in_use, 0, "box"));
  CHECK_FALSE(taken(State::in_use, model::kGenerationsMax + 1, "box"));
  for (const auto& [id, wrapped] : {std::pair<std::size_t, std::size_t>{0, 1},
                                    {1, 0},
                                    {model::kWrappingKeyIdBytesMax + 1, 1},
                                    {1, model::kWrappedSecretBytesMax + 1}}) {
    const std::string key_id(id, 'i'), bytes(wrapped, 'w');
    CHECK_FALSE(
        model::decode_vault_secret(model::encode(model::VaultSecret{{}, key_id, bytes})).ok());
    CHECK_FALSE(model::decode_key_check(model::encode(model::KeyCheckRow{key_id, bytes, {}})).ok());
  }
  CHECK(model::decode_vault_secret(model::encode(model::VaultSecret{{}, "i", "w"})).ok());
}

TEST_CASE("vault rows: keys begin with their partition and give back what they name") {
  const model::VaultId vault = model::vault_of("school");
  CHECK(vault != model::vault_of("university"));
  model::PieceId piece{};
  piece[0] = 0xfe;
  piece[31] = 9;
  SpaceId space;
  space.bytes[0] = 3;
  const std::string bucket = model::bucket_of(vault, piece);
  for (const std::string& key :
       {model::piece_key(vault, piece), model::holder_key(vault, piece, space),
        model::unchecked_key(vault, piece, space), model::condemned_key(vault, piece)}) {
    CHECK(key.starts_with(bucket));
    CHECK(model::piece_in_key(key) == piece);
  }
  CHECK(model::space_in_key(model::holder_key(vault, piece, space)) == space);
  CHECK(model::holder_key(vault, piece, space).starts_with(model::holders_prefix(vault, piece)));
  CHECK(model::doomed_key(vault, 0xfe, {}).starts_with(bucket));
  const std::string ledger = model::ledger_partition();
  CHECK(model::ledger_key(model::LedgerRow::range, 258).starts_with(ledger));
  CHECK(model::last_u64_in(model::ledger_key(model::LedgerRow::range, 258)) == 258);
  CHECK(model::vault_in_key(model::ledger_vault_key(vault)) == vault);
}

TEST_CASE("memory budget: gives no more than there is, and gets it back") {
  MemoryBudget budget(100);
  auto first = budget.take(60, nullptr).value();
  CHECK_FALSE(budget.try_take(50).has_value());
  {
    const auto second = budget.try_take(40);
    CHECK(second.has_value());
    CHECK(budget.used_bytes() == 100);
  }
  CHECK(budget.used_bytes() == 60);
  CHECK(budget.take(70,
                    [] {
                      return Status(Error{Code::cancelled, ""});
                    })
            .code() == Code::cancelled);
  std::thread waiter([&] { CHECK(budget.take(90, nullptr).ok()); });
  first = {};
  waiter.join();
  CHECK(budget.used_bytes() == 0);
  // A wish for more than there ever is gets all.
  CHECK(budget.take(1'000, nullptr).ok());
}

TEST_CASE("reading shares: who reads alone may hold most; who rests makes room for others") {
  struct Holder final : ReadingShares::Reader {
    explicit Holder(ReadingShares& among) : shares(among) {}
    ~Holder() { shares.leave(*this); }
    std::uint64_t shrink_to(std::uint64_t bytes) override {
      if (!busy && lease.size_bytes() > bytes) lease = {};
      return lease.size_bytes();
    }
    ReadingShares& shares;
    MemoryBudget::Lease lease;
    std::atomic<bool> busy = false;
  };
  test::TestClock clock;
  ReadingShares shares(1200, clock);
  const auto cancelled = [] { return Status(Error{Code::cancelled, ""}); };
  Holder first(shares), second(shares);
  CHECK(shares.share_of(first) == 900);
  first.lease = shares.take(first, 900, 900, nullptr).value();
  CHECK(shares.share_of(second) == 450);
  CHECK(shares.share_of(first) == 450);

  // What fits is given without anybody else's; then who is not reading gives back what is too much.
  second.lease = shares.take(second, 300, 300, nullptr).value();
  CHECK(first.lease.size_bytes() == 900);
  second.lease = {};
  first.busy = true;
  CHECK(shares.take(second, 400, 400, cancelled).code() == Code::cancelled);
  first.busy = false;
  second.lease = shares.take(second, 400, 400, nullptr).value();
  CHECK(first.lease.size_bytes() == 0);

  clock.advance(3'000'000'000);
  CHECK(shares.share_of(first) == 900);
  CHECK(second.lease.size_bytes() == 0);
}

TEST_CASE("worker pool: runs all that it was given before it ends") {
  std::atomic<int> ran = 0;
  {
    WorkerPool pool(Threads::system(), 2);
    for (int i = 0; i < 100; ++i) pool.run([&] { ++ran; });
  }
  CHECK(ran == 100);
  { const WorkerPool unused(Threads::system(), 2); }
}

// As a system does whose limit of processes is reached.
class FewThreads final : public Threads {
 public:
  explicit FewThreads(int count) : left_(count) {}
  std::unique_ptr<Thread> start(std::string name, std::function<void()> body) override {
    if (left_-- <= 0) throw std::system_error(EAGAIN, std::generic_category());
    return Threads::system().start(std::move(name), std::move(body));
  }

 private:
  int left_;
};

TEST_CASE("worker pool: runs all that it was given where the system gives few threads or none") {
  for (const int count : {0, 1}) {
    FewThreads threads(count);
    std::atomic<int> ran = 0;
    {
      WorkerPool pool(threads, 2);
      for (int i = 0; i < 100; ++i) pool.run([&] { ++ran; });
    }
    CHECK(ran == 100);
  }
}

}  // namespace
}  // namespace spind::content
