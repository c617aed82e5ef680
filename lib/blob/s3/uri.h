// Where a request goes: the parts of an endpoint, and names as they stand in a URL.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "spind/result.h"

namespace spind::s3 {

using Query = std::vector<std::pair<std::string, std::string>>;

// As SigV4 wants it: all but A-Z a-z 0-9 - . _ ~ as %XX, '/' too unless it is kept.
std::string uri_encode(std::string_view text, bool keep_slash);

// Sorted, encoded, joined by '&': the same text stands in the URL and is signed.
std::string canonical_query(const Query& query);

struct Endpoint {
  bool tls = true;
  std::string host;  // in lower case, with ":port" where it is not the protocol's own
};

// "http://HOST[:PORT]" or "https://…", and nothing behind it but a '/'. invalid_argument.
Result<Endpoint> parse_endpoint(std::string_view text);

// ok or invalid_argument.
Status check_bucket_name(std::string_view bucket);
Status check_prefix(std::string_view prefix);

}  // namespace spind::s3
