#include "blob_place.h"

#include "spind/blob_places.h"
#include "tool.h"

namespace spind::tool {

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
  options->credentials_file = args.value_or("credentials", "");
  if (args.has("path-style")) options->path_style = true;
  return options;
}

Result<std::shared_ptr<BlobStore>> open_blobs(const Args& args, const std::string& place) {
  if (!is_bucket(place)) return folder_blobs(place);
  Result<S3Options> options = bucket_options(args, place);
  if (!options.ok()) return options.error();
  options->abort_leftovers = false;  // who opens the bucket may turn out not to own it
  const Result<std::shared_ptr<S3BlobStore>> bucket = open_s3(*options);
  if (!bucket.ok()) return bucket.error();
  return std::shared_ptr<BlobStore>(*bucket);
}

}  // namespace spind::tool
