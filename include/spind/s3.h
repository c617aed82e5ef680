// Blobs in a bucket of S3, or of a server that speaks its language.
//
//   spind::S3Options options = spind::parse_s3_url("s3://school-bytes/spind").value();
//   options.endpoint = "https://s3.example.org";       // not for AWS itself
//   auto blobs = spind::open_s3(options);
//   if (!blobs.ok()) ...                               // the text says what to change
//
// One object a blob, named prefix/name. What a request costs, which rights it needs and what
// vendors differ in is told in lib/blob/s3/README.md; spind/probe.h tells whether a bucket can be
// used.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "spind/blob_layers.h"
#include "spind/blob_store.h"

namespace spind {

struct S3Credentials {
  std::string access_key{};
  std::string secret_key{};
  std::string session_token{};  // of temporary credentials
  // Seconds since 1970 UTC; asked for again a few minutes before.
  std::optional<std::int64_t> expires_at_seconds{};
};

// Asked when there are no credentials yet, when they are about to expire, and when the server says
// that they have. Called by any thread, one at a time.
using S3CredentialsSource = std::function<Result<S3Credentials>()>;

// Of the role that a cloud has given to the machine, by its metadata service (IMDSv2, never through
// a proxy). Used only where it is given as S3Options::credentials_source.
struct S3InstanceCredentials {
  std::string endpoint = "http://169.254.169.254";
  std::string role{};                        // empty: the one that the machine has
  std::chrono::milliseconds timeout{2'000};  // of each of three requests
};
SPIND_EXPORT S3CredentialsSource instance_credentials(const S3InstanceCredentials& options = {});

// Of a role that is given to who holds a token of another issuer, as pods of Kubernetes do: the
// file is read anew each time, and exchanged by AssumeRoleWithWebIdentity. Given likewise.
struct S3WebIdentity {
  std::string token_file{}, role_arn{};
  std::string session_name = "spind";
  std::string region = "us-east-1";
  std::string endpoint{};  // empty: AWS's own in the region
  std::string tls_ca_file{};
  std::chrono::milliseconds timeout{10'000};
};
SPIND_EXPORT S3CredentialsSource web_identity_credentials(const S3WebIdentity& options);

// How the server learns that the bytes of a put are those that were sent.
enum class S3Payload : std::uint8_t {
  automatic,  // over TLS by a CRC32C, else signed
  signed_sha256,
  crc32c,    // as a header, never as a trailer
  md5,       // the same for servers that do not know CRC32C
  unsigned_  // by nothing: for servers that refuse all of them
};

struct S3Options {
  // "https://HOST" or "http://HOST", each with ":PORT" or without; empty: AWS's own in the region.
  std::string endpoint{};
  std::string region = "us-east-1";
  std::string bucket{};
  std::string prefix{};  // of all names, without '/' at either end
  // https://HOST/BUCKET/… instead of https://BUCKET.HOST/…; not set: where an endpoint is given.
  std::optional<bool> path_style{};

  // Where credentials come from: the first of these that is there. Without any of them the
  // variables AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN are looked at, then
  // the file AWS_SHARED_CREDENTIALS_FILE or ~/.aws/credentials.
  S3CredentialsSource credentials_source{};
  std::optional<S3Credentials> credentials{};
  std::string credentials_file{};
  std::string profile{};  // in that file; empty: AWS_PROFILE, or "default"

  std::string tls_ca_file{};  // trusted instead of the system's authorities
  S3Payload payload = S3Payload::automatic;
  std::string storage_class{};   // as "STANDARD_IA"; empty: the bucket's own
  std::string encryption{};      // "AES256" or "aws:kms"; empty: the bucket's own
  std::string encryption_key{};  // the id of the key for "aws:kms"
  bool requester_pays = false;
  bool list_v1 = false;  // ListObjects instead of ListObjectsV2
  bool http2 = false;    // where the server offers it; many streams share a connection then
  // What an earlier process left of uploads in parts under the prefix, and pays for, is aborted
  // when a store that is opened on it has found the blobs to be its own
  // (BlobStore::clear_leftovers).
  bool abort_leftovers = true;

  std::uint32_t connections_max = 64;
  std::uint64_t part_bytes = 16ull << 20;  // a larger blob goes in parts, several at once
  std::uint32_t parts_at_once = 4;
  // A read of up to 1 MiB that has taken longer than 99 of 100 recent ones is asked for a second
  // time, and the answer that comes first is taken: at most 5 requests more in a hundred.
  bool hedge_reads = false;

  // Of all attempts together; what is read counts when it is there.
  ThrottleOptions limits{};

  std::chrono::milliseconds connect_timeout{5'000};
  // A transfer is given up where for so long less than a kilobyte a second passes.
  std::chrono::milliseconds stall_timeout{20'000};
  std::chrono::milliseconds request_timeout{300'000};  // of one attempt, whole
  std::uint32_t attempts_max = 6;                      // of one request, the first included
  // As in RetryOptions (spind/blob_layers.h), and so the rest.
  std::chrono::milliseconds wait_first{100};
  std::chrono::milliseconds wait_max{10'000};
  std::chrono::milliseconds time_max{120'000};
  double retry_budget_a_request = 0.1;
  double retry_reserve_max = 100;
};

// "s3://BUCKET" or "s3://BUCKET/PREFIX". invalid_argument.
SPIND_EXPORT Result<S3Options> parse_s3_url(std::string_view url);

struct S3Usage {
  std::uint64_t puts = 0, gets = 0, heads = 0, removes = 0, lists = 0;  // attempts, each is billed
  std::uint64_t part_requests = 0;                                      // of puts in parts
  std::uint64_t retries = 0, failures = 0;  // attempts that were not the first; that failed
  std::uint64_t bytes_sent = 0, bytes_received = 0;  // of bodies
  std::uint64_t hedges = 0;                          // reads that were asked for a second time
  std::int64_t clock_skew_ms = 0;  // how far the server's clock was ahead when it last told
};

// Thread-safe. Names of which one is a folder of another are refused only where the server does so.
class SPIND_EXPORT S3BlobStore : public BlobStore {
 public:
  // Puts what is not there yet. already_exists; ok also where the very same bytes are there and an
  // earlier attempt of this call may have put them: who has to know brings bytes of their own.
  // Whether the server lets one of several at once win is what probe_s3 finds out.
  virtual Status put_new(std::string_view name, std::span<const std::uint8_t> bytes) = 0;

  virtual S3Usage usage() const = 0;
  // Prometheus text: spind_s3_requests_total by kind and outcome, retries, hedges, bytes. The same
  // as metrics_text(), so a store on it shows them too.
  virtual std::string metrics() const = 0;
};

// Reaches the bucket once. Errors: invalid_argument (options), unauthenticated (no credentials, or
// refused ones, or a certificate that is not to be trusted), permission_denied, unavailable,
// io_error.
SPIND_EXPORT Result<std::shared_ptr<S3BlobStore>> open_s3(const S3Options& options);

}  // namespace spind
