// The bucket is away for a while: nobody answers, or somebody takes requests and never says a word.
// What lies in the metadata or the cache is read and written all the while, every call comes to an
// end, and then all goes on by itself.
#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <thread>

#include "s3/bucket.h"
#include "s3/chaos_load.h"
#include "s3/chaos_report.h"
#include "spind/blob_layers.h"
#include "support/store/content.h"

namespace spind::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Steady = std::chrono::steady_clock;

constexpr std::uint64_t kInlineBytes = 9'000, kFarBytes = 300'000;

class Outage {
 public:
  Outage(Chaos kind, std::uint64_t seed)
      : kind_(kind),
        proxy_(server_of(prefix_.options()), seed),
        options_(through(proxy_, prefix_.options())),
        load_(seed, {Code::unavailable, Code::io_error}),
        store_(folder_ / "store") {}

  ChaosRow run(seconds duration) {
    row_.fault = chaos_name(kind_);
    open();
    prepare();
    proxy_.begin_outage(kind_);
    std::thread writers([&] { load_.run(store_.store(), 6); });
    const auto end = Steady::now() + duration;
    std::uint64_t rounds = 0;
    while (Steady::now() < end) use(rounds++);
    proxy_.stop();
    writers.join();
    judge();
    row_.fired = proxy_.fired(kind_);
    return row_;
  }

 private:
  Space space(std::optional<milliseconds> timeout = {}) {
    SessionOptions who{.user = "ada"};
    who.timeout = timeout;
    return store_.store().session(who).value().space_by_alias("outage").value();
  }

  void open() {
    DiskCacheOptions cache{.folder = folder_ / "cache"};
    cache.keep_puts = false;
    const auto bucket = open_s3(options_);
    REQUIRE(bucket.ok());
    const auto cached = with_disk_cache(*bucket, cache);
    REQUIRE(cached.ok());
    REQUIRE(store_.open(*cached).ok());
  }

  void prepare() {
    load_.run(store_.store(), 3);
    REQUIRE(store_.store().session({.user = "ada"})->create_space({.alias = "outage"}).ok());
    REQUIRE(space().put("/inline", content(1, kInlineBytes)).ok());
    REQUIRE(space().put("/cached", content(2, kFarBytes)).ok());
    REQUIRE(space().put("/far", content(3, kFarBytes)).ok());
    REQUIRE(space().get("/cached").ok());
  }

  void use(std::uint64_t round) {
    expect(space().get("/inline"), 1, kInlineBytes);
    expect(space().get("/cached"), 2, kFarBytes);
    if (!space().put("/new", content(round, kInlineBytes)).ok())
      row_.note("small content cannot be put");
    expect(space().get("/new"), round, kInlineBytes);
    expect_failure("get", [](const Space& in) { return in.get("/far").code(); });
    expect_failure("put", [&](const Space& in) {
      return in.put("/other", content(4 + round, kFarBytes)).code();
    });
    std::this_thread::sleep_for(milliseconds(20));
  }

  void expect(const Result<std::string>& got, std::uint64_t of_seed, std::uint64_t size) {
    if (!got.ok()) return row_.note("what lies here cannot be read: " + got.error().to_string());
    if (*got != content(of_seed, size)) ++row_.wrong;
  }

  void expect_failure(const char* what, const std::function<Code(const Space&)>& call) {
    constexpr milliseconds kTimeout{100}, kLate{1'000};
    const Space in_time = space(kTimeout);
    const auto begun = Steady::now();
    const Code code = call(in_time);
    const auto took = Steady::now() - begun;
    if (took > kTimeout + kLate) row_.note(std::string(what) + " took too long");
    const bool told =
        code == Code::unavailable || code == Code::io_error || code == Code::deadline_exceeded;
    if (!told) row_.note(std::string(what) + " answered " + std::string(code_name(code)));
  }

  void judge() {
    expect(space().get("/far"), 3, kFarBytes);
    const std::uint64_t refused = load_.refused();
    load_.run(store_.store(), 1);
    if (load_.refused() != refused) row_.note("calls fail though the outage is over");
    const Ledger::Verdict verdict = load_.settle(store_.store());
    row_.lost += verdict.lost;
    row_.wrong += load_.wrong() + verdict.torn;
    row_.text += verdict.text + load_.text();
    judge_store(store_, *prefix_.store(), row_);
  }

  const Chaos kind_;
  Prefix prefix_;
  TemporaryFolder folder_;
  ChaosProxy proxy_;
  const S3Options options_;
  ChaosLoad load_;
  FarStore store_;
  ChaosRow row_{};
};

}  // namespace

TEST_CASE("bad day: a bucket that is away for a while stops only what lies in it") {
  const seconds duration(scaled(1, 5, 300));
  for (const Chaos kind : {Chaos::outage, Chaos::black_hole})
    report(Outage(kind, seed() + static_cast<std::uint64_t>(kind)).run(duration));
}

}  // namespace spind::test
