// The bucket that the tests of this folder run on: SPIND_TEST_S3=s3://BUCKET/PREFIX, at
// SPIND_TEST_S3_ENDPOINT (AWS if it is not set), with the usual AWS_* variables.
// SPIND_TEST_S3_IN_HOST puts the bucket in the host's name.
#pragma once

#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "spind/s3.h"
#include "support/harness.h"

namespace spind::test {

inline std::string from_environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

inline S3Options given_bucket() {
  S3Options options = parse_s3_url(from_environment("SPIND_TEST_S3")).value();
  options.endpoint = from_environment("SPIND_TEST_S3_ENDPOINT");
  options.tls_ca_file = from_environment("SPIND_TEST_S3_CA");
  if (!from_environment("SPIND_TEST_S3_IN_HOST").empty()) options.path_style = false;
  const std::string region = from_environment("AWS_REGION");
  if (!region.empty()) options.region = region;
  return options;
}

inline bool over_tls(const S3Options& options) { return !options.endpoint.starts_with("http:"); }
// "HOST:PORT" of an endpoint of plain http.
inline std::string server_of(const S3Options& options) {
  const std::string server = options.endpoint.substr(std::string_view("http://").size());
  return server.find(':') == std::string::npos ? server + ":80" : server;
}

// A prefix of its own in the bucket, which is empty again in the end.
class Prefix {
 public:
  explicit Prefix(S3Options options = given_bucket()) : options_(std::move(options)) {
    static std::atomic<int> next = 0;
    options_.prefix += (options_.prefix.empty() ? "" : "/") + std::string("run-") +
                       std::to_string(seed()) + "-" + std::to_string(::getpid()) + "-" +
                       std::to_string(next++);
    auto opened = open_s3(options_);
    if (!opened.ok()) throw std::runtime_error(opened.error().to_string());
    store_ = *opened;
  }
  ~Prefix() {
    try {
      clear();
    } catch (const std::exception& failure) {
      std::fprintf(stderr, "the prefix cannot be emptied: %s\n", failure.what());
      std::abort();
    }
  }
  Prefix(const Prefix&) = delete;
  Prefix& operator=(const Prefix&) = delete;

  const S3Options& options() const { return options_; }
  std::shared_ptr<S3BlobStore> store() const { return store_; }

 private:
  std::vector<std::string> all() {
    std::vector<std::string> names;
    const auto items = store_->list("", "", 100'000);
    if (!items.ok()) throw std::runtime_error(items.error().to_string());
    for (const BlobListItem& item : *items) names.push_back(item.name);
    return names;
  }
  void clear() {
    if (const Status removed = store_->remove_all(all()); !removed.ok())
      throw std::runtime_error(removed.error().to_string());
    if (!all().empty()) throw std::runtime_error("removed names are still listed");
  }

  S3Options options_;
  std::shared_ptr<S3BlobStore> store_;
};

}  // namespace spind::test
