// Callers who give up while a server takes its time.
#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <thread>

#include "unit/blob/s3/told_bucket.h"

namespace spind::s3 {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kPatience{200};
constexpr std::size_t kPartBytes = 5 << 20;

Interrupt impatient() {
  return [until = Steady::now() + kPatience]() -> Status {
    if (Steady::now() < until) return {};
    return Error{Code::deadline_exceeded, "the test's time is over"};
  };
}

Code put_so_many(ObjectStore& store, std::size_t bytes) {
  return store.put_unless("a", std::vector<std::uint8_t>(bytes, 'x'), impatient()).code();
}

Code read_so_many(ObjectStore& store, std::size_t bytes) {
  std::vector<std::uint8_t> place(bytes);
  const std::span<std::uint8_t> places[] = {place};
  return store.scatter_unless("a", 0, places, impatient()).code();
}

// The server sees the connections end: nothing is under way any more.
bool ends(const Bucket& bucket, std::size_t connections) {
  const auto until = Steady::now() + std::chrono::seconds(20);
  while (bucket.hung_up() < connections && Steady::now() < until) std::this_thread::yield();
  return bucket.hung_up() >= connections;
}

struct Asked {
  const char* what;
  std::function<Code(ObjectStore&)> call;
  std::vector<HttpReply> before;  // what the server says first
  std::size_t connections;
};

}  // namespace

TEST_CASE("s3: who gives up is not kept by a server that says nothing, and the transfer ends") {
  const HttpReply begun{
      .body =
          "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>"};
  const Asked all[] = {
      {"put", [](ObjectStore& store) { return put_so_many(store, 1000); }, {}, 1},
      {"put in parts",
       [](ObjectStore& store) { return put_so_many(store, 3 * kPartBytes); },
       {begun},
       3},
      {"range", [](ObjectStore& store) { return read_so_many(store, 1000); }, {}, 1},
      {"ranges at once",
       [](ObjectStore& store) { return read_so_many(store, 3 * kPartBytes); },
       {},
       3},
      {"size", [](ObjectStore& store) { return read_so_many(store, 0); }, {}, 1}};
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
      const auto begin = Steady::now();
      CHECK(one.call(bucket.store()) == Code::deadline_exceeded);
      // Half a second more for the abort of what was put in parts.
      CHECK(Steady::now() - begin < kPatience + std::chrono::milliseconds(1000));
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
