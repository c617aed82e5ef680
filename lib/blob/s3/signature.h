// AWS Signature Version 4: what is signed is a text that both sides make out of the request.
//
// Source: AWS, "Signature Version 4 for API requests"; the tests hold it against AWS's own
// examples.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "blob/s3/uri.h"
#include "spind/s3.h"

namespace spind::s3 {

// Names in lower case, values without space at either end.
using Headers = std::vector<std::pair<std::string, std::string>>;

struct Signing {
  std::string_view method;
  std::string_view path;  // as it stands in the URL
  const Query& query;
  const Headers& headers;         // all that are signed, "host" and "x-amz-date" among them
  std::string_view payload_hash;  // hexadecimal, or a word such as UNSIGNED-PAYLOAD
  std::int64_t time_seconds = 0;  // since 1970 UTC
  std::string_view region, service = "s3";
};

inline constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";

std::string amz_date(std::int64_t time_seconds);  // 20130524T000000Z
std::string canonical_request(const Signing& signing);
// The value of the header "authorization".
std::string authorization(const Signing& signing, const S3Credentials& credentials);

std::string base64(Bytes bytes);  // RFC 4648 §4, with padding

// Overwrites it, so that it does not stay in memory that is given back.
void wipe(std::string& secret);

}  // namespace spind::s3
