// The way to a bucket: through a proxy that may spoil what goes through it, save where the bucket is
// reached by TLS, which the proxy does not speak.
#pragma once

#include <optional>
#include <thread>

#include "s3/bucket.h"
#include "support/http/chaos_proxy.h"

namespace spind::test {

// Thread-safe.
class Way {
 public:
  Way(const S3Options& bucket, std::uint64_t seed) : bucket_(bucket) {
    if (over_tls(bucket)) return;
    proxy_.emplace(server_of(bucket), seed);
    bucket_.endpoint = proxy_->url();
    bucket_.path_style = true;  // no bucket has a name there
  }

  const S3Options& bucket() const { return bucket_; }
  // So many of a thousand requests meet each fault that a client gets over by itself.
  void set_faults(std::uint32_t of_a_thousand) {
    if (!proxy_) return;
    for (const Chaos fault : kPassingChaos) proxy_->set(fault, of_a_thousand);
  }
  // Returns when nothing is under way any more that somebody asked for who is dead by now. Without
  // a proxy nobody tells.
  void settle() {
    if (!proxy_) return std::this_thread::sleep_for(std::chrono::seconds(2));
    if (!proxy_->wait_for_all(std::chrono::seconds(60)))
      throw std::runtime_error("a request to the bucket does not come to an end");
  }

 private:
  S3Options bucket_;
  std::optional<ChaosProxy> proxy_;
};

}  // namespace spind::test
