#include "fault/fault_sweep.h"

#include <atomic>
#include <random>

#include "base/try.h"
#include "support/store/faults.h"
#include "support/store/open_door.h"
#include "support/store/sample.h"

namespace spind::test {
namespace {

constexpr std::uint64_t kCallsMax = 5'000;  // a verb that makes more calls does not end

// One after another; in the shorter runs ever fewer of the later ones, others in each run. A device
// without room fails where a broken one does, so it gets fewer.
class Calls {
 public:
  Calls(bool is_long, Code code)
      : few_(effort() == Effort::fast || code == Code::no_space),
        all_until_(effort() == Effort::fast ? 3
                   : few_ || is_long        ? 8
                                            : 12),
        part_(few_ || is_long ? 1 : 2),
        random_(seed() + static_cast<std::uint64_t>(code)) {}

  std::uint64_t after(std::uint64_t n) {
    if (effort() == Effort::long_form || n < all_until_) return n + 1;
    return n + 1 + random_() % (n / part_);
  }

 private:
  const bool few_;
  const std::uint64_t all_until_, part_;
  std::mt19937_64 random_;
};

// Of the reads of metadata that a repair makes, by far the most of its calls, one in so many.
constexpr std::uint64_t kReadsAPoint = 32;

StoreOptions options(bool encrypted, const char* current_key_id) {
  StoreOptions options;
  if (encrypted) options.keys = open_door(current_key_id);
  return options;
}

// A store whose every seam can be made to fail. The clock moves only when a test moves it, so that
// equal runs leave equal states.
class Fixture {
 public:
  Fixture(Seam seam, const FaultCase& fault_case, const Beginning& beginning)
      : files_(Files::system(), seam == Seam::files ? point : unused_),
        store(MetadataEngine::memory, seams(seam), options(beginning.encrypted, "later key"),
              true) {
    store.before_kv([this, seam, mends = fault_case.mends != Mends::nothing](kv::MemoryCall call) {
      const bool reads = call == kv::MemoryCall::get || call == kv::MemoryCall::scan;
      const bool passed_over = mends && reads && ++reads_ % kReadsAPoint != 0;
      return seam == Seam::kv && !passed_over ? point.hit("kv") : Status();
    });
    store.copy(beginning.store);
    store.reopen();
  }

  Result<std::string> state(bool with_ids) {
    SPIND_TRY_ASSIGN(const Session session, store.store().session({.user = "ada"}));
    SPIND_TRY_ASSIGN(const Space space, session.space_by_alias("faults"));
    return describe(space, with_ids);
  }

  // Longer than a store that found no room lets pass before it looks again.
  void wait() { clock_.wait(60'000'000'000); }

  FaultPoint point;

 private:
  engine::Seams seams(Seam seam) {
    engine::Seams seams;
    seams.clock = &clock_;
    seams.files = &files_;
    if (seam == Seam::blobs)
      seams.open_blobs =
          [this](const engine::BlobSetup& setup) -> Result<std::unique_ptr<BlobStore>> {
        SPIND_TRY_ASSIGN(std::unique_ptr<BlobStore> blobs, engine::default_blobs(setup));
        return std::unique_ptr<BlobStore>(std::make_unique<FaultBlobs>(std::move(blobs), point));
      };
    return seams;
  }

  TestClock clock_;
  std::atomic<std::uint64_t> reads_{0};
  FaultPoint unused_;
  FaultFiles files_;

 public:
  TestStore store;
};

class Sweep {
 public:
  Sweep(const FaultCase& fault_case, const Beginning& beginning, Seam seam, Code code)
      : case_(fault_case), beginning_(beginning), seam_(seam), code_(code) {}

  SweepResult run() {
    Fixture plain(seam_, case_, beginning_);
    if (case_.mends == Mends::nothing) before_ = plain.state(!case_.takes_ids).value();
    const Status done = case_.run(plain.store);
    if (!done.ok()) violation(0, "without a fault: " + done.error().to_string());
    after_ = plain.state(!case_.takes_ids).value();
    if (case_.mends == Mends::all && after_ != undamaged())
      violation(0, "not as before:\n" + after_);
    Calls calls(case_.is_long, code_);
    for (std::uint64_t n = 1; n <= kCallsMax; n = calls.after(n))
      if (!one(n)) return result_;
    violation(kCallsMax, "the verb meets faults for ever");
    return result_;
  }

 private:
  void violation(std::uint64_t n, const std::string& text) {
    ++result_.violations;
    if (result_.text.size() < 3'000)
      result_.text += case_.name + ", call " + std::to_string(n) + ": " + text + "\n";
  }

  std::string undamaged() const {
    FaultCase none = case_;
    none.prepare = nullptr;
    return Fixture(seam_, none, Beginning(none, beginning_.encrypted))
        .state(!case_.takes_ids)
        .value();
  }

  // False: the verb did not meet the fault.
  bool one(std::uint64_t n) {
    Fixture fixture(seam_, case_, beginning_);
    fixture.point.arm(n, code_);
    const Status answer = case_.run(fixture.store);
    fixture.point.disarm();
    if (!fixture.point.fired()) {
      if (!answer.ok()) violation(n, "without a fault: " + answer.error().to_string());
      return false;
    }
    ++result_.points;
    if (!recover(n, fixture)) return true;
    if (case_.mends != Mends::nothing) {
      const Status whole = read_undamaged(fixture.store.store());
      if (!whole.ok()) violation(n, "reading after the fault: " + whole.error().to_string());
      try_again(n, fixture, false);
      return true;
    }
    const Result<std::string> state = fixture.state(!case_.takes_ids);
    if (!state.ok()) {
      violation(n, "reading after the fault: " + state.error().to_string());
      return true;
    }
    if (*state != before_ && *state != after_) violation(n, "half done:\n" + *state);
    if (answer.ok() && *state != after_) violation(n, "was answered with ok and is not there");
    try_again(n, fixture, case_.changes_space && *state == after_);
    return true;
  }

  // Looks at the store as the fault left it, lets it look for room, and opens it again where a
  // failed sync has ended it.
  bool recover(std::uint64_t n, Fixture& fixture) {
    TestStore& store = fixture.store;
    if (store.is_open()) {
      const std::string found = case_.mends == Mends::nothing ? store.findings() : "";
      if (!found.empty()) violation(n, "check: " + found);
      fixture.wait();
      (void)store.space("faults").remove("/nothing there");
      const Status health = store.store().health();
      if (health.ok()) return true;
      if (code_ == Code::no_space && seam_ == Seam::kv)
        violation(n, "full for ever: " + health.error().to_string());
    }
    store.close();
    const Status opened = store.open();
    if (!opened.ok()) violation(n, "open: " + opened.error().to_string());
    return opened.ok();
  }

  void try_again(std::uint64_t n, Fixture& fixture, bool done) {
    if (!done) {
      const Status again = case_.run(fixture.store);
      if (!again.ok()) violation(n, "trying again: " + again.error().to_string());
      const Result<std::string> state = fixture.state(!case_.takes_ids);
      if (!state.ok() || *state != after_) violation(n, "trying again leads elsewhere");
    }
    if (!fixture.store.space("faults").put("/another", "one").ok())
      violation(n, "another put fails");
    const auto collected = fixture.store.store().collect({.grace = std::chrono::seconds(0)});
    if (!collected.ok()) violation(n, "collect: " + collected.error().to_string());
    const std::string found = fixture.store.findings(true);
    if (!found.empty()) violation(n, "check at the end: " + found);
  }

  const FaultCase& case_;
  const Beginning& beginning_;
  const Seam seam_;
  const Code code_;
  std::string before_, after_;
  SweepResult result_;
};

}  // namespace

const char* seam_name(Seam seam) {
  switch (seam) {
    case Seam::kv: return "kv";
    case Seam::files: return "files";
    case Seam::blobs: return "blobs";
  }
  return "";
}

Beginning::Beginning(const FaultCase& fault_case, bool is_encrypted)
    : encrypted(is_encrypted),
      store(MetadataEngine::memory, seams_with(clock_), options(encrypted, "first key")) {
  make_sample(store.store());
  if (fault_case.prepare) fault_case.prepare(store);
  store.close();
}

SweepResult sweep(const FaultCase& fault_case, const Beginning& beginning, Seam seam, Code code) {
  return Sweep(fault_case, beginning, seam, code).run();
}

}  // namespace spind::test
