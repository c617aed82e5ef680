// Callers who give up while a server takes its time.
#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "unit/blob/s3/told_bucket.h"

namespace spind::s3 {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::size_t kPartBytes = 5 << 20;
constexpr std::chrono::seconds kLongEnough{20};

// Gives up as soon as all is under way: the server has so many requests and says nothing.
class Caller {
 public:
  Caller(Bucket& bucket, std::size_t requests) : bucket_(bucket), requests_(requests) {}

  Code put(std::size_t bytes) {
    return bucket_.store()
        .put_unless("a", std::vector<std::uint8_t>(bytes, 'x'), interrupt())
        .code();
  }
  Code read(std::size_t bytes) {
    std::vector<std::uint8_t> place(bytes);
    const std::span<std::uint8_t> places[] = {place};
    return bucket_.store().scatter_unless("a", 0, places, interrupt()).code();
  }
  // Since it gave up.
  Steady::duration kept() const {
    return Steady::now() - Steady::time_point(Steady::duration(gave_up_at_.load()));
  }

 private:
  Interrupt interrupt() {
    return [this, until = Steady::now() + kLongEnough]() -> Status {
      if (bucket_.left_waiting() < requests_ && Steady::now() < until) return {};
      Steady::rep never = 0;
      gave_up_at_.compare_exchange_strong(never, Steady::now().time_since_epoch().count());
      return Error{Code::deadline_exceeded, "the test's time is over"};
    };
  }

  Bucket& bucket_;
  const std::size_t requests_;
  std::atomic<Steady::rep> gave_up_at_ = 0;
};

// The server sees the connections end: nothing is under way any more.
bool ends(const Bucket& bucket, std::size_t connections) {
  const auto until = Steady::now() + kLongEnough;
  while (bucket.hung_up() < connections && Steady::now() < until) std::this_thread::yield();
  return bucket.hung_up() >= connections;
}

struct Asked {
  std::string what;
  std::function<Code(Caller&)> call;
  std::vector<HttpReply> before;  // what the server says first
  std::size_t connections;
};

}  // namespace

TEST_CASE("s3: who gives up is not kept by a server that says nothing, and the transfer ends") {
  const HttpReply begun{
      .body =
          "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>"};
  const Asked all[] = {
      {"put", [](Caller& caller) { return caller.put(1000); }, {}, 1},
      {"put in parts", [](Caller& caller) { return caller.put(3 * kPartBytes); }, {begun}, 3},
      {"range", [](Caller& caller) { return caller.read(1000); }, {}, 1},
      {"ranges at once", [](Caller& caller) { return caller.read(3 * kPartBytes); }, {}, 3},
      {"size", [](Caller& caller) { return caller.read(0); }, {}, 1}};
  for (const bool hedge : {false, true})
    for (const Asked& one : all) {
      CAPTURE(one.what);
      S3Options options;
      options.part_bytes = kPartBytes;
      options.hedge_reads = hedge;
      options.stall_timeout = std::chrono::seconds(60);
      Bucket bucket(options);
      std::vector<HttpReply> replies = one.before;
      replies.push_back({.silent = true});
      bucket.will_answer(replies);
      Caller caller(bucket, one.connections);
      CHECK(one.call(caller) == Code::deadline_exceeded);
      // Half a second more for the abort of what was put in parts.
      CHECK(caller.kept() < std::chrono::milliseconds(1500));
      CHECK(ends(bucket, one.connections));
      bucket.will_answer({bytes_reply("hello")});
      CHECK(got(bucket) == "hello");
    }
}

TEST_CASE("s3: who gives up is not kept by what a server wants to be waited") {
  Bucket bucket;
  bucket.will_answer({{.status = 503, .headers = {{"Retry-After", "100"}}}, bytes_reply("hello")});
  int asked = 0;
  const Interrupt interrupt = [&]() -> Status {
    if (++asked < 50) return {};
    return Error{Code::cancelled, "the test gives up"};
  };
  const std::int64_t begin = bucket.clock().monotonic_ns();
  CHECK(bucket.store().put_unless("a", as_bytes("hello"), interrupt).code() == Code::cancelled);
  CHECK(bucket.clock().monotonic_ns() - begin < 2 * kSecond);
  CHECK(bucket.seen().size() == 1);
}

TEST_CASE("s3: who gives up before it begins sends nothing") {
  Bucket bucket;
  bucket.will_answer({bytes_reply("hello")});
  const Interrupt never = []() -> Status { return Error{Code::cancelled, "before it begins"}; };
  CHECK(bucket.store().put_unless("a", as_bytes("hello"), never).code() == Code::cancelled);
  CHECK(bucket.seen().empty());
}

}  // namespace spind::s3
