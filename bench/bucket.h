// The bucket that is measured, and the clients that ours is measured beside.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "spind/s3.h"

namespace spind::bench {

// As the command line names it; credentials come from the usual AWS_* variables.
struct BucketOptions {
  std::string url{};  // "s3://BUCKET/PREFIX"; empty: there is none
  std::string endpoint{};
  std::filesystem::path rclone{}, mc{};  // the programs
};

// A prefix of its own, empty again in the end.
class Prefix {
 public:
  explicit Prefix(const BucketOptions& bucket);
  ~Prefix();
  Prefix(const Prefix&) = delete;
  Prefix& operator=(const Prefix&) = delete;

  const std::shared_ptr<S3BlobStore>& blobs() const { return blobs_; }
  // Names of objects below it, as the clients want them.
  std::string for_rclone(const std::string& name) const;
  std::string for_mc(const std::string& name) const;

 private:
  std::string path_;  // BUCKET/PREFIX
  std::shared_ptr<S3BlobStore> blobs_;
};

// Commands of the clients, which find the endpoint and the credentials in the environment.
class Clients {
 public:
  // mc keeps things in a folder of its own.
  Clients(const BucketOptions& bucket, const std::filesystem::path& scratch);

  using Words = std::vector<std::string>;
  Words rclone(const Words& words) const;
  Words mc(const Words& words) const;

 private:
  const std::filesystem::path rclone_, mc_;
};

}  // namespace spind::bench
