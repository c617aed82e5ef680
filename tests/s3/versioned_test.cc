// Buckets that keep what is removed: by versions, or locked for a time. A store works there as
// everywhere, and the probe says what stays.
#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "blob/s3/s3_blob_store.h"
#include "model/model_run.h"
#include "s3/ask_bucket.h"
#include "s3/far_store.h"
#include "spind/probe.h"
#include "support/store/content.h"

namespace spind::test {
namespace {

constexpr std::uint64_t kFarBytes = 1'500'000;

S3Options versioned_bucket(const std::string& name, int retention_days) {
  S3Options options = make_versioned_bucket(name, retention_days);
  options.part_bytes = 5u << 20;
  // What servers that lock objects may insist on.
  if (retention_days > 0) options.payload = S3Payload::md5;
  return options;
}

ProbeFinding row_of(const S3Options& options, const std::string& check) {
  const auto rows = probe_s3(options);
  const auto found = std::find_if(rows.begin(), rows.end(),
                                  [&](const ProbeFinding& row) { return row.check == check; });
  REQUIRE(found != rows.end());
  return *found;
}

// What is removed is gone for all that a store asks, and stays in the bucket.
void try_blobs(const S3Options& options) {
  const auto opened = s3::ObjectStore::open(options, s3::World{});
  REQUIRE(opened.ok());
  s3::ObjectStore& blobs = **opened;
  const std::string large = content(seed(), (11u << 20) + 7);
  REQUIRE(blobs.put("small", as_bytes("hello")).ok());
  REQUIRE(blobs.put("small", as_bytes("again")).ok());
  REQUIRE(blobs.put("large", as_bytes(large)).ok());
  REQUIRE(blobs.put_new("new", as_bytes("first")).ok());
  CHECK(blobs.put_new("new", as_bytes("second")).code() == Code::already_exists);
  CHECK(as_text(blobs.get("small", 10).value()) == "again");
  CHECK(as_text(blobs.get("large", large.size()).value()) == large);
  CHECK(blobs.list("", "", 10).value().size() == 3);

  CHECK(blobs.remove("small").ok());
  CHECK(blobs.get("small", 10).code() == Code::not_found);
  std::uint8_t out[4];
  CHECK(blobs.range("small", 0, out).code() == Code::not_found);
  CHECK(blobs.put("small", as_bytes("anew")).ok());
  const std::vector<std::string> names = {"small", "large", "new", "never"};
  CHECK(blobs.remove_all(names).ok());
  CHECK(blobs.remove_all(names).ok());
  CHECK(blobs.list("", "", 10).value().empty());
  CHECK(count_versions(options) == 5);
}

void try_store(const S3Options& options) {
  const TemporaryFolder folder;
  FarStore far(folder / "store");
  const auto bucket = open_s3(options);
  REQUIRE(bucket.ok());
  REQUIRE(far.open(*bucket).ok());
  const Space space =
      far.store().session({.user = "ada"}).value().create_space({.alias = "ada"}).value();
  REQUIRE(space.put("/stays", content(1, kFarBytes)).ok());
  REQUIRE(space.put("/goes", content(2, kFarBytes)).ok());
  REQUIRE(space.remove("/goes").ok());
  REQUIRE(space.empty_trash().ok());
  const std::size_t listed = (*bucket)->list("", "", 1'000).value().size();
  REQUIRE(far.store().collect({.forget = space.id()}).ok());
  REQUIRE(far.collect_past_grace().ok());
  CHECK(space.get("/stays").value() == content(1, kFarBytes));
  CHECK(far.store().check({.read_content = true})->findings.empty());
  CHECK(far.store().scrub()->findings.empty());
  CHECK(compare_listing(far.rows(), **bucket).text == "");
  CHECK((*bucket)->list("", "", 1'000).value().size() < listed);
  CHECK(count_versions(options) >= listed);
}

std::string run_model(const S3Options& options) {
  OpSource source(seed());
  std::vector<Op> steps(100);
  for (Op& step : steps) step = source.next();
  StoreOptions with;
  with.blobs = open_s3(options).value();
  with.gather_window = std::chrono::milliseconds(0);
  return run_steps(MetadataEngine::rocksdb, steps, with);
}

S3Options below(S3Options options, const char* prefix) {
  options.prefix = prefix;
  return options;
}

}  // namespace

TEST_CASE("bad day: in a bucket that keeps versions all works, and what stays there is told") {
  const S3Options options = versioned_bucket("spind-versioned", 0);
  const ProbeFinding told = row_of(below(options, "probe"), "versioning");
  CHECK(told.ok);
  CHECK(told.finding.find("what is removed stays") != std::string::npos);
  CHECK(told.advice.find("NoncurrentVersionExpiration") != std::string::npos);
  CHECK(row_of(below(options, "probe"), "object_lock").ok);
  try_blobs(below(options, "blobs"));
  try_store(below(options, "store"));
  CHECK(run_model(below(options, "model")) == "");
}

TEST_CASE("bad day: in a bucket that locks objects all works but erasing, and that is told") {
  const S3Options options = versioned_bucket("spind-locked", 1);
  for (const ProbeFinding& row : probe_s3(below(options, "probe"))) {
    CAPTURE(row.check + ": " + row.finding);
    CHECK(row.ok == (row.check != "object_lock"));
    if (row.check != "object_lock") continue;
    CHECK(row.finding.find("COMPLIANCE for 1 day") != std::string::npos);
    CHECK(row.advice.find("default retention") != std::string::npos);
  }
  try_blobs(below(options, "blobs"));
  try_store(below(options, "store"));
  CHECK(run_model(below(options, "model")) == "");
}

}  // namespace spind::test
