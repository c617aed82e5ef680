// Sends requests to one bucket: signs them, tries again what may go well another time, and counts.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/random.h"
#include "blob/layer/pause.h"
#include "blob/layer/retrying_blobs.h"
#include "blob/layer/throttled_blobs.h"
#include "blob/s3/credentials.h"
#include "blob/s3/failure.h"
#include "blob/s3/hedging.h"
#include "blob/s3/http_loop.h"
#include "blob/s3/uri.h"

namespace spind::s3 {

// What a request is billed and counted as.
enum class Kind : std::uint8_t { put, get, head, remove, list, part };
inline constexpr std::size_t kKinds = 6;

struct Call {
  Kind kind = Kind::get;
  std::string_view method{};
  std::string_view action{};  // for errors, as "put"
  std::string_view name{};    // of the blob, for errors
  std::string key{};          // empty: the bucket itself
  Query query{};
  Headers headers{};
  Bytes body{};
  std::string payload_hash{};  // empty: there is no body
  std::span<const std::span<std::uint8_t>> places{};
  std::uint64_t body_bytes_max = 0;
  // Each attempt is sent once (see HttpRequest), so that attempts can be counted on.
  bool once = false;
  int also_good = 0;  // a status beside those from 200 to 299
  Interrupt interrupt{};
  // Looks at a good answer, if set. What it answers with io_error or unavailable is tried again.
  std::function<Status(const HttpAnswer&)> accept{};
};

// What the world outside is; tests bring another one.
struct World {
  Files& files = Files::system();
  Clock& clock = Clock::system();
  Random& random = Random::system();
  Pause& pause = Pause::system();
  Threads& threads = Threads::system();
};

// Thread-safe.
class Client {
 public:
  static Result<std::unique_ptr<Client>> make(const S3Options& options, const World& world);

  // `attempts` is set to how many were made.
  Result<HttpAnswer> send(const Call& call, std::uint32_t* attempts = nullptr);

  bool tls() const { return endpoint_.tls; }
  S3Usage usage() const;
  std::string metrics() const;

 private:
  Client(const S3Options& options, const World& world, Endpoint endpoint);

  struct Attempt {  // the state of one call over its attempts
    std::uint32_t made = 0;
    std::int64_t begin_ns = 0;
    bool clock_was_set = false, keys_were_renewed = false;
  };
  Status wait_for_turn(const Call& call);
  HttpOutcome perform(const Call& call, const S3Credentials& credentials);
  HttpOutcome perform_hedged(const Call& call, const S3Credentials& credentials,
                             std::uint64_t wanted);
  HttpRequest sign(const Call& call, const S3Credentials& credentials) const;
  std::string path_of(std::string_view key) const;
  std::optional<Failure> judge(const Call& call, const HttpOutcome& outcome);
  bool mend(const Call& call, const Failure& failure, const HttpAnswer& answer,
            const S3Credentials& used, Attempt& attempt);
  bool wait_for_next(const Call& call, const HttpAnswer& answer, Attempt& attempt);
  void note(const Call& call, const HttpOutcome& outcome, bool failed);
  void learn_clock(const HttpAnswer& answer);

  struct Counts {
    std::atomic<std::uint64_t> good{0}, failed{0};
  };

  const S3Options options_;
  const RetryOptions retry_;
  const World world_;
  const Endpoint endpoint_;
  const bool path_style_;
  CredentialsKeeper credentials_;
  Turns requests_, reads_, writes_;
  RetryBudget budget_;
  std::unique_ptr<HttpLoop> http_;
  std::array<Counts, kKinds> counts_{};
  std::atomic<std::uint64_t> retries_{0}, bytes_sent_{0}, bytes_received_{0}, hedges_{0};
  Hedging hedging_;
  std::atomic<std::int64_t> skew_seen_ms_{0}, skew_used_seconds_{0};
};

}  // namespace spind::s3
