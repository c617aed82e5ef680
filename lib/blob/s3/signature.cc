#include "blob/s3/signature.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "base/hash.h"
#include "base/hex.h"

namespace spind::s3 {
namespace {

using Digest = std::array<std::uint8_t, 32>;

Digest hmac_sha256(Bytes key, std::string_view text) {
  Digest digest{};
  unsigned size = 0;
  ::HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), as_bytes(text).data(), text.size(),
         digest.data(), &size);
  return digest;
}

std::string signed_names(const Headers& sorted) {
  std::string names;
  for (const auto& [name, value] : sorted) {
    if (!names.empty()) names += ';';
    names += name;
  }
  return names;
}

Headers sorted(const Headers& headers) {
  Headers all = headers;
  std::sort(all.begin(), all.end());
  return all;
}

Digest signing_key(const Signing& signing, std::string_view date, const std::string& secret_key) {
  std::string secret = "AWS4" + secret_key;
  Digest key = hmac_sha256(as_bytes(secret), date);
  wipe(secret);
  for (const std::string_view step :
       {signing.region, signing.service, std::string_view("aws4_request")})
    key = hmac_sha256(key, step);
  return key;
}

}  // namespace

std::string amz_date(std::int64_t time_seconds) {
  const std::time_t time = time_seconds;
  std::tm utc{};
  ::gmtime_r(&time, &utc);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", utc.tm_year + 1900, utc.tm_mon + 1,
                     utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

std::string canonical_request(const Signing& signing) {
  const Headers headers = sorted(signing.headers);
  std::string out =
      fmt::format("{}\n{}\n{}\n", signing.method, signing.path, canonical_query(signing.query));
  for (const auto& [name, value] : headers) out += name + ":" + value + "\n";
  out += "\n" + signed_names(headers) + "\n";
  out += signing.payload_hash;
  return out;
}

std::string authorization(const Signing& signing, const S3Credentials& credentials) {
  const std::string time = amz_date(signing.time_seconds);
  const std::string date = time.substr(0, 8);
  const std::string scope =
      fmt::format("{}/{}/{}/aws4_request", date, signing.region, signing.service);
  const std::string to_sign = fmt::format("AWS4-HMAC-SHA256\n{}\n{}\n{}", time, scope,
                                          to_hex(sha256(as_bytes(canonical_request(signing)))));
  Digest key = signing_key(signing, date, credentials.secret_key);
  const std::string signature = to_hex(hmac_sha256(key, to_sign));
  ::OPENSSL_cleanse(key.data(), key.size());
  return fmt::format("AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={}, Signature={}",
                     credentials.access_key, scope, signed_names(sorted(signing.headers)),
                     signature);
}

std::string base64(Bytes bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');  // it also writes a zero behind the text
  ::EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes.data(),
                    static_cast<int>(bytes.size()));
  out.pop_back();
  return out;
}

void wipe(std::string& secret) {
  ::OPENSSL_cleanse(secret.data(), secret.size());
  secret.clear();
}

}  // namespace spind::s3
