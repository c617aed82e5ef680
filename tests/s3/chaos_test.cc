// A store on a bucket behind a proxy that does what servers and networks do wrong, one thing after
// the other and all of them together: nothing that was acknowledged is lost, nothing wrong is read,
// no bytes are left that nothing refers to, and afterwards all goes on by itself.
#include <doctest/doctest.h>

#include <optional>
#include <set>

#include "s3/bucket.h"
#include "s3/chaos_load.h"
#include "s3/chaos_report.h"

namespace spind::test {
namespace {

// What a call may answer while the fault is there.
std::set<Code> allowed_with(std::optional<Chaos> fault) {
  std::set<Code> codes = {Code::unavailable, Code::io_error};
  if (!fault || *fault == Chaos::forbidden) codes.insert(Code::permission_denied);
  if (!fault || *fault == Chaos::expired_token) codes.insert(Code::unauthenticated);
  // Bytes that are not those of the object are never taken for them.
  for (const Chaos damage : {Chaos::damaged_body, Chaos::other_key, Chaos::wrong_length})
    if (!fault || *fault == damage) codes.insert(Code::corruption);
  return codes;
}

class ChaosRun {
 public:
  // Without a fault: all of them together.
  ChaosRun(std::optional<Chaos> fault, std::uint64_t seed)
      : fault_(fault),
        proxy_(server_of(prefix_.options()), seed),
        load_(seed, allowed_with(fault)),
        store_(folder_ / "store") {}

  ChaosRow run(std::uint32_t of_a_thousand, std::uint64_t steps, std::uint64_t wanted) {
    reopen();
    for (int round = 0; round < kRoundsMax && load_.text().empty() && fired() < wanted; ++round) {
      begin(of_a_thousand);
      reopen();
      if (store_.is_open()) load_.run(store_.store(), steps);
    }
    proxy_.stop();
    if (store_.is_open()) judge();
    row_.fault = fault_ ? std::string(chaos_name(*fault_)) : "all of them";
    row_.fired = fired();
    row_.text += load_.text();
    return row_;
  }

 private:
  static constexpr int kRoundsMax = 40;

  void begin(std::uint32_t of_a_thousand) {
    if (fault_) return proxy_.set(*fault_, of_a_thousand);
    proxy_.set_all(of_a_thousand);
  }

  std::uint64_t fired() const {
    if (fault_) return proxy_.fired(*fault_);
    std::uint64_t all = 0;
    for (std::size_t i = 0; i < kChaosCount; ++i) all += proxy_.fired(static_cast<Chaos>(i));
    return all;
  }

  void reopen() {
    store_.close();
    load_.until_it_works("open", [&]() -> Status {
      const auto blobs = open_s3(through(proxy_, prefix_.options()));
      if (!blobs.ok()) return blobs.error();
      return store_.open(*blobs);
    });
  }

  void judge() {
    const std::uint64_t refused = load_.refused();
    load_.run(store_.store(), 1);
    if (load_.refused() != refused) row_.note("calls fail though nothing is wrong any more");

    const Ledger::Verdict verdict = load_.settle(store_.store());
    row_.lost = verdict.lost;
    row_.wrong = load_.wrong() + verdict.torn;
    if (!verdict.text.empty()) row_.note(verdict.text);
    judge_store(store_, *prefix_.store(), row_);
  }

  const std::optional<Chaos> fault_;
  Prefix prefix_;
  TemporaryFolder folder_;
  ChaosProxy proxy_;
  ChaosLoad load_;
  FarStore store_;
  ChaosRow row_{};
};

// The slow ones take a second or more each time.
std::uint32_t chance_of(Chaos fault) {
  switch (fault) {
    case Chaos::slow_drip:
    case Chaos::too_many: return 30;
    default: return 150;
  }
}

}  // namespace

TEST_CASE("bad day: each thing that servers and networks do wrong loses nothing") {
  for (std::size_t i = 0; i < static_cast<std::size_t>(Chaos::outage); ++i) {
    const auto fault = static_cast<Chaos>(i);
    ChaosRun run(fault, seed() + i);
    report(run.run(chance_of(fault), scaled(2, 8, 400), scaled(1, 6, 200)));
  }
}

TEST_CASE("bad day: all that servers and networks do wrong together loses nothing") {
  ChaosRun run(std::nullopt, seed() + 100);
  report(run.run(10, scaled(6, 40, 4'000), scaled(10, 40, 2'000)));
}

}  // namespace spind::test
