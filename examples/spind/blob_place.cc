#include "blob_place.h"

#include <utility>

#include "spind/blob_places.h"
#include "tool.h"

namespace spind::tool {

namespace {

Error unusable(std::string text) {
  return {.code = Code::unauthenticated, .text = std::move(text)};
}

Result<S3Credentials> credentials_of_environment() {
  S3Credentials credentials{.access_key = environment("AWS_ACCESS_KEY_ID"),
                            .secret_key = environment("AWS_SECRET_ACCESS_KEY"),
                            .session_token = environment("AWS_SESSION_TOKEN")};
  if (!credentials.access_key.empty() && !credentials.secret_key.empty()) return credentials;
  return unusable("--credentials env: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
}

S3CredentialsSource of_instance() {
  S3InstanceCredentials instance;
  if (std::string url = environment("AWS_EC2_METADATA_SERVICE_ENDPOINT"); !url.empty())
    instance.endpoint = std::move(url);
  return instance_credentials(instance);
}

// As AWS's own tools are told of it.
Result<S3CredentialsSource> of_web_identity(const S3Options& options) {
  S3WebIdentity identity{.token_file = environment("AWS_WEB_IDENTITY_TOKEN_FILE"),
                         .role_arn = environment("AWS_ROLE_ARN"),
                         .region = options.region,
                         .endpoint = environment("AWS_ENDPOINT_URL_STS"),
                         .tls_ca_file = options.tls_ca_file};
  if (identity.token_file.empty() || identity.role_arn.empty())
    return unusable("--credentials web-identity: set AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN");
  if (std::string name = environment("AWS_ROLE_SESSION_NAME"); !name.empty())
    identity.session_name = std::move(name);
  return web_identity_credentials(identity);
}

// What --credentials says: a word, or else the name of a file.
Status choose_credentials(const std::string& whence, S3Options& options) {
  constexpr std::string_view kProfile = "profile:";
  if (whence == "env") {
    Result<S3Credentials> credentials = credentials_of_environment();
    if (!credentials.ok()) return std::move(credentials).error();
    options.credentials = *std::move(credentials);
  } else if (whence == "instance") {
    options.credentials_source = of_instance();
  } else if (whence == "web-identity") {
    Result<S3CredentialsSource> source = of_web_identity(options);
    if (!source.ok()) return std::move(source).error();
    options.credentials_source = *std::move(source);
  } else if (whence.starts_with(kProfile)) {
    options.profile = whence.substr(kProfile.size());
    if (options.profile.empty()) return unusable("--credentials profile: is to name a profile");
  } else {
    options.credentials_file = whence;
  }
  return {};
}

Status choose_payload(const std::string& how, S3Options& options) {
  constexpr std::pair<std::string_view, S3Payload> kWays[] = {{"", S3Payload::automatic},
                                                              {"signed", S3Payload::signed_sha256},
                                                              {"crc32c", S3Payload::crc32c},
                                                              {"md5", S3Payload::md5},
                                                              {"unsigned", S3Payload::unsigned_}};
  for (const auto& [name, way] : kWays) {
    if (how != name) continue;
    options.payload = way;
    return {};
  }
  return Error{Code::invalid_argument, "--payload is signed, crc32c, md5 or unsigned"};
}

// What servers and buckets differ in.
Status choose_dialect(const Args& args, S3Options& options) {
  constexpr std::string_view kKms = "aws:kms";
  if (args.has("path-style")) options.path_style = true;
  options.list_v1 = args.has("list-v1");
  options.http2 = args.has("http2");
  options.requester_pays = args.has("request-payer");
  options.storage_class = args.value_or("storage-class", "");
  options.encryption = args.value_or("encryption", "");
  if (options.encryption.starts_with(std::string(kKms) + ":")) {
    options.encryption_key = options.encryption.substr(kKms.size() + 1);
    options.encryption = kKms;
  }
  return choose_payload(args.value_or("payload", ""), options);
}

Status limit(const Args& args, S3Options& options) {
  const Result<std::uint64_t> reads = parse_rate(args.value("read-rate"), "read-rate");
  if (!reads.ok()) return reads.error();
  const Result<std::uint64_t> writes = parse_rate(args.value("write-rate"), "write-rate");
  if (!writes.ok()) return writes.error();
  const Result<std::optional<std::uint64_t>> requests = args.number("request-rate");
  if (!requests.ok()) return requests.error();
  options.limits = {.read_bytes_a_second = *reads,
                    .write_bytes_a_second = *writes,
                    .requests_a_second = requests->value_or(0)};
  return {};
}

}  // namespace

Result<S3Options> bucket_options(const Args& args, const std::string& url) {
  Result<S3Options> options = parse_s3_url(url);
  if (!options.ok()) return options;
  const auto given = [&](std::string_view name, const char* variable) {
    return args.value_or(name, environment(variable));
  };
  options->endpoint = given("endpoint", "AWS_ENDPOINT_URL_S3");
  if (const std::string region = given("region", "AWS_REGION"); !region.empty())
    options->region = region;
  options->tls_ca_file = given("ca", "AWS_CA_BUNDLE");
  options->profile = args.value_or("profile", "");
  options->hedge_reads = args.has("hedge");
  if (Status chosen = choose_dialect(args, *options); !chosen.ok())
    return std::move(chosen).error();
  if (Status chosen = choose_credentials(args.value_or("credentials", ""), *options); !chosen.ok())
    return std::move(chosen).error();
  if (Status limited = limit(args, *options); !limited.ok()) return std::move(limited).error();
  return options;
}

bool allows_unfenced(const Args& args) {
  return args.has("allow-unfenced") || !environment("SPIND_ALLOW_UNFENCED").empty();
}

Result<std::shared_ptr<BlobStore>> open_blobs(const Args& args, const std::string& place) {
  if (!is_bucket(place)) return folder_blobs(place);
  Result<S3Options> options = bucket_options(args, place);
  if (!options.ok()) return options.error();
  const Result<std::shared_ptr<S3BlobStore>> bucket = open_s3(*options);
  if (!bucket.ok()) return bucket.error();
  return std::shared_ptr<BlobStore>(*bucket);
}

}  // namespace spind::tool
