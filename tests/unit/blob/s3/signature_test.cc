#include "blob/s3/signature.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "base/hash.h"
#include "base/hex.h"
#include "blob/s3/crc32c.h"

namespace spind::s3 {
namespace {

std::string signature_in(const std::string& authorization) {
  return authorization.substr(authorization.rfind('=') + 1);
}
std::string empty_hash() { return to_hex(sha256(Bytes())); }

constexpr std::int64_t kSuiteTime = 1'440'938'160;  // 2015-08-30T12:36:00Z
constexpr std::int64_t kS3Time = 1'369'353'600;     // 2013-05-24T00:00:00Z

// AWS's Signature Version 4 test suite.
std::string sign_as_suite(std::string_view method, const Query& query, Headers headers) {
  headers.emplace_back("host", "example.amazonaws.com");
  headers.emplace_back("x-amz-date", "20150830T123600Z");
  return signature_in(authorization(
      {.method = method,
       .path = "/",
       .query = query,
       .headers = headers,
       .payload_hash = empty_hash(),
       .time_seconds = kSuiteTime,
       .region = "us-east-1",
       .service = "service"},
      {.access_key = "AKIDEXAMPLE", .secret_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}));
}

TEST_CASE("s3 signature: the published suite's requests are signed as it says") {
  CHECK(sign_as_suite("GET", {}, {}) ==
        "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
  CHECK(sign_as_suite("POST", {}, {}) ==
        "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b");
  CHECK(sign_as_suite("GET", {{"Param2", "value2"}, {"Param1", "value1"}}, {}) ==
        "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500");
}

// "Signature Calculations for the Authorization Header", Amazon S3 API reference.
std::string sign_as_s3(std::string_view method, std::string_view path, const Query& query,
                       Headers headers, const std::string& payload_hash) {
  headers.emplace_back("host", "examplebucket.s3.amazonaws.com");
  headers.emplace_back("x-amz-content-sha256", payload_hash);
  headers.emplace_back("x-amz-date", "20130524T000000Z");
  return signature_in(authorization({.method = method,
                                     .path = path,
                                     .query = query,
                                     .headers = headers,
                                     .payload_hash = payload_hash,
                                     .time_seconds = kS3Time,
                                     .region = "us-east-1"},
                                    {.access_key = "AKIAIOSFODNN7EXAMPLE",
                                     .secret_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}));
}

TEST_CASE("s3 signature: the examples of S3's reference are signed as it says") {
  CHECK(sign_as_s3("GET", "/test.txt", {}, {{"range", "bytes=0-9"}}, empty_hash()) ==
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
  CHECK(sign_as_s3("PUT", "/test%24file.text", {},
                   {{"date", "Fri, 24 May 2013 00:00:00 GMT"},
                    {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
                   to_hex(sha256(as_bytes("Welcome to Amazon S3.")))) ==
        "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
  CHECK(sign_as_s3("GET", "/", {{"lifecycle", ""}}, {}, empty_hash()) ==
        "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
  CHECK(sign_as_s3("GET", "/", {{"prefix", "J"}, {"max-keys", "2"}}, {}, empty_hash()) ==
        "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST_CASE("s3 signature: names are encoded as SigV4 wants it") {
  CHECK(uri_encode("a/b c~-_.+\xc3\xbc", true) == "a/b%20c~-_.%2B%C3%BC");
  CHECK(uri_encode("a/b", false) == "a%2Fb");
  CHECK(canonical_query({{"b", "2"}, {"a b", "="}, {"b", "1"}}) == "a%20b=%3D&b=1&b=2");
}

TEST_CASE("s3 signature: checksums are those of their standards") {
  CHECK(crc32c(as_bytes("123456789")) == 0xe3069283);
  CHECK(crc32c(Bytes()) == 0);
  CHECK(crc32c(std::vector<std::uint8_t>(32, 0)) == 0x8a9136aa);  // RFC 3720 B.4
  CHECK(crc32c_base64(as_bytes("123456789")) == "4waSgw==");
  // With the processor's instruction and without, whatever the length and where the bytes lie.
  std::vector<std::uint8_t> bytes(1000);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * i >> 3);
  for (std::size_t begin = 0; begin < 9; ++begin)
    for (std::size_t size = 0; size < 80; ++size) {
      const Bytes part = Bytes(bytes).subspan(begin * 100, size);
      REQUIRE(crc32c(part) == crc32c_by_tables(part));
    }
  CHECK(base64(as_bytes("")).empty());
  CHECK(base64(as_bytes("f")) == "Zg==");
  CHECK(base64(as_bytes("fo")) == "Zm8=");
  CHECK(base64(as_bytes("foo")) == "Zm9v");
}

}  // namespace
}  // namespace spind::s3
