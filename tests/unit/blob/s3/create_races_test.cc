// How it is found out whether a bucket lets one of several creates of one name win.
#include "blob/s3/create_races.h"

#include <doctest/doctest.h>

#include <map>
#include <mutex>

#include "base/bytes.h"
#include "unit/blob/s3/told_bucket.h"

namespace spind::s3 {
namespace {

enum class Creates { atomic, blind, unknown };

// A bucket in memory. Blind: it does not see that a blob is there already.
class RacingBucket {
 public:
  explicit RacingBucket(Creates creates) : creates_(creates) {
    S3Options options;
    options.endpoint = server_.url();
    options.bucket = "bucket";
    options.credentials = S3Credentials{.access_key = "ACCESS", .secret_key = "SECRET"};
    store_ = ObjectStore::open(options, World{}).value();
  }
  ObjectStore& store() { return *store_; }
  std::size_t blobs() {
    const std::lock_guard lock(mutex_);
    return blobs_.size();
  }

 private:
  HttpReply answer(const HttpRequestSeen& request) {
    const std::lock_guard lock(mutex_);
    if (request.method == "POST") {
      blobs_.clear();
      return {.body = "<DeleteResult></DeleteResult>"};
    }
    if (request.method == "PUT") return put(request);
    const auto found = blobs_.find(request.target);
    if (found == blobs_.end()) return {.body = std::string(kEmptyListing)};
    return {.body = found->second};
  }
  HttpReply put(const HttpRequestSeen& request) {
    if (creates_ == Creates::unknown) return error_reply(501, "NotImplemented");
    if (creates_ == Creates::atomic && blobs_.contains(request.target))
      return error_reply(412, "PreconditionFailed");
    blobs_[request.target] = request.body;
    return {.headers = {{"ETag", "\"e\""}}};
  }

  const Creates creates_;
  std::mutex mutex_;
  std::map<std::string, std::string> blobs_;
  HttpServer server_{[this](const HttpRequestSeen& request) { return answer(request); }};
  std::shared_ptr<ObjectStore> store_;
};

TEST_CASE("s3: whether one of several creates wins is found out, and nothing of it stays") {
  RacingBucket atomic(Creates::atomic);
  CHECK(atomic.store().creates_are_atomic().value());
  CHECK(atomic.blobs() == 0);
  RacingBucket blind(Creates::blind);
  CHECK(!blind.store().creates_are_atomic().value());
  CHECK(blind.blobs() == 0);
  RacingBucket unknown(Creates::unknown);
  CHECK(!unknown.store().creates_are_atomic().value());
}

TEST_CASE("s3: where nobody answers it is not known whether one create wins") {
  Bucket bucket;
  bucket.will_answer({error_reply(403, "AccountProblem")});
  CHECK(bucket.store().creates_are_atomic().code() == Code::permission_denied);
}

}  // namespace
}  // namespace spind::s3
