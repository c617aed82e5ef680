// How many connections a bucket sees.
#include <doctest/doctest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "unit/blob/s3/told_bucket.h"

namespace spind::s3 {
namespace {

constexpr std::size_t kConnections = 3, kThreads = 8;
constexpr int kReadsAThread = 10;

std::size_t wrong_reads_at_once(Bucket& bucket) {
  std::atomic<std::size_t> wrong = 0;
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kReadsAThread; ++i)
        if (got(bucket) != "hello") ++wrong;
    });
  }
  for (std::thread& thread : threads) thread.join();
  return wrong;
}

S3Options with_few_connections() {
  S3Options options;
  options.connections_max = kConnections;
  return options;
}

TEST_CASE("s3: a connection is kept for the next request") {
  Bucket bucket;
  bucket.will_answer({bytes_reply("hello")});
  for (int i = 0; i < 100; ++i) CHECK(got(bucket) == "hello");
  bucket.will_answer({{.status = 200}});
  for (int i = 0; i < 10; ++i) CHECK(bucket.store().put("a", as_bytes("hello")).ok());
  CHECK(bucket.connections() == 1);
}

TEST_CASE("s3: many requests at once share as many connections as there may be") {
  Bucket bucket(with_few_connections());
  bucket.will_answer({{.body = "hello", .drip = std::chrono::milliseconds(1)}});
  CHECK(wrong_reads_at_once(bucket) == 0);
  CHECK(bucket.connections() > 1);
  CHECK(bucket.connections() <= kConnections);
}

TEST_CASE("s3: a connection that the server has ended is replaced by another one") {
  Bucket bucket;
  bucket.will_answer({{.body = "hello", .without_length = true}, bytes_reply("hello")});
  CHECK(got(bucket) == "hello");  // an answer without a length is asked for again
  CHECK(bucket.seen().size() == 2);
  CHECK(bucket.connections() == 2);
}

}  // namespace
}  // namespace spind::s3
