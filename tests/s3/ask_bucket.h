// Requests that no store makes; and buckets that a test makes for itself, on a server that is its own
// as well and ends with it.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "blob/s3/client.h"
#include "blob/s3/payload.h"
#include "s3/bucket.h"

namespace spind::test {

// One request about a bucket, or about a key in it; the answer's body.
inline std::string ask_bucket(const S3Options& options, std::string_view method, s3::Query query,
                              std::string_view body = {}, s3::Headers headers = {},
                              std::string key = {}) {
  const auto client = s3::Client::make(options, s3::World{});
  if (!client.ok()) throw std::runtime_error(client.error().to_string());
  s3::Call call{.kind = s3::Kind::list,
                .method = method,
                .action = "bucket",
                .key = std::move(key),
                .query = std::move(query),
                .headers = std::move(headers),
                .body_bytes_max = 8u << 20};
  if (!body.empty()) s3::add_payload(call, as_bytes(body), S3Payload::md5);
  const auto answer = (*client)->send(call);
  if (!answer.ok()) throw std::runtime_error(answer.error().to_string());
  return std::string(as_text(answer->body));
}

// One that keeps versions, and where `retention_days` is not 0 locks each object for so long.
inline S3Options make_versioned_bucket(const std::string& name, int retention_days = 0) {
  S3Options options = given_bucket();
  options.bucket = name;
  options.prefix = "store";
  s3::Headers headers;
  if (retention_days > 0) headers.emplace_back("x-amz-bucket-object-lock-enabled", "true");
  ask_bucket(options, "PUT", {}, {}, headers);
  ask_bucket(options, "PUT", {{"versioning", ""}},
             "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>");
  if (retention_days > 0)
    ask_bucket(options, "PUT", {{"object-lock", ""}},
               "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule>"
               "<DefaultRetention><Mode>COMPLIANCE</Mode><Days>" +
                   std::to_string(retention_days) +
                   "</Days></DefaultRetention></Rule></ObjectLockConfiguration>");
  return options;
}

// How many versions lie under the prefix, of names that are there and of removed ones (up to 1,000).
inline std::size_t count_versions(const S3Options& options) {
  const std::string xml =
      ask_bucket(options, "GET", {{"versions", ""}, {"prefix", options.prefix + "/"}});
  std::size_t count = 0;
  for (std::size_t at = xml.find("<Version>"); at != std::string::npos;
       at = xml.find("<Version>", at + 1))
    ++count;
  return count;
}

}  // namespace spind::test
