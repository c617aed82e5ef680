// What only a bucket has, over a real server.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "base/bytes.h"
#include "blob/s3/s3_blob_store.h"
#include "s3/ask_bucket.h"

namespace spind {
namespace {

std::string random_bytes(std::size_t size) {
  std::mt19937_64 random(test::seed());
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  return bytes;
}

bool holds(BlobStore& store, const std::string& name, const std::string& bytes) {
  const auto got = store.get(name, bytes.size());
  return got.ok() && as_text(*got) == bytes;
}

TEST_CASE("bucket: a large blob goes in parts and comes back whole and in ranges") {
  S3Options options = test::given_bucket();
  options.part_bytes = 5 << 20;
  for (const S3Payload payload : {S3Payload::automatic, S3Payload::signed_sha256, S3Payload::md5,
                                  S3Payload::crc32c, S3Payload::unsigned_}) {
    CAPTURE(static_cast<int>(payload));
    options.payload = payload;
    const test::Prefix prefix(options);
    BlobStore& store = *prefix.store();
    const std::string large = random_bytes((11 << 20) + 7);
    const Status put = store.put("large", as_bytes(large));
    CAPTURE((put.ok() ? "" : put.error().to_string()));
    REQUIRE(put.ok());
    CHECK(prefix.store()->usage().part_requests == 5);
    CHECK(holds(store, "large", large));
    std::vector<std::uint8_t> out(100'000);
    for (const std::uint64_t offset :
         {std::uint64_t{0}, std::uint64_t{5 << 20} - 50'000, std::uint64_t{11 << 20} - 10}) {
      const std::size_t expected = std::min<std::size_t>(out.size(), large.size() - offset);
      CHECK(store.range("large", offset, out).value() == expected);
      CHECK(as_text(Bytes(out).first(expected)) == large.substr(offset, expected));
    }
    REQUIRE(store.put("small", as_bytes("hello")).ok());
    CHECK(holds(store, "small", "hello"));
  }
}

TEST_CASE("bucket: what is to be new is put once") {
  const test::Prefix prefix;
  S3BlobStore& store = *prefix.store();
  CHECK(store.put_new("new", as_bytes("first")).ok());
  CHECK(store.put_new("new", as_bytes("second")).code() == Code::already_exists);
  CHECK(holds(store, "new", "first"));
}

TEST_CASE("bucket: more names than one request takes are listed and removed") {
  const test::Prefix prefix;
  S3BlobStore& store = *prefix.store();
  std::vector<std::string> names;
  for (int i = 0; i < 1'234; ++i) names.push_back("n/" + std::to_string(10'000 + i));
  std::vector<std::thread> threads;
  std::atomic<std::size_t> next = 0, failed = 0;
  for (int t = 0; t < 16; ++t) {
    threads.emplace_back([&] {
      for (std::size_t i = next++; i < names.size(); i = next++) {
        if (!store.put(names[i], as_bytes("x")).ok()) ++failed;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(failed == 0);
  const auto listed = store.list("n/", "", 10'000).value();
  REQUIRE(listed.size() == names.size());
  for (std::size_t i = 0; i < names.size(); ++i) CHECK(listed[i].name == names[i]);
  const std::uint64_t before = store.usage().removes;
  CHECK(store.remove_all(names).ok());
  CHECK(store.usage().removes == before + 2);
  CHECK(store.list("", "", 10).value().empty());
  CHECK(store.remove_all(names).ok());
}

TEST_CASE("bucket: the first form of listing gives the same") {
  S3Options options = test::given_bucket();
  options.list_v1 = true;
  const test::Prefix prefix(options);
  BlobStore& store = *prefix.store();
  for (const char* const name : {"a/1", "a/2", "a/3", "b"})
    REQUIRE(store.put(name, as_bytes(name)).ok());
  CHECK(store.list("a/", "a/1", 1).value().at(0).name == "a/2");
  CHECK(store.list("", "", 10).value().size() == 4);
}

TEST_CASE("bucket: a prefix may have characters that a name may not") {
  S3Options options = test::given_bucket();
  options.prefix += (options.prefix.empty() ? "" : "/") + std::string("Schule +&=\xc3\xbc%/x");
  const test::Prefix prefix(options);
  BlobStore& store = *prefix.store();
  REQUIRE(store.put("a/b", as_bytes("hello")).ok());
  CHECK(holds(store, "a/b", "hello"));
  CHECK(store.list("a/", "", 10).value().at(0).name == "a/b");
  std::uint8_t out[3];
  CHECK(store.range("a/b", 1, out).value() == 3);
  CHECK(prefix.store()->remove_all(std::vector<std::string>{"a/b"}).ok());
  CHECK(store.get("a/b", 10).code() == Code::not_found);
}

TEST_CASE("bucket: keys that are not known, or are others', are refused as such") {
  S3Options options = test::given_bucket();
  options.credentials = S3Credentials{.access_key = "nosuchkey", .secret_key = "nosuchsecret"};
  const auto refused = open_s3(options);
  CAPTURE(refused.error().to_string());
  CHECK(refused.code() == Code::unauthenticated);
  CHECK(refused.error().to_string().find("nosuchsecret") == std::string::npos);
  options = test::given_bucket();
  options.credentials = S3Credentials{.access_key = test::from_environment("AWS_ACCESS_KEY_ID"),
                                      .secret_key = "wrongsecret"};
  CHECK(open_s3(options).code() == Code::unauthenticated);
}

TEST_CASE("bucket: one that is not there is told as such, at open and later") {
  S3Options options = test::given_bucket();
  options.bucket = "spind-no-such-bucket-" + std::to_string(test::seed() % 1'000'000);
  const auto refused = open_s3(options);
  CHECK((refused.code() == Code::unavailable || refused.code() == Code::permission_denied));
}

// An upload of which one part was put, and which is neither completed nor aborted.
struct Begun {
  explicit Begun(const S3Options& options) : where(options) {
    const std::string xml = test::ask_bucket(where, "POST", {{"uploads", ""}}, "", {}, key());
    id = s3::parse_upload_id(xml).value();
    test::ask_bucket(where, "PUT", {{"partNumber", "1"}, {"uploadId", id}}, "bytes", {}, key());
  }
  std::string key() const { return where.prefix + "/begun"; }
  // Of one key every server tells its uploads.
  bool is_there() const {
    const std::string xml = test::ask_bucket(where, "GET", {{"uploads", ""}, {"prefix", key()}});
    return !s3::parse_unfinished_uploads(xml, key()).value().uploads.empty();
  }
  void abort() const { test::ask_bucket(where, "DELETE", {{"uploadId", id}}, "", {}, key()); }

  const S3Options where;
  std::string id;
};

TEST_CASE("bucket: parts that a process left behind are aborted by whoever owns the blobs next") {
  const test::Prefix prefix;
  S3Options beside = prefix.options();
  beside.prefix += "0";  // begins with the same letters, and is another store's
  const Begun left(prefix.options()), of_others(beside);
  CHECK(left.is_there());
  const auto again = s3::ObjectStore::open(prefix.options(), {});
  REQUIRE(again.ok());
  // A MinIO lists no uploads of a whole prefix, and aborts old ones by itself.
  const bool told = (*again)->count_leftovers().value() == 1;
  MESSAGE(std::string(told ? "what was begun is listed" : "what was begun is not listed"));
  (*again)->clear_leftovers();
  CHECK((*again)->count_leftovers().value() == 0);
  CHECK(left.is_there() == !told);
  CHECK(of_others.is_there());
  CHECK((*again)->put_in_parts("in/parts", as_bytes("hello")).ok());
  CHECK(holds(**again, "in/parts", "hello"));
  of_others.abort();
  if (!told) left.abort();
}

}  // namespace
}  // namespace spind
