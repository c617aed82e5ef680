// A bucket that answers as it is told.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "blob/s3/s3_blob_store.h"
#include "support/http/http_server.h"
#include "support/store/test_clock.h"
#include "unit/blob/layer/driven_time.h"

namespace spind::s3 {

using test::HttpReply;
using test::HttpRequestSeen;
using test::HttpServer;

inline constexpr std::string_view kEmptyListing =
    "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>";
inline constexpr std::string_view kNoUploads =
    "<ListMultipartUploadsResult><IsTruncated>false</IsTruncated></ListMultipartUploadsResult>";
inline constexpr std::int64_t kSecond = 1'000'000'000;

inline HttpReply error_reply(int status, const std::string& code) {
  return {.status = status, .body = "<Error><Code>" + code + "</Code></Error>"};
}

// A server of a bucket that is empty to who opens it, and then answers each request by the next
// reply of a list, or by the last one for ever.
class Bucket {
 public:
  explicit Bucket(S3Options options = {}) { open(std::move(options)); }

  void will_answer(std::vector<HttpReply> replies) {
    const std::lock_guard lock(mutex_);
    replies_ = std::move(replies);
    next_ = 0;
  }
  // The requests since the store was opened.
  std::vector<HttpRequestSeen> seen() const {
    std::vector<HttpRequestSeen> all = server_.seen();
    all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(before_));
    return all;
  }
  // That were made, opening the store included.
  std::size_t connections() const { return server_.connections(); }
  // Requests that the server says nothing to; and connections that were ended by us then.
  std::size_t left_waiting() const { return server_.left_waiting(); }
  std::size_t hung_up() const { return server_.hung_up(); }
  ObjectStore& store() { return *store_; }
  test::TestClock& clock() { return clock_; }
  test::DrivenPause& pause() { return pause_; }

 private:
  void open(S3Options options) {
    options.endpoint = server_.url();
    // libcurl itself finds every host below it.
    if (options.path_style == false)
      options.endpoint.replace(options.endpoint.find("127.0.0.1"), 9, "localhost");
    options.bucket = "bucket";
    options.prefix = "p";
    if (!options.credentials && !options.credentials_source)
      options.credentials = S3Credentials{.access_key = "ACCESS", .secret_key = "SECRET"};
    if (options.stall_timeout == S3Options().stall_timeout)
      options.stall_timeout = std::chrono::seconds(1);
    will_answer({{.body = std::string(kEmptyListing)}, {.body = std::string(kNoUploads)}});
    store_ = ObjectStore::open(options, world_).value();
    before_ = server_.seen().size();
  }

  std::mutex mutex_;
  std::vector<HttpReply> replies_;
  std::size_t next_ = 0, before_ = 0;
  test::TestClock clock_;
  test::DrivenPause pause_{clock_};
  World world_{.clock = clock_, .pause = pause_};
  HttpServer server_{[this](const HttpRequestSeen& request) {
    const std::lock_guard lock(mutex_);
    HttpReply reply = replies_.at(std::min(next_++, replies_.size() - 1));
    if (request.method == "PUT" && reply.status == 200 && reply.headers.empty())
      reply.headers.emplace_back("ETag", "\"e\"");
    return reply;
  }};
  std::shared_ptr<ObjectStore> store_;
};

inline HttpReply bytes_reply(const std::string& bytes) { return {.body = bytes}; }

inline std::string got(Bucket& bucket, std::uint64_t size_max = 1000) {
  const auto bytes = bucket.store().get("a", size_max);
  return bytes.ok() ? std::string(as_text(*bytes)) : std::string(code_name(bytes.code()));
}

}  // namespace spind::s3
