// How it is found out whether a bucket lets one of several creates of one name win.
#include "blob/s3/create_races.h"

#include <doctest/doctest.h>

#include <string>

#include "unit/blob/s3/imitated_bucket.h"

namespace spind::s3 {
namespace {

// In buckets that must not keep anything of it.
bool creates_are_atomic(const Spoiler& spoiler = {}) {
  ImitatedBucket bucket(spoiler);
  const bool atomic =
      ObjectStore::open(bucket.options(), World{}).value()->creates_are_atomic().value();
  CHECK(bucket.blobs() == 0);
  return atomic;
}

TEST_CASE("s3: whether one of several creates wins is found out, and nothing of it stays") {
  CHECK(creates_are_atomic());
  CHECK(!creates_are_atomic(blind_creates));
  CHECK(!creates_are_atomic([](const HttpRequestSeen& request, const Rightly& rightly) {
    return request.method == "PUT" ? error_reply(501, "NotImplemented") : rightly(request);
  }));
}

TEST_CASE("s3: where nobody answers it is not known whether one create wins") {
  Bucket bucket;
  bucket.will_answer({error_reply(403, "AccountProblem")});
  CHECK(bucket.store().creates_are_atomic().code() == Code::permission_denied);
}

}  // namespace
}  // namespace spind::s3
