// How blobs are read: in ranges, twice where it takes long, and at a rate.
#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

#include "unit/blob/s3/told_bucket.h"

namespace spind::s3 {
namespace {

HttpReply range_reply(const std::string& bytes, const std::string& range) {
  return {.status = 206, .headers = {{"Content-Range", range}}, .body = bytes};
}

TEST_CASE("s3: a range is the one that was asked for, or is asked for again") {
  std::uint8_t out[5];
  for (const HttpReply& wrong :
       {range_reply("hell", "bytes 2-5/20"), range_reply("hello", "bytes 3-7/20"),
        range_reply("hello", "nonsense"), range_reply("hello", "bytes 2-6/5"),
        range_reply("hello world", "bytes 2-12/20"), HttpReply{.status = 206, .body = "hello"},
        bytes_reply("hello world")}) {
    Bucket bucket;
    bucket.will_answer({wrong, range_reply("world", "bytes 2-6/20")});
    CHECK(bucket.store().range("a", 2, out).value() == 5);
    CHECK(as_text(out) == "world");
    CHECK(bucket.seen().size() == 2);
    CHECK(bucket.seen().at(1).headers.at("range") == "bytes=2-6");
  }
  Bucket bucket;
  bucket.will_answer({range_reply("ld", "bytes 2-3/4")});
  CHECK(bucket.store().range("a", 2, out).value() == 2);
  bucket.will_answer({error_reply(416, "InvalidRange")});
  CHECK(bucket.store().range("a", 9, out).value() == 0);
  bucket.will_answer({bytes_reply("hello world")});  // all of it, in place of a part
  CHECK(!bucket.store().range("a", 2, out).ok());
}

constexpr int kReadsKnown = 100;

S3Options with_hedges() {
  S3Options options;
  options.hedge_reads = true;
  return options;
}

// Of so many that are answered at once.
void read_many(Bucket& bucket) {
  bucket.will_answer({bytes_reply("hello")});
  for (int i = 0; i < kReadsKnown; ++i) CHECK(got(bucket) == "hello");
  CHECK(bucket.store().usage().hedges == 0);
}

TEST_CASE("s3: a small read that is slower than nearly all others is asked for again") {
  Bucket bucket(with_hedges());
  read_many(bucket);
  const HttpReply slow{.body = "hello", .drip = std::chrono::milliseconds(900)};
  bucket.will_answer({slow, bytes_reply("hello")});
  CHECK(got(bucket) == "hello");
  CHECK(bucket.store().usage().hedges == 1);
  CHECK(bucket.store().usage().retries == 0);
  CHECK(bucket.store().usage().gets == kReadsKnown + 2);
  // A part of a blob, into the caller's own buffer.
  HttpReply slow_part = range_reply("other", "bytes 2-6/20");
  slow_part.drip = std::chrono::milliseconds(900);
  bucket.will_answer({slow_part, range_reply("world", "bytes 2-6/20")});
  std::uint8_t out[5];
  CHECK(bucket.store().range("a", 2, out).value() == 5);
  CHECK(as_text(out) == "world");
  CHECK(bucket.store().usage().hedges == 2);
}

TEST_CASE("s3: a second answer that is none does not stand in for the first") {
  Bucket bucket(with_hedges());
  read_many(bucket);
  const HttpReply slow{.body = "hello", .drip = std::chrono::milliseconds(50)};
  bucket.will_answer({slow, error_reply(503, "SlowDown"), error_reply(503, "SlowDown")});
  CHECK(got(bucket) == "hello");
  CHECK(bucket.store().usage().hedges == 1);
}

TEST_CASE("s3: where all reads have become slow, few are asked for again") {
  Bucket bucket(with_hedges());
  read_many(bucket);
  bucket.will_answer({{.body = "hello", .drip = std::chrono::milliseconds(4)}});
  for (int i = 0; i < 40; ++i) CHECK(got(bucket) == "hello");
  CHECK(bucket.store().usage().hedges >= 1);
  CHECK(bucket.store().usage().hedges <= 1 + (kReadsKnown + 40) / 20);
}

// How long calls were held back, by the clock of the test.
std::int64_t held_ms(Bucket& bucket, int calls, const std::function<void()>& call) {
  const std::int64_t begin = bucket.clock().monotonic_ns();
  for (int i = 0; i < calls; ++i) call();
  return (bucket.clock().monotonic_ns() - begin) / 1'000'000;
}

TEST_CASE("s3: requests and bytes keep to their limits, and so do attempts that are made again") {
  S3Options options;
  options.limits = {.requests_a_second = 10};
  options.wait_first = options.wait_max = std::chrono::milliseconds(0);
  Bucket requests(options);
  requests.will_answer({bytes_reply("hello")});
  CHECK(held_ms(requests, 1, [&] { CHECK(got(requests) == "hello"); }) >= 0);
  CHECK(held_ms(requests, 20, [&] { CHECK(got(requests) == "hello"); }) == 2'000);
  CHECK(held_ms(requests, 1, [&] {
          requests.will_answer(
              {error_reply(503, "SlowDown"), error_reply(503, "SlowDown"), bytes_reply("hello")});
          CHECK(got(requests) == "hello");
        }) == 300);

  options.limits = {.read_bytes_a_second = 1'000, .write_bytes_a_second = 2'000};
  Bucket bytes(options);
  const std::string body(500, 'x');
  bytes.will_answer({bytes_reply(body)});
  CHECK(got(bytes) == body);
  CHECK(held_ms(bytes, 4, [&] { CHECK(got(bytes) == body); }) == 2'000);
  bytes.will_answer({{.status = 200}});
  const auto put = [&] { CHECK(bytes.store().put("a", as_bytes(body)).ok()); };
  put();
  // A tenth of a second that nobody used is made up for.
  CHECK(held_ms(bytes, 4, put) == 900);
}

// Parts one after the other, so that answers come in the order of the questions.
S3Options in_small_parts() {
  S3Options options;
  options.part_bytes = 5u << 20;
  options.parts_at_once = 1;
  return options;
}

HttpReply part_reply(const std::string& blob, std::size_t first, std::size_t size) {
  const std::string part = blob.substr(first, size);
  return range_reply(part, "bytes " + std::to_string(first) + "-" +
                               std::to_string(first + part.size() - 1) + "/" +
                               std::to_string(blob.size()));
}

TEST_CASE("s3: a large blob is read in ranges, each of them right") {
  constexpr std::size_t kPart = 5u << 20, kMany = 64u << 20;
  std::string blob(12u << 20, 'x');
  blob[kPart] = 'y';
  blob[2 * kPart] = 'z';
  Bucket bucket(in_small_parts());
  bucket.will_answer({part_reply(blob, 0, kPart), part_reply(blob, 0, kPart),
                      part_reply(blob, kPart, kPart), part_reply(blob, 2 * kPart, kPart)});
  CHECK(got(bucket, kMany) == blob);
  CHECK(bucket.seen().size() == 4);
  CHECK(bucket.seen().at(3).headers.at("range") == "bytes=10485760-12582911");
  bucket.will_answer({part_reply(blob, 0, kPart)});
  CHECK(got(bucket, blob.size() - 1) == "limit_exceeded");
  // Small ones, empty ones, and servers without ranges.
  bucket.will_answer({part_reply("hello", 0, 5)});
  CHECK(got(bucket, kMany) == "hello");
  bucket.will_answer({error_reply(416, "InvalidRange")});
  CHECK(got(bucket, kMany) == "");
  bucket.will_answer({bytes_reply("hello")});
  CHECK(got(bucket, kMany) == "hello");
  bucket.will_answer({bytes_reply(blob)});
  CHECK(got(bucket, kMany) == blob);
}

TEST_CASE("s3: ranges of a blob of another length are no blob") {
  constexpr std::size_t kPart = 5u << 20;
  const std::string blob(12u << 20, 'x'), shorter(7u << 20, 'x'), other(6u << 20, 'x');
  Bucket bucket(in_small_parts());
  bucket.will_answer({part_reply(blob, 0, kPart), part_reply(shorter, kPart, kPart),
                      error_reply(416, "InvalidRange")});
  CHECK(got(bucket, 64u << 20) == "io_error");
  std::vector<std::uint8_t> out(blob.size());
  bucket.will_answer({part_reply(blob, 0, kPart), part_reply(other, kPart, kPart),
                      part_reply(blob, 2 * kPart, kPart)});
  CHECK(bucket.store().range("a", 0, out).code() == Code::io_error);
  bucket.will_answer({part_reply(other, 0, kPart), part_reply(other, kPart, kPart),
                      error_reply(416, "InvalidRange")});
  CHECK(bucket.store().range("a", 0, out).value() == other.size());
}

}  // namespace
}  // namespace spind::s3
