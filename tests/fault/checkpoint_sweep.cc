// A checkpoint copies what RocksDB holds, so its store is one on RocksDB. RocksDB's own files do
// not pass through the seam; all others do. Its syncs are left out, as the seam's are.
#include "base/try.h"
#include "fault/fault_sweep.h"
#include "support/store/device.h"
#include "support/store/faults.h"
#include "support/store/open_door.h"
#include "support/store/sample.h"

namespace spind::test {
namespace {

constexpr std::uint64_t kCheckpointCallsMax = 1'000;

// "" or what is wrong with the copy.
std::string look_at_copy(const std::string& folder, const KeyProviderPtr& keys) {
  const Result<Store> copy = Store::open(folder, {.keys = keys});
  if (!copy.ok()) return "opening the copy: " + copy.error().to_string();
  const Status whole = read_undamaged(*copy);
  if (!whole.ok()) return "reading the copy: " + whole.error().to_string();
  CheckOptions options;
  options.read_content = true;
  const Result<CheckReport> report = copy->check(options);
  if (!report.ok()) return "checking the copy: " + report.error().to_string();
  return report->findings.empty() ? "" : "in the copy: " + report->findings.front().text;
}

class CheckpointSweep {
 public:
  CheckpointSweep(Code code, bool encrypted) : code_(code), files_(Files::system(), point_) {
    if (encrypted) options_.keys = open_door();
    engine::Seams seams;
    seams.files = &files_;
    device_.set_syncs_left_out();
    seams.open_kv = rocksdb_on(device_file_system(device_));
    store_.emplace(MetadataEngine::rocksdb, seams, options_);
    make_sample(store_->store());
    state_ = describe(store_->space("faults")).value();
  }

  SweepResult run() {
    for (std::uint64_t n = 1; n <= kCheckpointCallsMax; ++n)
      if (!one(n)) return result_;
    violation(kCheckpointCallsMax, "a checkpoint meets faults for ever");
    return result_;
  }

 private:
  void violation(std::uint64_t n, const std::string& text) {
    ++result_.violations;
    if (result_.text.size() < 3'000)
      result_.text += "checkpoint, call " + std::to_string(n) + ": " + text + "\n";
  }

  // False: the checkpoint did not meet the fault.
  bool one(std::uint64_t n) {
    const std::string to = folder_ / std::to_string(n);
    point_.arm(n, code_);
    const Result<CheckpointReport> made = store_->store().checkpoint(to);
    point_.disarm();
    if (made.ok()) {
      const std::string wrong = look_at_copy(to, options_.keys);
      if (!wrong.empty()) violation(n, wrong);
    } else if (!point_.fired()) {
      violation(n, "without a fault: " + made.error().to_string());
    } else if (Store::open(to).code() != Code::not_found) {
      violation(n, "one that failed leaves a store: " + made.error().to_string());
    }
    if (!point_.fired()) return false;
    look_at_store(n, ++result_.points % 8 == 1 || effort() == Effort::long_form);
    return true;
  }

  // It is as it was; and, which in the shorter runs is not always tried, a checkpoint to another
  // folder works.
  void look_at_store(std::uint64_t n, bool try_again) {
    const Status health = store_->store().health();
    if (!health.ok()) violation(n, "the store itself suffers: " + health.error().to_string());
    const Result<std::string> state = describe(store_->space("faults"));
    if (!state.ok() || *state != state_) violation(n, "the store itself is another");
    if (!try_again) return;
    const std::string again = folder_ / (std::to_string(n) + " again");
    const Result<CheckpointReport> made = store_->store().checkpoint(again);
    if (!made.ok()) return violation(n, "trying again: " + made.error().to_string());
    const std::string wrong = look_at_copy(again, options_.keys);
    if (!wrong.empty()) violation(n, "trying again, " + wrong);
  }

  const Code code_;
  StoreOptions options_;
  Device device_;
  FaultPoint point_;
  FaultFiles files_;
  TemporaryFolder folder_;
  std::optional<TestStore> store_;
  std::string state_;
  SweepResult result_;
};

}  // namespace

SweepResult sweep_checkpoint(Code code, bool encrypted) {
  return CheckpointSweep(code, encrypted).run();
}

}  // namespace spind::test
