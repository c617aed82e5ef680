// What the store does about what servers and networks do, over a server that answers as it is told.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "support/harness.h"
#include "unit/blob/s3/told_bucket.h"

namespace spind::s3 {
namespace {

TEST_CASE("s3: what passes is tried again, and the answer is then the right one") {
  const std::vector<HttpReply> passing = {
      error_reply(500, "InternalError"),
      error_reply(503, "SlowDown"),
      {.status = 502, .body = "<html>bad gateway</html>"},
      error_reply(429, "TooManyRequests"),
      error_reply(400, "RequestTimeout"),
      {.body = "hello", .cut_after = 10},  // in the headers
      {.body = "hello", .cut_after = 10, .reset = true},
      {.body = "hello", .cut_after = 45},  // in the body
      {.body = "hello", .length_added = 3, .cut_after = 1000},
      {.body = "hello", .without_length = true},
      {.body = std::string(2'000, 'x'), .without_length = true},
      {.body = "hello", .drip = std::chrono::milliseconds(700)}};
  for (std::size_t i = 0; i < passing.size(); ++i) {
    CAPTURE(i);
    Bucket bucket;
    bucket.will_answer({passing[i], bytes_reply("hello")});
    CHECK(got(bucket) == "hello");
    CHECK(bucket.seen().size() == 2);
    // libcurl itself repeats what got no whole line of an answer.
    CHECK(bucket.store().usage().retries == (passing[i].cut_after == 10 ? 0 : 1));
  }
}

TEST_CASE("s3: what does not pass is told at once, and as what it is") {
  const std::vector<std::pair<HttpReply, Code>> lasting = {
      {error_reply(404, "NoSuchKey"), Code::not_found},
      {error_reply(404, "NoSuchBucket"), Code::unavailable},
      {{.status = 404, .body = "<html>no such page</html>"}, Code::io_error},
      {{.status = 404}, Code::io_error},
      {error_reply(403, "AccountProblem"), Code::permission_denied},
      {error_reply(403, "InvalidAccessKeyId"), Code::unauthenticated},
      {error_reply(403, "SignatureDoesNotMatch"), Code::unauthenticated},
      {error_reply(507, "XMinioStorageFull"), Code::no_space},
      {error_reply(501, "NotImplemented"), Code::unsupported},
      {{.status = 301, .headers = {{"location", "http://127.0.0.1:1/"}}}, Code::io_error},
      {error_reply(301, "PermanentRedirect"), Code::invalid_argument}};
  for (const auto& one : lasting) {
    CAPTURE(one.first.body);
    Bucket bucket;
    bucket.will_answer({one.first});
    const auto refused = bucket.store().get("a", 10);
    CHECK(refused.code() == one.second);
    CHECK(bucket.seen().size() == 1);
    CHECK(refused.error().to_string().find("SECRET") == std::string::npos);
  }
}

TEST_CASE("s3: the bucket is in the path, or in the host's name") {
  for (const bool in_path : {true, false}) {
    Bucket bucket({.path_style = in_path});
    bucket.will_answer({bytes_reply("hello")});
    CHECK(got(bucket) == "hello");
    const HttpRequestSeen seen = bucket.seen().at(0);
    CHECK(seen.target == (in_path ? "/bucket/p/a" : "/p/a"));
    const std::string host = seen.headers.at("host");
    CHECK(host.substr(0, host.find(':')) == (in_path ? "127.0.0.1" : "bucket.localhost"));
  }
}

TEST_CASE("s3: the checksum of a put is a header that is signed, and never a trailer") {
  for (const S3Payload payload :
       {S3Payload::crc32c, S3Payload::md5, S3Payload::signed_sha256, S3Payload::unsigned_}) {
    Bucket bucket({.payload = payload});
    bucket.will_answer({{}});
    REQUIRE(bucket.store().put("a", as_bytes("123456789")).ok());
    auto headers = bucket.seen().at(0).headers;
    const bool is_signed = payload == S3Payload::signed_sha256;
    CHECK((headers["x-amz-content-sha256"] == "UNSIGNED-PAYLOAD") == !is_signed);
    CHECK(headers["x-amz-checksum-crc32c"] == (payload == S3Payload::crc32c ? "4waSgw==" : ""));
    CHECK(headers.contains("content-md5") == (payload == S3Payload::md5));
    const std::string names = ";" + headers["authorization"];
    if (payload == S3Payload::crc32c) CHECK(names.find(";x-amz-checksum-crc32c;") != names.npos);
    if (payload == S3Payload::md5) CHECK(names.find("=content-md5;") != names.npos);
    CHECK_FALSE(headers.contains("x-amz-trailer"));
    CHECK_FALSE(headers.contains("transfer-encoding"));
    CHECK(headers["content-length"] == "9");
  }
}

TEST_CASE("s3: a put that nobody names what was stored for is none") {
  Bucket bucket;
  bucket.will_answer({{.status = 204}, {.status = 200}});
  CHECK(bucket.store().put("a", as_bytes("hello")).ok());
  CHECK(bucket.seen().size() == 2);
  bucket.will_answer({{.status = 204}});
  CHECK(bucket.store().put("a", as_bytes("hello")).code() == Code::io_error);
}

TEST_CASE("s3: an answer about names that were not asked for removes none of them") {
  Bucket bucket;
  bucket.will_answer(
      {bytes_reply("<DeleteResult><Error><Key>p/o/5</Key><Code>InternalError</Code>"
                   "</Error></DeleteResult>")});
  CHECK(!bucket.store().remove_all(std::vector<std::string>{"a", "b"}).ok());
  for (const HttpRequestSeen& request : bucket.seen()) CHECK(request.method == "POST");
}

// MinIO denies a put while another request removes the last blob beside it.
TEST_CASE("s3: a right that is missing is asked for three times in all") {
  Bucket bucket;
  const HttpReply denied = error_reply(403, "AccessDenied");
  bucket.will_answer({denied, denied, {.status = 200}});
  CHECK(bucket.store().put("a", as_bytes("hello")).ok());
  CHECK(bucket.seen().size() == 3);
  bucket.will_answer({denied, denied, denied});
  CHECK(bucket.store().put("a", as_bytes("hello")).code() == Code::permission_denied);
  CHECK(bucket.seen().size() == 6);
}

TEST_CASE(
    "s3: an answer that is too large is not held, and a blob over its limit is told as such") {
  Bucket bucket;
  bucket.will_answer({bytes_reply(std::string(1001, 'x'))});
  const auto refused = bucket.store().get("a", 1000);
  CHECK(refused.code() == Code::limit_exceeded);
  CHECK(refused.error().limit == 1000);
  CHECK(refused.error().used == 1001);
  CHECK(bucket.seen().size() == 1);
}

TEST_CASE("s3: an outage ends attempts by their number and draws from one budget") {
  Bucket bucket({.attempts_max = 4, .retry_budget_a_request = 0, .retry_reserve_max = 5});
  bucket.will_answer({error_reply(503, "SlowDown")});
  CHECK(got(bucket) == "unavailable");
  CHECK(bucket.seen().size() == 4);
  CHECK(bucket.pause().waits().size() <= 3);
  std::size_t before = 4;
  for (int i = 0; i < 5; ++i) CHECK(got(bucket) == "unavailable");
  // Two retries were left; waiting has put in a little.
  before = bucket.seen().size();
  CHECK(before >= 4 + 5 + 2);
  CHECK(before <= 4 + 5 + 2 + 3);
}

TEST_CASE("s3: what the server asks to wait is waited") {
  Bucket bucket;
  HttpReply busy = error_reply(503, "SlowDown");
  busy.headers.emplace_back("Retry-After", "7");
  bucket.will_answer({busy, bytes_reply("hello")});
  CHECK(got(bucket) == "hello");
  const auto waits = bucket.pause().waits();
  REQUIRE(waits.size() == 1);
  CHECK(waits[0] >= 7 * kSecond);
  CHECK(waits[0] <= 7 * kSecond + kSecond / 10);
}

TEST_CASE("s3: a clock that is off is learnt from the answer") {
  Bucket bucket;
  HttpReply skewed = error_reply(403, "RequestTimeTooSkewed");
  skewed.headers.emplace_back("Date", "Fri, 24 May 2013 00:00:00 GMT");
  bucket.will_answer({skewed, bytes_reply("hello")});
  CHECK(got(bucket) == "hello");
  CHECK(bucket.pause().waits().empty());
  CHECK(bucket.seen().at(1).headers.at("x-amz-date").starts_with("20130524T00000"));
  CHECK(bucket.store().usage().clock_skew_ms < -1'000);
  bucket.will_answer({skewed});
  CHECK(got(bucket) == "unavailable");
  CHECK(bucket.seen().size() == 2 + 2);
}

TEST_CASE("s3: keys that have expired are asked for again, once") {
  int asked = 0;
  S3Options options;
  options.credentials_source = [&asked]() -> Result<S3Credentials> {
    ++asked;
    return S3Credentials{.access_key = "KEY" + std::to_string(asked),
                         .secret_key = "SECRET",
                         .session_token = "TOKEN" + std::to_string(asked)};
  };
  Bucket bucket(options);
  CHECK(asked == 1);
  bucket.will_answer({error_reply(400, "ExpiredToken"), bytes_reply("hello")});
  CHECK(got(bucket) == "hello");
  CHECK(asked == 2);
  CHECK(bucket.seen().at(1).headers.at("x-amz-security-token") == "TOKEN2");
  CHECK(bucket.seen().at(1).headers.at("authorization").find("KEY2/") != std::string::npos);
  bucket.will_answer({error_reply(400, "ExpiredToken")});
  CHECK(got(bucket) == "unauthenticated");
  CHECK(bucket.seen().size() == 2 + 2);
}

TEST_CASE("s3: keys that are about to expire are renewed before they do") {
  int asked = 0;
  test::TestClock now;
  const std::int64_t expires = now.wall_ns() / kSecond + 1000;
  S3Options options;
  options.credentials_source = [&asked, expires]() -> Result<S3Credentials> {
    ++asked;
    return S3Credentials{
        .access_key = "KEY", .secret_key = "SECRET", .expires_at_seconds = expires + 1000 * asked};
  };
  Bucket bucket(options);
  bucket.will_answer({bytes_reply("hello")});
  CHECK(got(bucket) == "hello");
  CHECK(asked == 1);
  bucket.clock().advance(1800 * kSecond);
  CHECK(got(bucket) == "hello");
  CHECK(asked == 2);
}

TEST_CASE("s3: a listing that is cut or out of order is asked for again") {
  const std::string good =
      "<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>p/a</Key><Size>1</Size>"
      "</Contents><Contents><Key>p/not a name</Key><Size>1</Size></Contents></ListBucketResult>";
  for (const std::string& wrong :
       {good.substr(0, 70), std::string("<html></html>"), std::string(),
        std::string(
            "<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>q</Key><Size>1"
            "</Size></Contents></ListBucketResult>")}) {
    Bucket bucket;
    bucket.will_answer({bytes_reply(wrong), bytes_reply(good)});
    const auto items = bucket.store().list("", "", 10);
    REQUIRE(items.ok());
    CHECK(items->size() == 1);
    CHECK(items->at(0).name == "a");
    CHECK(bucket.seen().size() == 2);
  }
}

TEST_CASE("s3: a put goes to its key, with what its options say") {
  S3Options options;
  options.storage_class = "STANDARD_IA";
  options.encryption = "AES256";
  options.requester_pays = true;
  Bucket bucket(options);
  bucket.will_answer({{}});
  REQUIRE(bucket.store().put("a/b", as_bytes("hello")).ok());
  const HttpRequestSeen put = bucket.seen().at(0);
  CHECK(put.method == "PUT");
  CHECK(put.target == "/bucket/p/a/b");
  CHECK(put.body == "hello");
  CHECK(put.headers.at("x-amz-storage-class") == "STANDARD_IA");
  CHECK(put.headers.at("x-amz-server-side-encryption") == "AES256");
  CHECK(put.headers.at("x-amz-request-payer") == "requester");
  CHECK(put.headers.at("x-amz-content-sha256") ==
        "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
  CHECK(put.headers.count("expect") == 0);
}

TEST_CASE("s3: a put that was done though its answer was lost is simply done again") {
  Bucket bucket;
  bucket.will_answer({{.cut_after = 0, .reset = true}, {}});
  CHECK(bucket.store().put("a", as_bytes("hello")).ok());
  CHECK(bucket.seen().at(1).body == "hello");
}

TEST_CASE("s3: a put of what is to be new knows its own lost attempt from another's blob") {
  Bucket bucket;
  bucket.will_answer({error_reply(412, "PreconditionFailed")});
  CHECK(bucket.store().put_new("a", as_bytes("mine")).code() == Code::already_exists);
  CHECK(bucket.seen().at(0).headers.at("if-none-match") == "*");
  bucket.will_answer({{.cut_after = 0, .reset = true},
                      error_reply(412, "PreconditionFailed"),
                      bytes_reply("mine")});
  CHECK(bucket.store().put_new("a", as_bytes("mine")).ok());
  bucket.will_answer({{.cut_after = 0, .reset = true},
                      error_reply(412, "PreconditionFailed"),
                      bytes_reply("others")});
  CHECK(bucket.store().put_new("a", as_bytes("mine")).code() == Code::already_exists);
}

TEST_CASE("s3: what a removal of several left is removed one by one") {
  Bucket bucket;
  bucket.will_answer(
      {bytes_reply("<DeleteResult><Error><Key>p/b</Key><Code>InternalError</Code></Error>"
                   "<Error><Key>p/c</Key><Code>NoSuchKey</Code></Error></DeleteResult>"),
       {.status = 204}});
  const std::vector<std::string> names = {"a", "b", "c"};
  CHECK(bucket.store().remove_all(names).ok());
  REQUIRE(bucket.seen().size() == 2);
  CHECK(bucket.seen().at(0).target == "/bucket?delete=");
  CHECK(bucket.seen().at(0).headers.count("content-md5") == 1);
  CHECK(bucket.seen().at(1).target == "/bucket/p/b");
  bucket.will_answer(
      {bytes_reply("<DeleteResult><Error><Key>other</Key><Code>X</Code></Error></DeleteResult>")});
  CHECK(!bucket.store().remove_all(names).ok());
}

std::string begun() {
  return "<InitiateMultipartUploadResult><UploadId>id</UploadId></InitiateMultipartUploadResult>";
}
HttpReply part_done() { return {.headers = {{"ETag", "\"e\""}}}; }
HttpReply completed() { return {.body = "<CompleteMultipartUploadResult/>"}; }

TEST_CASE("s3: a large put goes in parts, and one that fails is aborted") {
  S3Options options;
  options.part_bytes = 5 << 20;
  options.parts_at_once = 1;  // so that the answers are given in order
  const std::string large(11 << 20, 'x');
  {
    Bucket bucket(options);
    bucket.will_answer({bytes_reply(begun()), part_done(), part_done(), part_done(), completed()});
    CHECK(bucket.store().put("a", as_bytes(large)).ok());
    const auto seen = bucket.seen();
    REQUIRE(seen.size() == 5);
    CHECK(seen[3].target == "/bucket/p/a?partNumber=3&uploadId=id");
    CHECK(seen[3].body.size() == 1 << 20);
    CHECK(seen[4].body.find("<PartNumber>3</PartNumber><ETag>&quot;e&quot;</ETag>") !=
          std::string::npos);
  }
  Bucket bucket(options);
  bucket.will_answer(
      {bytes_reply(begun()), part_done(), error_reply(403, "AccountProblem"), {.status = 204}});
  CHECK(bucket.store().put("a", as_bytes(large)).code() == Code::permission_denied);
  const auto seen = bucket.seen();
  REQUIRE(seen.size() == 4);  // the third part was not tried any more
  CHECK(seen[3].method == "DELETE");
  CHECK(seen[3].target == "/bucket/p/a?uploadId=id");
}

TEST_CASE("s3: a put in parts is not done before its completion says so") {
  Bucket bucket;
  bucket.will_answer(
      {bytes_reply(begun()), part_done(), error_reply(200, "InternalError"), completed()});
  CHECK(bucket.store().put_in_parts("a", as_bytes("hello")).ok());
  CHECK(bucket.seen().size() == 4);
  // It was completed by an attempt whose answer was lost.
  bucket.will_answer({bytes_reply(begun()),
                      part_done(),
                      {.cut_after = 0, .reset = true},
                      error_reply(404, "NoSuchUpload"),
                      bytes_reply("hello")});
  CHECK(bucket.store().put_in_parts("a", as_bytes("hello")).ok());
  // What is there is another blob.
  bucket.will_answer({bytes_reply(begun()),
                      part_done(),
                      {.cut_after = 0, .reset = true},
                      error_reply(404, "NoSuchUpload"),
                      bytes_reply("other blob")});
  CHECK(!bucket.store().put_in_parts("a", as_bytes("hello")).ok());
}

TEST_CASE("s3: what an earlier process left of puts in parts is aborted") {
  Bucket bucket;
  bucket.will_answer(
      {bytes_reply("<ListMultipartUploadsResult><IsTruncated>true</IsTruncated>"
                   "<NextKeyMarker>p/a</NextKeyMarker><Upload><Key>p/a</Key><UploadId>1</UploadId>"
                   "</Upload></ListMultipartUploadsResult>"),
       {.status = 204},
       bytes_reply("<ListMultipartUploadsResult><IsTruncated>false</IsTruncated><Upload><Key>p/b"
                   "</Key><UploadId>2</UploadId></Upload></ListMultipartUploadsResult>"),
       {.status = 204}});
  CHECK(bucket.seen().empty());
  bucket.store().clear_leftovers();
  CHECK(bucket.seen().at(3).target == "/bucket/p/b?uploadId=2");
  Bucket of_others({.abort_leftovers = false});
  of_others.store().clear_leftovers();
  CHECK(of_others.seen().empty());
}

TEST_CASE("s3: opening says what is missing") {
  S3Options options;
  options.bucket = "bucket";
  options.credentials_file = "/no/such/file";
  const auto no_keys = open_s3(options);
  CHECK(no_keys.code() == Code::unauthenticated);
  CHECK(no_keys.error().path == "/no/such/file");
  options.credentials = S3Credentials{.access_key = "A", .secret_key = "S"};
  options.endpoint = "localhost";
  CHECK(open_s3(options).code() == Code::invalid_argument);
  options.endpoint = "https://localhost";
  options.tls_ca_file = "/no/such/file";
  CHECK(open_s3(options).code() == Code::not_found);
  options.tls_ca_file = "";
  options.storage_class = "A\r\nx-amz-acl: public-read";
  CHECK(open_s3(options).code() == Code::invalid_argument);
  options.storage_class = "";
  options.part_bytes = 1;
  CHECK(open_s3(options).code() == Code::invalid_argument);
}

TEST_CASE("s3: where nobody answers, opening says so") {
  S3Options options;
  options.bucket = "bucket";
  options.credentials = S3Credentials{.access_key = "A", .secret_key = "S"};
  {
    const HttpServer gone([](const HttpRequestSeen&) { return HttpReply{}; });
    options.endpoint = gone.url();
  }
  options.attempts_max = 2;
  options.wait_first = std::chrono::milliseconds(0);
  const auto refused = open_s3(options);
  CHECK(refused.code() == Code::unavailable);
}

TEST_CASE("s3: requests are counted by kind and outcome") {
  Bucket bucket;
  bucket.will_answer({error_reply(500, "InternalError"), bytes_reply("hello")});
  CHECK(got(bucket) == "hello");
  const S3Usage usage = bucket.store().usage();
  CHECK(usage.gets == 2);
  CHECK(usage.failures == 1);
  CHECK(usage.lists == 1);  // when it was opened
  const std::string text = bucket.store().metrics();
  CHECK(text.find("spind_s3_requests_total{request=\"get\",outcome=\"ok\"} 1\n") !=
        std::string::npos);
  CHECK(text.find("spind_s3_requests_total{request=\"get\",outcome=\"failed\"} 1\n") !=
        std::string::npos);
  CHECK(bucket.store().metrics_text() == text);
}

}  // namespace
}  // namespace spind::s3
