#include "blob/s3/failure.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string>

#include "blob/s3/answers.h"

namespace spind::s3 {
namespace {

constexpr std::size_t kEtagBytesMax = 256;
constexpr std::size_t kRequestIdBytesMax = 128;

// What servers say with an error of their own code, whatever the status is.
struct KnownCode {
  std::string_view code;
  Code meaning;
  Remedy remedy;
  std::string_view advice;
};

constexpr KnownCode kKnownCodes[] = {
    {"NoSuchKey", Code::not_found, Remedy::none, ""},
    {"NoSuchBucket", Code::unavailable, Remedy::none, "there is no such bucket at this endpoint"},
    {"ObjectLockConfigurationNotFoundError", Code::not_found, Remedy::none, ""},
    {"NoSuchUpload", Code::aborted, Remedy::none, "the upload in parts is gone"},
    // MinIO says this also where another request removes the folder of the name at the same moment.
    {"AccessDenied", Code::permission_denied, Remedy::twice,
     "the key lacks the right; lib/blob/s3/README.md has the policy that is needed"},
    {"AllAccessDisabled", Code::permission_denied, Remedy::none, "the bucket is closed"},
    {"AccountProblem", Code::permission_denied, Remedy::none, "the account is closed"},
    {"InvalidAccessKeyId", Code::unauthenticated, Remedy::new_keys, "the access key is not known"},
    {"XAdminUserNotFound", Code::unauthenticated, Remedy::new_keys, "the access key is not known"},
    {"SignatureDoesNotMatch", Code::unauthenticated, Remedy::new_keys,
     "the secret key is another one, or something on the way changes requests"},
    {"ExpiredToken", Code::unauthenticated, Remedy::new_keys, "the session token has expired"},
    {"TokenRefreshRequired", Code::unauthenticated, Remedy::new_keys,
     "the session token has expired"},
    {"InvalidToken", Code::unauthenticated, Remedy::new_keys, "the session token is not valid"},
    {"RequestTimeTooSkewed", Code::unavailable, Remedy::set_clock,
     "this machine's clock is off; set it"},
    {"RequestTimeout", Code::unavailable, Remedy::again, ""},
    {"SlowDown", Code::unavailable, Remedy::again, ""},
    {"ServiceUnavailable", Code::unavailable, Remedy::again, ""},
    {"InternalError", Code::unavailable, Remedy::again, ""},
    {"OperationAborted", Code::unavailable, Remedy::again, ""},
    {"ConditionalRequestConflict", Code::unavailable, Remedy::again, ""},
    {"BadDigest", Code::io_error, Remedy::again, "the bytes were damaged on the way"},
    {"XAmzContentSHA256Mismatch", Code::io_error, Remedy::again,
     "the bytes were damaged on the way"},
    {"QuotaExceeded", Code::no_space, Remedy::none, "the bucket is full"},
    {"XMinioStorageFull", Code::no_space, Remedy::none, "the server's disks are full"},
    {"XMinioAdminBucketQuotaExceeded", Code::no_space, Remedy::none, "the bucket is full"},
    {"InsufficientStorage", Code::no_space, Remedy::none, "the server's disks are full"},
    {"PreconditionFailed", Code::precondition_failed, Remedy::none, ""},
    {"XMinioParentIsObject", Code::conflict, Remedy::none, "a folder of the name is a blob"},
    {"XMinioObjectExistsAsDirectory", Code::conflict, Remedy::none,
     "the name is a folder of other blobs"},
    // versitygw says these two also where another request removes the folder at the same moment.
    {"ObjectParentIsFile", Code::conflict, Remedy::twice, "a folder of the name is a blob"},
    {"ExistingObjectIsDirectory", Code::conflict, Remedy::twice,
     "the name is a folder of other blobs"},
    {"PermanentRedirect", Code::invalid_argument, Remedy::none, "the bucket lies elsewhere"},
    {"TemporaryRedirect", Code::unavailable, Remedy::again, "the bucket is being moved"},
    {"AuthorizationHeaderMalformed", Code::invalid_argument, Remedy::none,
     "the region is another one"},
    {"InvalidObjectState", Code::unavailable, Remedy::none,
     "the object lies in an archive and must be restored first"},
    {"NotImplemented", Code::unsupported, Remedy::none, "the server cannot do that"},
};

Failure of_status(int status) {
  switch (status) {
    case 408:
    case 429:
    case 500:
    case 502:
    case 503:
    case 504: return {{Code::unavailable, ""}, Remedy::again};
    case 412: return {{Code::precondition_failed, ""}, Remedy::none};
    case 501: return {{Code::unsupported, "the server cannot do that"}, Remedy::none};
    case 507: return {{Code::no_space, "the server's disks are full"}, Remedy::none};
    case 401:
    case 403: return {{Code::permission_denied, ""}, Remedy::none};
    default: return {{Code::io_error, ""}, Remedy::none};
  }
}

Failure of_answer(const HttpAnswer& answer, const std::string& code, bool head) {
  for (const KnownCode& known : kKnownCodes) {
    if (code == known.code) return {{known.meaning, std::string(known.advice)}, known.remedy};
  }
  // "not found" is said of a blob only where S3 itself says so: a page of a proxy must not look
  // like a loss of bytes. An answer to HEAD has no body that could say so.
  if (answer.status == 404 && head) return {{Code::not_found, ""}, Remedy::none};
  if (code.empty() && answer.status >= 300 && answer.status < 500 && answer.status != 412 &&
      answer.status != 408 && answer.status != 429)
    return {{Code::io_error, "no error of S3: is this its endpoint?"}, Remedy::none};
  return of_status(answer.status);
}

Failure of_transfer(const HttpOutcome& outcome) {
  switch (outcome.failure) {
    case HttpFailure::unreachable: return {{Code::unavailable, outcome.text}, Remedy::again};
    case HttpFailure::timed_out: return {{Code::unavailable, outcome.text}, Remedy::again};
    case HttpFailure::broken: return {{Code::io_error, outcome.text}, Remedy::again};
    case HttpFailure::certificate:
      return {
          {Code::unauthenticated,
           "the server's certificate is refused: " + outcome.text +
               "; name its authority in tls_ca_file, or mend the endpoint's name or certificate"},
          Remedy::none};
    case HttpFailure::too_large:
      return {{Code::io_error, "the answer is larger than what was asked for"}, Remedy::again};
    case HttpFailure::given_up: return {{Code::cancelled, outcome.text}, Remedy::none};
    case HttpFailure::here:
    case HttpFailure::none: break;
  }
  return {{Code::unavailable, outcome.text}, Remedy::none};
}

std::string request_id(const HttpAnswer& answer) {
  const std::string_view id = answer.header("x-amz-request-id");
  const bool plain =
      id.size() <= kRequestIdBytesMax &&
      std::all_of(id.begin(), id.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  return plain && !id.empty() ? fmt::format(" (request {})", id) : std::string();
}

std::string other_region(const HttpAnswer& answer) {
  const std::string_view region = answer.header("x-amz-bucket-region");
  const bool plain = region.size() <= 64 && std::all_of(region.begin(), region.end(), [](char c) {
                       return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
                     });
  return plain && !region.empty() ? fmt::format(": region {}", region) : std::string();
}

}  // namespace

Failure failure_of_outcome(const HttpOutcome& outcome, std::string_view action,
                           std::string_view name) {
  const HttpAnswer& answer = outcome.answer;
  if (outcome.failure != HttpFailure::none) {
    Failure failure = of_transfer(outcome);
    failure.error.text = fmt::format("S3 {}: {}", action, failure.error.text);
    failure.error.path = std::string(name);
    return failure;
  }
  const std::string code = error_code(as_text(answer.body));
  Failure failure = of_answer(answer, code, action == "head");
  std::string advice = failure.error.text;
  if (failure.error.code == Code::invalid_argument) advice += other_region(answer);
  failure.error.text = failure.error.code == Code::not_found
                           ? std::string("no such blob")
                           : fmt::format("S3 {}: answer {}{}{}{}{}{}", action, answer.status,
                                         code.empty() ? "" : " ", code, request_id(answer),
                                         advice.empty() ? "" : ": ", advice);
  failure.error.path = std::string(name);
  return failure;
}

Error bad_answer(std::string_view why) { return {Code::io_error, fmt::format("S3 {}", why)}; }

Status has_etag(const HttpAnswer& answer) {
  const std::string_view etag = answer.header("etag");
  const bool plain =
      !etag.empty() && etag.size() <= kEtagBytesMax &&
      std::all_of(etag.begin(), etag.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  if (plain) return {};
  return Error{Code::io_error, "S3: an answer without the ETag of what was put"};
}

std::optional<std::int64_t> date_of(const HttpAnswer& answer) {
  const std::string text(answer.header("date"));
  if (text.empty()) return std::nullopt;
  const std::time_t time = curl_getdate(text.c_str(), nullptr);
  if (time <= 0) return std::nullopt;
  return time;
}

std::int64_t retry_after_ns(const HttpAnswer& answer, std::int64_t now_seconds) {
  const std::string text(answer.header("retry-after"));
  if (text.empty()) return 0;
  std::int64_t seconds = 0;
  const auto [stop, failure] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (failure != std::errc() || stop != text.data() + text.size()) {
    const std::time_t time = curl_getdate(text.c_str(), nullptr);
    if (time <= 0) return 0;
    seconds = time - now_seconds;
  }
  return std::clamp<std::int64_t>(seconds, 0, kRetryAfterMaxNs / 1'000'000'000) * 1'000'000'000;
}

}  // namespace spind::s3
