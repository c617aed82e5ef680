// What the probe finds out about a real server.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "blob/s3/s3_blob_store.h"
#include "s3/bucket.h"
#include "spind/probe.h"

namespace spind {
namespace {

TEST_CASE("probe: all checks of a bucket are made, and nothing of them stays") {
  const test::Prefix prefix;
  const auto rows = probe_s3(prefix.options());
  const std::vector<std::string> checks = {
      "reach",           "list",        "put",    "get",         "range",
      "conditional_put", "parts",       "remove", "remove_many", "unfinished_uploads",
      "versioning",      "object_lock", "clock"};
  REQUIRE(rows.size() == checks.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    CAPTURE(rows[i].check + ": " + rows[i].finding);
    CHECK(rows[i].check == checks[i]);
    CHECK(!rows[i].finding.empty());
    CHECK((rows[i].ok || !rows[i].advice.empty()));
    // Not every server keeps this promise, and a given bucket may lock objects; that it is told so is
    // the point.
    const bool may_be_wrong = rows[i].check == "conditional_put" || rows[i].check == "object_lock";
    if (!may_be_wrong) CHECK(rows[i].ok);
    if (rows[i].check == "conditional_put") MESSAGE(rows[i].finding);
  }
  CHECK(prefix.store()->list("", "", 10).value().empty());
}

TEST_CASE("probe: keys that are refused are all that is told") {
  S3Options options = test::given_bucket();
  options.credentials = S3Credentials{.access_key = "nosuchkey", .secret_key = "nosuchsecret"};
  const auto rows = probe_s3(options);
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].check == "reach");
  CHECK(!rows[0].ok);
  CHECK(!rows[0].advice.empty());
}

// The last one that runs on a given bucket.
TEST_CASE("bucket: all tests that ran on it have left its prefix empty") {
  const auto bucket = s3::ObjectStore::open(test::given_bucket(), s3::World{});
  REQUIRE(bucket.ok());
  const auto left = (*bucket)->list("", "", 20);
  REQUIRE(left.ok());
  std::string text;
  for (const BlobListItem& item : *left) text += item.name + "\n";
  CHECK(text == "");
  // Not every key may ask.
  const auto begun = (*bucket)->count_leftovers();
  if (begun.ok()) CHECK(*begun == 0);
}

}  // namespace
}  // namespace spind
