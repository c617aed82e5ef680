// Credentials of roles, from local imitations of the services that give them.
#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "blob/s3/role_answers.h"
#include "support/harness.h"
#include "support/http/http_server.h"

namespace spind::s3 {
namespace {

using test::HttpReply;
using test::HttpRequestSeen;
using test::HttpServer;

constexpr std::string_view kInstanceJson =
    R"({"Code" : "Success", "LastUpdated" : "2026-11-28T10:00:00Z", "Type" : "AWS-HMAC",
"AccessKeyId" : "ASIAKEY", "SecretAccessKey" : "sec\/ret", "Token" : "to+ken==", "Count": 3,
"Expiration" : "2026-11-28T16:20:30Z"})";
constexpr std::string_view kAssumedXml =
    "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
    "<AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ASIAKEY</AccessKeyId>"
    "<SecretAccessKey>sec/ret</SecretAccessKey><SessionToken>to+ken==</SessionToken>"
    "<Expiration>2026-11-28T16:20:30.250Z</Expiration></Credentials>"
    "</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>";
constexpr std::int64_t kExpires = 1'795'882'830;

void check_credentials_of(const Result<S3Credentials>& got) {
  CAPTURE((got.ok() ? "" : got.error().to_string()));
  REQUIRE(got.ok());
  CHECK(got->access_key == "ASIAKEY");
  CHECK(got->secret_key == "sec/ret");
  CHECK(got->session_token == "to+ken==");
  CHECK(got->expires_at_seconds == kExpires);
}

// A machine that has a role, as its metadata service tells it.
HttpReply metadata(const HttpRequestSeen& request) {
  if (request.target == "/latest/api/token") {
    const bool asked_right =
        request.method == "PUT" && request.headers.contains("x-aws-ec2-metadata-token-ttl-seconds");
    return {.status = asked_right ? 200 : 400, .body = "session-token"};
  }
  const auto token = request.headers.find("x-aws-ec2-metadata-token");
  if (request.method != "GET" || token == request.headers.end() || token->second != "session-token")
    return {.status = 401};
  const std::string roles = "/latest/meta-data/iam/security-credentials/";
  if (request.target == roles) return {.body = "school\n"};
  if (request.target == roles + "school") return {.body = std::string(kInstanceJson)};
  return {.status = 404};
}

TEST_CASE("role credentials: a machine's own come in three steps, past any proxy") {
  const HttpServer server(metadata);
  ::setenv("http_proxy", "http://127.0.0.1:1", 1);
  const auto got = instance_credentials({.endpoint = server.url() + "/"})();
  ::unsetenv("http_proxy");
  check_credentials_of(got);
  CHECK(server.seen().size() == 3);
  const auto named = instance_credentials({.endpoint = server.url(), .role = "other"})();
  CHECK(named.code() == Code::unauthenticated);
  CHECK(server.seen().back().target == "/latest/meta-data/iam/security-credentials/other");
}

TEST_CASE("role credentials: what a machine is told is believed only where it can be right") {
  std::string json(kInstanceJson);
  const HttpServer server([&](const HttpRequestSeen& request) {
    if (request.target.ends_with("/school")) return HttpReply{.body = json};
    return metadata(request);
  });
  const auto ask = instance_credentials({.endpoint = server.url(), .role = "school"});
  check_credentials_of(ask());
  for (const std::string& wrong :
       {std::string(), std::string("[]"), std::string("{\"AccessKeyId\":\"a\""),
        std::string(R"({"AccessKeyId":"a","SecretAccessKey":"planted"})"),
        std::string(R"({"AccessKeyId":"a","SecretAccessKey":"planted","Expiration":"soon"})"),
        std::string(R"({"Code":"Failed","Message":"planted"})"), std::string(70'000, '{')}) {
    json = wrong;
    const auto refused = ask();
    CHECK((refused.code() == Code::unauthenticated || refused.code() == Code::unavailable));
    CHECK(refused.error().to_string().find("planted") == std::string::npos);
  }
}

TEST_CASE("role credentials: a machine without a role, and a service that is not there") {
  const HttpServer none([](const HttpRequestSeen& request) {
    return HttpReply{.status = request.method == "PUT" ? 200 : 404, .body = "t"};
  });
  CHECK(instance_credentials({.endpoint = none.url()})().code() == Code::unauthenticated);
  const HttpServer busy([](const HttpRequestSeen&) { return HttpReply{.status = 503}; });
  CHECK(instance_credentials({.endpoint = busy.url()})().code() == Code::unavailable);
  CHECK(instance_credentials({.endpoint = "http://127.0.0.1:1"})().code() == Code::unavailable);
  CHECK(instance_credentials({.endpoint = "nonsense"})().code() == Code::invalid_argument);
}

TEST_CASE("role credentials: a token of another issuer is exchanged, and read anew each time") {
  HttpReply reply{.body = std::string(kAssumedXml)};
  const HttpServer server([&](const HttpRequestSeen&) { return reply; });
  const test::TemporaryFolder folder;
  const S3WebIdentity options{.token_file = folder / "token",
                              .role_arn = "arn:aws:iam::1:role/school",
                              .endpoint = server.url()};
  const auto ask = web_identity_credentials(options);
  CHECK(ask().code() == Code::not_found);
  CHECK(server.seen().empty());
  for (const std::string token : {"first.token", "second.token"}) {
    std::ofstream(options.token_file, std::ios::trunc) << token << "\n";
    check_credentials_of(ask());
    const HttpRequestSeen seen = server.seen().back();
    CHECK(seen.method == "POST");
    CHECK(seen.target == "/");
    CHECK(seen.body ==
          "Action=AssumeRoleWithWebIdentity&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fschool"
          "&RoleSessionName=spind&Version=2011-06-15&WebIdentityToken=" +
              token);
  }
  reply = {.status = 400,
           .body =
               "<ErrorResponse><Error><Code>ExpiredTokenException</Code>"
               "<Message>planted</Message></Error></ErrorResponse>"};
  CHECK(ask().code() == Code::unauthenticated);
  CHECK(ask().error().to_string().find("planted") == std::string::npos);
  CHECK(ask().error().to_string().find("second.token") == std::string::npos);
  reply = {.body = "<AssumeRoleWithWebIdentityResponse/>"};
  CHECK(ask().code() == Code::unauthenticated);
  std::ofstream(options.token_file, std::ios::trunc) << "two words\r\n";
  CHECK(ask().code() == Code::unauthenticated);
}

TEST_CASE("role credentials: times") {
  CHECK(parse_utc("2026-11-28T16:20:30Z").value() == kExpires);
  CHECK(parse_utc("1970-01-01T00:00:00Z").value() == 0);
  for (const char* const wrong :
       {"", "Z", "2026-11-28 16:20:30Z", "2026-11-28T16:20:30", "2026-13-28T16:20:30Z",
        "2026-11-28T24:20:30Z", "-026-11-28T16:20:30Z", "2026-11-28T16:20:30+01:00Z"})
    CHECK(!parse_utc(wrong).ok());
}

TEST_CASE("role credentials: answers that are damaged anywhere are refused or read, and no more") {
  std::mt19937_64 random(test::seed());
  for (const std::string_view good : {kInstanceJson, kAssumedXml}) {
    for (int i = 0; i < 2'000; ++i) {
      std::string text(good.substr(0, random() % (good.size() + 1)));
      for (std::uint64_t flips = random() % 4; flips > 0 && !text.empty(); --flips)
        text[random() % text.size()] = static_cast<char>(random());
      const auto json = parse_instance_credentials(text);
      const auto xml = parse_assumed_role(text);
      if (json.ok()) CHECK(!json->secret_key.empty());
      if (xml.ok()) CHECK(!xml->secret_key.empty());
    }
  }
}

}  // namespace
}  // namespace spind::s3
