#include "bucket.h"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>

#include "must.h"

namespace spind::bench {
namespace {

constexpr std::size_t kNamesMax = 1'000'000;

std::string from_environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

std::vector<std::string> names_below(BlobStore& blobs) {
  std::vector<std::string> names;
  for (BlobListItem& item : must(blobs.list("", "", kNamesMax), "list the bucket"))
    names.push_back(std::move(item.name));
  return names;
}

// http://KEY:SECRET@HOST
std::string with_credentials(const std::string& endpoint) {
  const std::size_t host = endpoint.find("://") + 3;
  return fmt::format("{}{}:{}@{}", endpoint.substr(0, host), from_environment("AWS_ACCESS_KEY_ID"),
                     from_environment("AWS_SECRET_ACCESS_KEY"), endpoint.substr(host));
}

}  // namespace

Prefix::Prefix(const BucketOptions& bucket) {
  static std::atomic<int> next = 0;
  S3Options options = must(parse_s3_url(bucket.url), "--s3");
  options.endpoint = bucket.endpoint;
  options.payload = S3Payload::crc32c;
  options.prefix += fmt::format("{}bench-{}-{}", options.prefix.empty() ? "" : "/", ::getpid(),
                                next.fetch_add(1));
  path_ = options.bucket + "/" + options.prefix;
  blobs_ = must(open_s3(options), "open the bucket");
}

Prefix::~Prefix() {
  must(blobs_->remove_all(names_below(*blobs_)), "empty the bucket");
  if (!names_below(*blobs_).empty()) give_up(path_, "what was removed is still there");
}

std::string Prefix::for_rclone(const std::string& name) const {
  return ":s3:" + path_ + "/" + name;
}
std::string Prefix::for_mc(const std::string& name) const { return "bench/" + path_ + "/" + name; }

Clients::Clients(const BucketOptions& bucket, const std::filesystem::path& scratch)
    : rclone_(bucket.rclone), mc_(bucket.mc) {
  const std::string settings = (scratch / "mc").string();
  for (const auto& [name, value] : std::vector<std::pair<std::string, std::string>>{
           {"RCLONE_CONFIG", ""},
           {"RCLONE_S3_PROVIDER", "Minio"},
           {"RCLONE_S3_ENDPOINT", bucket.endpoint},
           {"RCLONE_S3_ENV_AUTH", "true"},
           {"MC_CONFIG_DIR", settings},
           {"MC_HOST_bench", with_credentials(bucket.endpoint)}})
    ::setenv(name.c_str(), value.c_str(), 1);
}

Clients::Words Clients::rclone(const Words& words) const {
  Words command = {rclone_.string()};
  command.insert(command.end(), words.begin(), words.end());
  return command;
}

Clients::Words Clients::mc(const Words& words) const {
  Words command = {mc_.string(), "--quiet", "--no-color"};
  command.insert(command.end(), words.begin(), words.end());
  return command;
}

}  // namespace spind::bench
