#include "blob/s3/payload.h"

#include "base/hash.h"
#include "base/hex.h"
#include "blob/s3/crc32c.h"
#include "blob/s3/signature.h"

namespace spind::s3 {
namespace {

std::string md5_base64(Bytes bytes) {
  Hasher hasher(HashKind::md5);
  hasher.update(bytes);
  return base64(hasher.finish());
}

}  // namespace

S3Payload payload_in_use(const S3Options& options, bool tls) {
  if (options.payload != S3Payload::automatic) return options.payload;
  return tls ? S3Payload::crc32c : S3Payload::signed_sha256;
}

void add_payload(Call& call, Bytes bytes, S3Payload payload) {
  call.body = bytes;
  call.payload_hash =
      payload == S3Payload::signed_sha256 ? to_hex(sha256(bytes)) : std::string(kUnsignedPayload);
  if (payload == S3Payload::crc32c)
    call.headers.emplace_back("x-amz-checksum-crc32c", crc32c_base64(bytes));
  if (payload == S3Payload::md5) call.headers.emplace_back("content-md5", md5_base64(bytes));
}

}  // namespace spind::s3
