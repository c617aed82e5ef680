// Credentials of a role that a cloud gives to a machine, or to who holds a token of another issuer.
#include <fmt/format.h>

#include <algorithm>

#include "base/files.h"
#include "base/threads.h"
#include "base/try.h"
#include "blob/s3/answers.h"
#include "blob/s3/http_loop.h"
#include "blob/s3/role_answers.h"
#include "blob/s3/uri.h"
#include "spind/s3.h"

namespace spind::s3 {
namespace {

constexpr std::uint64_t kAnswerBytesMax = 64u << 10;
constexpr std::size_t kTokenFileBytesMax = 20'000;
constexpr std::string_view kTokenHeader = "x-aws-ec2-metadata-token";

bool is_word(std::string_view text, std::size_t size_max) {
  return !text.empty() && text.size() <= size_max &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

std::string url_of(const Endpoint& endpoint) {
  return (endpoint.tls ? "https://" : "http://") + endpoint.host;
}

Result<std::string> good_body(const HttpOutcome& outcome, std::string_view of) {
  if (outcome.failure != HttpFailure::none)
    return Error{Code::unavailable, fmt::format("{}: {}", of, outcome.text)};
  const HttpAnswer& answer = outcome.answer;
  if (answer.status == 200) return std::string(as_text(answer.body));
  const std::string code = error_code(as_text(answer.body));
  return Error{answer.status >= 500 ? Code::unavailable : Code::unauthenticated,
               fmt::format("{}: answer {}{}{}", of, answer.status, code.empty() ? "" : " ", code)};
}

// Of the machine's own address; never by way of a proxy.
class InstanceMetadata {
 public:
  InstanceMetadata(const Endpoint& endpoint, std::string role, HttpLoop& http)
      : url_(url_of(endpoint)), role_(std::move(role)), http_(http) {}

  Result<S3Credentials> fetch() {
    SPIND_TRY_ASSIGN(const std::string token, ask("PUT", "/latest/api/token"));
    if (!is_word(token, 1024))
      return Error{Code::unauthenticated, "instance metadata: no token of a session"};
    headers_ = {{std::string(kTokenHeader), token}};
    constexpr std::string_view kRoles = "/latest/meta-data/iam/security-credentials/";
    if (role_.empty()) {
      SPIND_TRY_ASSIGN(role_, ask("GET", kRoles));
      role_ = role_.substr(0, role_.find_first_of("\r\n"));
    }
    if (!is_word(role_, 256))
      return Error{Code::unauthenticated, "instance metadata: the machine has no role"};
    SPIND_TRY_ASSIGN(std::string json, ask("GET", std::string(kRoles) + uri_encode(role_, false)));
    auto credentials = parse_instance_credentials(json);
    wipe(json);
    return credentials;
  }

 private:
  Result<std::string> ask(std::string_view method, std::string_view path) {
    return good_body(http_.perform({.method = method,
                                    .url = url_ + std::string(path),
                                    .headers = headers_,
                                    .body_bytes_max = kAnswerBytesMax}),
                     "instance metadata");
  }

  const std::string url_;
  std::string role_;
  HttpLoop& http_;
  Headers headers_ = {{std::string(kTokenHeader) + "-ttl-seconds", "21600"}};
};

Result<S3Credentials> fetch_instance(const S3InstanceCredentials& options) {
  SPIND_TRY_ASSIGN(const Endpoint endpoint, parse_endpoint(options.endpoint));
  SPIND_TRY_ASSIGN(const auto http, HttpLoop::start({.direct = true,
                                                     .connect_timeout = options.timeout,
                                                     .request_timeout = options.timeout},
                                                    Threads::system()));
  return InstanceMetadata(endpoint, options.role, *http).fetch();
}

std::string token_service(const S3WebIdentity& options) {
  if (!options.endpoint.empty()) return options.endpoint;
  const std::string_view domain = options.region.starts_with("cn-") ? ".cn" : "";
  return fmt::format("https://sts.{}.amazonaws.com{}", options.region, domain);
}

Result<S3Credentials> fetch_web_identity(const S3WebIdentity& options) {
  SPIND_TRY_ASSIGN(const Endpoint endpoint, parse_endpoint(token_service(options)));
  SPIND_TRY_ASSIGN(std::string token,
                   read_file(Files::system(), options.token_file, kTokenFileBytesMax));
  token.erase(std::min(token.find_last_not_of(" \t\r\n") + 1, token.size()));
  if (!is_word(token, kTokenFileBytesMax))
    return Error{Code::unauthenticated, "the file holds no token", options.token_file};
  // In the body: what stands in a URL ends up in logs.
  std::string form = canonical_query({{"Action", "AssumeRoleWithWebIdentity"},
                                      {"Version", "2011-06-15"},
                                      {"RoleArn", options.role_arn},
                                      {"RoleSessionName", options.session_name},
                                      {"WebIdentityToken", token}});
  SPIND_TRY_ASSIGN(const auto http, HttpLoop::start({.ca_file = options.tls_ca_file,
                                                     .connect_timeout = options.timeout,
                                                     .request_timeout = options.timeout},
                                                    Threads::system()));
  const HttpOutcome outcome =
      http->perform({.method = "POST",
                     .url = url_of(endpoint) + "/",
                     .headers = {{"content-type", "application/x-www-form-urlencoded"}},
                     .body = as_bytes(form),
                     .body_bytes_max = kAnswerBytesMax});
  wipe(token);
  wipe(form);
  SPIND_TRY_ASSIGN(std::string xml, good_body(outcome, "web identity"));
  auto credentials = parse_assumed_role(xml);
  wipe(xml);
  return credentials;
}

}  // namespace
}  // namespace spind::s3

namespace spind {

S3CredentialsSource instance_credentials(const S3InstanceCredentials& options) {
  return [options] { return s3::fetch_instance(options); };
}

S3CredentialsSource web_identity_credentials(const S3WebIdentity& options) {
  return [options] { return s3::fetch_web_identity(options); };
}

}  // namespace spind
