#include "blob/s3/uri.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/try.h"
#include "base/utf8.h"
#include "spind/s3.h"

namespace spind::s3 {
namespace {

constexpr std::size_t kHostBytesMax = 255;
constexpr std::size_t kPrefixBytesMax =
    512;  // leaves room for a blob's name in a key of 1,024 bytes

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

bool is_unreserved(char c) {
  return is_digit(c) || is_lower(c) || is_upper(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

bool is_host(std::string_view host) {
  if (host.empty() || host.size() > kHostBytesMax) return false;
  if (host.front() == '[') {  // an address of IPv6
    return host.size() > 2 && host.back() == ']' &&
           host.substr(1, host.size() - 2).find_first_not_of("0123456789abcdef:.") ==
               std::string_view::npos;
  }
  return std::all_of(host.begin(), host.end(),
                     [](char c) { return is_digit(c) || is_lower(c) || c == '-' || c == '.'; });
}

bool is_port(std::string_view port) {
  if (port.empty() || port.size() > 5 || !std::all_of(port.begin(), port.end(), is_digit))
    return false;
  int number = 0;
  for (const char c : port) number = number * 10 + (c - '0');
  return number > 0 && number <= 65'535;
}

Error bad_endpoint() {
  return {Code::invalid_argument,
          "an S3 endpoint is https://HOST or http://HOST, with a port or without, and has neither "
          "user nor path"};
}

}  // namespace

std::string uri_encode(std::string_view text, bool keep_slash) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (is_unreserved(c) || (c == '/' && keep_slash)) {
      out += c;
    } else {
      fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string canonical_query(const Query& query) {
  Query encoded;
  for (const auto& [name, value] : query)
    encoded.emplace_back(uri_encode(name, false), uri_encode(value, false));
  std::sort(encoded.begin(), encoded.end());
  std::string out;
  for (const auto& [name, value] : encoded) {
    if (!out.empty()) out += '&';
    out += name + "=" + value;
  }
  return out;
}

Result<Endpoint> parse_endpoint(std::string_view text) {
  Endpoint endpoint;
  if (text.starts_with("https://")) {
    text.remove_prefix(8);
  } else if (text.starts_with("http://")) {
    text.remove_prefix(7);
    endpoint.tls = false;
  } else {
    return bad_endpoint();
  }
  if (text.ends_with('/')) text.remove_suffix(1);
  std::string host(text);
  std::transform(host.begin(), host.end(), host.begin(),
                 [](char c) { return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c; });
  std::string port;
  const std::size_t colon = host.rfind(':');
  if (colon != std::string::npos && !host.ends_with(']')) {
    port = host.substr(colon + 1);
    host.resize(colon);
    if (!is_port(port)) return bad_endpoint();
  }
  if (!is_host(host)) return bad_endpoint();
  // Clients leave out the protocol's own port, and what is signed must be what is sent.
  const std::string_view usual = endpoint.tls ? "443" : "80";
  endpoint.host = port.empty() || port == usual ? host : host + ":" + port;
  return endpoint;
}

Status check_bucket_name(std::string_view bucket) {
  const bool ok =
      bucket.size() >= 3 && bucket.size() <= 63 &&
      std::all_of(bucket.begin(), bucket.end(),
                  [](char c) { return is_lower(c) || is_digit(c) || c == '-' || c == '.'; }) &&
      (is_lower(bucket.front()) || is_digit(bucket.front())) &&
      (is_lower(bucket.back()) || is_digit(bucket.back())) &&
      bucket.find("..") == std::string_view::npos;
  if (ok) return {};
  return Error{
      Code::invalid_argument,
      "a bucket's name has 3 to 63 characters out of a-z 0-9 - . and begins and ends with a "
      "letter or digit",
      std::string(bucket.substr(0, 63))};
}

Status check_prefix(std::string_view prefix) {
  if (prefix.empty()) return {};
  bool ok = prefix.size() <= kPrefixBytesMax && valid_utf8(prefix) &&
            std::all_of(prefix.begin(), prefix.end(),
                        [](char c) { return static_cast<unsigned char>(c) >= ' ' && c != '\x7f'; });
  for (std::size_t begin = 0; ok && begin <= prefix.size();) {
    const std::size_t end = std::min(prefix.find('/', begin), prefix.size());
    const std::string_view part = prefix.substr(begin, end - begin);
    ok = !part.empty() && part != "." && part != "..";
    begin = end + 1;
  }
  if (ok) return {};
  return Error{Code::invalid_argument,
               "a prefix in a bucket has at most 512 bytes of UTF-8, no control characters, and no "
               "part that is empty, '.' or '..'"};
}

}  // namespace spind::s3

namespace spind {

Result<S3Options> parse_s3_url(std::string_view url) {
  constexpr std::string_view kScheme = "s3://";
  if (!url.starts_with(kScheme))
    return Error{Code::invalid_argument, "a bucket is named as s3://BUCKET or s3://BUCKET/PREFIX"};
  url.remove_prefix(kScheme.size());
  S3Options options;
  const std::size_t slash = url.find('/');
  options.bucket = std::string(url.substr(0, slash));
  if (slash != std::string_view::npos) {
    std::string_view prefix = url.substr(slash + 1);
    if (prefix.ends_with('/')) prefix.remove_suffix(1);
    options.prefix = std::string(prefix);
  }
  SPIND_TRY(s3::check_bucket_name(options.bucket));
  SPIND_TRY(s3::check_prefix(options.prefix));
  return options;
}

}  // namespace spind
