// A writer whose blobs lie in a bucket is killed at random moments: what it had acknowledged is
// there, what it had not is there whole or not at all, check and scrub find nothing, and after a
// collection the bucket lists just what the store refers to.
#include <doctest/doctest.h>

#include <future>

#include "crash/crash_driver.h"
#include "s3/far_store.h"
#include "s3/way.h"

namespace spind::test {
namespace {

class InBucket : public CrashPlace {
 public:
  explicit InBucket(std::uint32_t faults_of_a_thousand, bool stages = false)
      : stages_(stages), way_(prefix_.options(), seed()) {
    way_.set_faults(faults_of_a_thousand);
  }

  std::string word() const override {
    const S3Options& bucket = way_.bucket();
    return "s3://" + bucket.bucket + "/" + bucket.prefix + " " + bucket.endpoint;
  }
  bool stages() const override { return stages_; }
  Result<std::shared_ptr<BlobStore>> open() override {
    auto bucket = open_s3(prefix_.options());
    if (!bucket.ok()) return bucket.error();
    return std::shared_ptr<BlobStore>(*std::move(bucket));
  }
  void settle() override { way_.settle(); }
  void compare(const std::string&, kv::Store& rows, const Ledger&, Aftermath& tally) override {
    const ListingDifference difference = compare_listing(rows, *prefix_.store());
    tally.lost += difference.missing;
    tally.orphans += difference.orphans;
    if (!difference.text.empty()) tally.note(difference.text);
  }

 private:
  const bool stages_;
  Prefix prefix_;
  Way way_;
};

// The program, the stacks of its threads, and transfers on their way.
constexpr std::uint64_t kBesideStoreBytes = 32ull << 20;

std::unique_ptr<CrashPlace> in_bucket() { return std::make_unique<InBucket>(0); }
std::unique_ptr<CrashPlace> in_bucket_with_faults() { return std::make_unique<InBucket>(10); }
std::unique_ptr<CrashPlace> staged_before_bucket() { return std::make_unique<InBucket>(10, true); }

}  // namespace

TEST_CASE("bad day: a writer that is killed loses nothing that it acknowledged in a bucket") {
  const bool short_form = !from_environment("SPIND_TEST_S3_SHORT").empty();
  const std::uint64_t kills = short_form ? scaled(4, 12, 100) : scaled(6, 100, 2'000);
  // A quarter of them with small files staged first.
  auto beside = std::async(std::launch::async, [kills] {
    Aftermath faulty = kill_many(seed() + 500'000'000, kills / 4, in_bucket_with_faults);
    faulty.add(kill_many(seed() + 600'000'000, kills / 2 - kills / 4, staged_before_bucket));
    return faulty;
  });
  Aftermath tally = kill_many(seed(), kills - kills / 2, in_bucket);
  tally.add(beside.get());

  INFO(tally.text);
  MESSAGE(tally.acknowledged << " acknowledged, " << (tally.memory_peak_bytes >> 20) << " MiB");
  CHECK(tally.text == "");
  CHECK(tally.kills == kills);
  CHECK(tally.acknowledged > kills);
  CHECK(tally.memory_peak_bytes > 0);
  CHECK(tally.memory_peak_bytes < kMeasuredMemoryBytes + kBesideStoreBytes);
  CHECK(tally.lost == 0);
  CHECK(tally.torn == 0);
  CHECK(tally.check_findings == 0);
  CHECK(tally.orphans == 0);
  if (!short_form) write_report("s3_kills.json", tally.report());
}

}  // namespace spind::test
