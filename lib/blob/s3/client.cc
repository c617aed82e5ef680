#include "blob/s3/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/hash.h"
#include "base/hex.h"
#include "base/try.h"
#include "blob/interrupt.h"

namespace spind::s3 {
namespace {

constexpr std::string_view kKindNames[kKinds] = {"put", "get", "head", "remove", "list", "part"};
constexpr std::int64_t kSecondNs = 1'000'000'000;

Endpoint aws_endpoint(const std::string& region) {
  const std::string_view domain = region.starts_with("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
  return {true, fmt::format("s3.{}.{}", region, domain)};
}

// They become parts of headers and of what is signed.
bool plain_word(std::string_view text) {
  return text.size() <= 256 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

Status check_options(const S3Options& options) {
  SPIND_TRY(check_bucket_name(options.bucket));
  SPIND_TRY(check_prefix(options.prefix));
  const bool words = plain_word(options.region) && !options.region.empty() &&
                     options.region.find('/') == std::string::npos &&
                     plain_word(options.storage_class) && plain_word(options.encryption) &&
                     plain_word(options.encryption_key);
  if (!words)
    return Error{Code::invalid_argument,
                 "an S3 option (region, storage class, encryption) holds what no such word may"};
  constexpr std::uint64_t kPartBytesMin = 5u << 20, kPartBytesMax = 1u << 30;
  if (options.connections_max == 0 || options.attempts_max == 0 || options.parts_at_once == 0 ||
      options.connections_max > 4096 || options.parts_at_once > 256 ||
      options.part_bytes < kPartBytesMin || options.part_bytes > kPartBytesMax)
    return Error{
        Code::invalid_argument,
        "an S3 option is out of its range: at least one attempt, 1 to 4096 connections, 1 to "
        "256 parts at once, parts of 5 MiB to 1 GiB"};
  return {};
}

void move_into(std::span<const std::span<std::uint8_t>> places, HttpAnswer& answer) {
  Bytes rest = answer.body;
  for (const std::span<std::uint8_t> place : places) {
    const Bytes part = rest.first(std::min(rest.size(), place.size()));
    std::copy(part.begin(), part.end(), place.begin());
    rest = rest.subspan(part.size());
  }
  answer.placed_bytes = answer.body.size();
  answer.body.clear();
}

RetryOptions retry_options(const S3Options& options) {
  return {.attempts_max = options.attempts_max,
          .wait_first = options.wait_first,
          .wait_max = options.wait_max,
          .time_max = options.time_max,
          .budget_a_call = options.retry_budget_a_request,
          .reserve_max = options.retry_reserve_max};
}

}  // namespace

Client::Client(const S3Options& options, const World& world, Endpoint endpoint)
    : options_(without_credentials(options)),
      retry_(retry_options(options)),
      world_(world),
      endpoint_(std::move(endpoint)),
      // A certificate for *.host does not cover a bucket with a dot in its name.
      path_style_(options.path_style.value_or(!options.endpoint.empty() ||
                                              options.bucket.find('.') != std::string::npos)),
      credentials_(options, world.files, world.clock),
      requests_(options.limits.requests_a_second, world.clock.monotonic_ns()),
      reads_(options.limits.read_bytes_a_second, world.clock.monotonic_ns()),
      writes_(options.limits.write_bytes_a_second, world.clock.monotonic_ns()),
      budget_(retry_, world.clock.monotonic_ns()) {}

Result<std::unique_ptr<Client>> Client::make(const S3Options& options, const World& world) {
  SPIND_TRY(check_options(options));
  Endpoint endpoint = aws_endpoint(options.region);
  if (!options.endpoint.empty()) {
    SPIND_TRY_ASSIGN(endpoint, parse_endpoint(options.endpoint));
  }
  std::unique_ptr<Client> client(new Client(options, world, std::move(endpoint)));
  SPIND_TRY(client->credentials_.get());
  if (!options.tls_ca_file.empty())
    SPIND_TRY(world.files.open(options.tls_ca_file, OpenMode::read));
  SPIND_TRY_ASSIGN(client->http_, HttpLoop::start({.ca_file = options.tls_ca_file,
                                                   .http2 = options.http2,
                                                   .transfers_max = options.connections_max,
                                                   .connect_timeout = options.connect_timeout,
                                                   .stall_timeout = options.stall_timeout,
                                                   .request_timeout = options.request_timeout},
                                                  world.threads));
  return client;
}

std::string Client::path_of(std::string_view key) const {
  std::string path = "/";
  if (path_style_) path += options_.bucket + (key.empty() ? "" : "/");
  return path + uri_encode(key, true);
}

HttpRequest Client::sign(const Call& call, const S3Credentials& credentials) const {
  const std::int64_t now =
      world_.clock.wall_ns() / kSecondNs + skew_used_seconds_.load(std::memory_order_relaxed);
  const std::string host = path_style_ ? endpoint_.host : options_.bucket + "." + endpoint_.host;
  HttpRequest request{.method = call.method,
                      .headers = call.headers,
                      .body = call.body,
                      .places = call.places,
                      .body_bytes_max = call.body_bytes_max,
                      .once = call.once};
  const std::string payload =
      call.payload_hash.empty() ? to_hex(sha256(Bytes())) : call.payload_hash;
  request.headers.emplace_back("host", host);
  request.headers.emplace_back("x-amz-date", amz_date(now));
  request.headers.emplace_back("x-amz-content-sha256", payload);
  if (!credentials.session_token.empty())
    request.headers.emplace_back("x-amz-security-token", credentials.session_token);
  if (options_.requester_pays) request.headers.emplace_back("x-amz-request-payer", "requester");
  const std::string path = path_of(call.key);
  request.headers.emplace_back("authorization", authorization({.method = call.method,
                                                               .path = path,
                                                               .query = call.query,
                                                               .headers = request.headers,
                                                               .payload_hash = payload,
                                                               .time_seconds = now,
                                                               .region = options_.region},
                                                              credentials));
  request.url = fmt::format("{}://{}{}", endpoint_.tls ? "https" : "http", host, path);
  if (!call.query.empty()) request.url += "?" + canonical_query(call.query);
  return request;
}

void Client::learn_clock(const HttpAnswer& answer) {
  const std::optional<std::int64_t> date = date_of(answer);
  if (!date) return;
  // The header has whole seconds: what lies within one is no difference.
  const std::int64_t ahead_ms = *date * 1'000 - world_.clock.wall_ns() / 1'000'000;
  const std::int64_t seen = ahead_ms > 0 ? ahead_ms : std::min<std::int64_t>(ahead_ms + 1'000, 0);
  skew_seen_ms_.store(seen, std::memory_order_relaxed);
}

void Client::note(const Call& call, const HttpOutcome& outcome, bool failed) {
  Counts& counts = counts_[static_cast<std::size_t>(call.kind)];
  (failed ? counts.failed : counts.good).fetch_add(1, std::memory_order_relaxed);
  bytes_sent_.fetch_add(call.body.size(), std::memory_order_relaxed);
  const std::uint64_t received = outcome.answer.placed_bytes + outcome.answer.body.size();
  bytes_received_.fetch_add(received, std::memory_order_relaxed);
  reads_.take_later(received);
  learn_clock(outcome.answer);
}

std::optional<Failure> Client::judge(const Call& call, const HttpOutcome& outcome) {
  const int status = outcome.answer.status;
  const bool good = outcome.failure == HttpFailure::none &&
                    ((status >= 200 && status < 300) || status == call.also_good);
  const std::uint64_t length = outcome.answer.content_length.value_or(0);
  // All of a blob, where a range was asked for, may be another's and says nothing of its size.
  const bool whole_wanted = call.places.empty();
  if (outcome.failure == HttpFailure::too_large && whole_wanted && status == 200 &&
      length > call.body_bytes_max)
    return Failure{Error{Code::limit_exceeded, "the blob is too large", std::string(call.name),
                         call.body_bytes_max, length}};
  if (!good) return failure_of_outcome(outcome, call.action, call.name);
  if (!call.accept) return std::nullopt;
  Status accepted = call.accept(outcome.answer);
  if (accepted.ok()) return std::nullopt;
  const bool again = accepted.code() == Code::io_error || accepted.code() == Code::unavailable;
  Failure failure{std::move(accepted).error(), again ? Remedy::again : Remedy::none};
  if (failure.error.path.empty()) failure.error.path = std::string(call.name);
  return failure;
}

bool Client::wait_for_next(const Call& call, const HttpAnswer& answer, Attempt& attempt) {
  if (attempt.made >= retry_.attempts_max) return false;
  const std::int64_t longest = longest_retry_wait_ns(retry_, attempt.made);
  const auto jitter = static_cast<std::int64_t>(world_.random.next_u64() %
                                                (static_cast<std::uint64_t>(longest) + 1));
  // What the server asks for comes on top, so that not all come back at the same moment.
  const std::int64_t wait = jitter + retry_after_ns(answer, world_.clock.wall_ns() / kSecondNs);
  const std::int64_t now = world_.clock.monotonic_ns();
  if (now - attempt.begin_ns + wait > to_ns(retry_.time_max)) return false;
  if (!budget_.draw(now)) return false;
  return pause_unless(world_.pause, wait, call.interrupt).ok();
}

bool Client::mend(const Call& call, const Failure& failure, const HttpAnswer& answer,
                  const S3Credentials& used, Attempt& attempt) {
  switch (failure.remedy) {
    case Remedy::none: return false;
    case Remedy::again: return wait_for_next(call, answer, attempt);
    case Remedy::twice: return attempt.made <= 2 && wait_for_next(call, answer, attempt);
    case Remedy::set_clock: {
      const std::optional<std::int64_t> date = date_of(answer);
      if (!date || std::exchange(attempt.clock_was_set, true)) return false;
      skew_used_seconds_.store(*date - world_.clock.wall_ns() / kSecondNs,
                               std::memory_order_relaxed);
      return true;
    }
    case Remedy::new_keys: {
      if (std::exchange(attempt.keys_were_renewed, true)) return false;
      const Result<bool> renewed = credentials_.renew(used);
      return renewed.ok() && *renewed;
    }
  }
  return false;
}

// How much will be read is known only when it is there: who reads next waits for it.
Status Client::wait_for_turn(const Call& call) {
  const std::int64_t now = world_.clock.monotonic_ns();
  const bool writes = call.kind == Kind::put || call.kind == Kind::part;
  const std::int64_t bytes = writes ? writes_.take(call.body.size(), now) : reads_.take(0, now);
  return pause_unless(world_.pause, std::max(requests_.take(1, now), bytes) - now, call.interrupt);
}

HttpOutcome Client::perform(const Call& call, const S3Credentials& credentials) {
  std::uint64_t wanted = call.body_bytes_max;
  for (const std::span<std::uint8_t> place : call.places) wanted += place.size();
  const bool hedged = options_.hedge_reads && call.kind == Kind::get && wanted <= kHedgedBytesMax;
  if (hedged) return perform_hedged(call, credentials, wanted);
  return http_->perform(sign(call, credentials), call.interrupt);
}

HttpOutcome Client::perform_hedged(const Call& call, const S3Credentials& credentials,
                                   std::uint64_t wanted) {
  // Two answers must not be written to the same places.
  Call again = call;
  again.places = {};
  again.body_bytes_max = wanted;
  const auto ask_again = [&]() -> std::optional<HttpRequest> {
    if (!hedging_.draw()) return std::nullopt;
    hedges_.fetch_add(1, std::memory_order_relaxed);
    requests_.take_later(1);
    return sign(again, credentials);
  };
  const std::int64_t begin_ns = world_.clock.monotonic_ns();
  bool second = false;
  HttpOutcome outcome = http_->perform_hedged(sign(call, credentials),
                                              hedging_.patience().value_or(std::chrono::hours(1)),
                                              ask_again, second, call.interrupt);
  if (outcome.failure == HttpFailure::none && outcome.answer.status < 300)
    hedging_.took(std::chrono::nanoseconds(world_.clock.monotonic_ns() - begin_ns));
  if (second && outcome.answer.status == 206 && !call.places.empty())
    move_into(call.places, outcome.answer);
  return outcome;
}

Result<HttpAnswer> Client::send(const Call& call, std::uint32_t* attempts) {
  budget_.call_began();
  Attempt attempt{.begin_ns = world_.clock.monotonic_ns()};
  while (true) {
    SPIND_TRY(wait_for_turn(call));
    SPIND_TRY_ASSIGN(S3Credentials credentials, credentials_.get());
    ++attempt.made;
    if (attempts != nullptr) *attempts = attempt.made;
    if (attempt.made > 1) retries_.fetch_add(1, std::memory_order_relaxed);
    HttpOutcome outcome = perform(call, credentials);
    std::optional<Failure> failure = judge(call, outcome);
    note(call, outcome, failure.has_value());
    const bool again = failure && mend(call, *failure, outcome.answer, credentials, attempt);
    wipe(credentials.secret_key);
    wipe(credentials.session_token);
    if (again) continue;
    if (!failure) return std::move(outcome.answer);
    SPIND_TRY(ask(call.interrupt));
    return std::move(failure->error);
  }
}

S3Usage Client::usage() const {
  const auto made = [&](Kind kind) {
    const Counts& counts = counts_[static_cast<std::size_t>(kind)];
    return counts.good.load(std::memory_order_relaxed) +
           counts.failed.load(std::memory_order_relaxed);
  };
  S3Usage usage{.puts = made(Kind::put),
                .gets = made(Kind::get),
                .heads = made(Kind::head),
                .removes = made(Kind::remove),
                .lists = made(Kind::list),
                .part_requests = made(Kind::part),
                .retries = retries_.load(std::memory_order_relaxed),
                .bytes_sent = bytes_sent_.load(std::memory_order_relaxed),
                .bytes_received = bytes_received_.load(std::memory_order_relaxed),
                .hedges = hedges_.load(std::memory_order_relaxed),
                .clock_skew_ms = skew_seen_ms_.load(std::memory_order_relaxed)};
  usage.gets += usage.hedges;
  for (const Counts& counts : counts_)
    usage.failures += counts.failed.load(std::memory_order_relaxed);
  return usage;
}

std::string Client::metrics() const {
  std::string out =
      "# HELP spind_s3_requests_total Attempts of requests to the bucket.\n"
      "# TYPE spind_s3_requests_total counter\n";
  const auto to = std::back_inserter(out);
  for (std::size_t kind = 0; kind < kKinds; ++kind) {
    fmt::format_to(to,
                   "spind_s3_requests_total{{request=\"{0}\",outcome=\"ok\"}} {1}\n"
                   "spind_s3_requests_total{{request=\"{0}\",outcome=\"failed\"}} {2}\n",
                   kKindNames[kind], counts_[kind].good.load(std::memory_order_relaxed),
                   counts_[kind].failed.load(std::memory_order_relaxed));
  }
  const S3Usage all = usage();
  fmt::format_to(
      to,
      "# HELP spind_s3_retries_total Attempts that were not the first of their request.\n"
      "# TYPE spind_s3_retries_total counter\n"
      "spind_s3_retries_total {}\n"
      "# HELP spind_s3_hedges_total Reads that were asked for a second time.\n"
      "# TYPE spind_s3_hedges_total counter\n"
      "spind_s3_hedges_total {}\n"
      "# HELP spind_s3_bytes_total Bytes of bodies that went to and fro.\n"
      "# TYPE spind_s3_bytes_total counter\n"
      "spind_s3_bytes_total{{direction=\"sent\"}} {}\n"
      "spind_s3_bytes_total{{direction=\"received\"}} {}\n",
      all.retries, all.hedges, all.bytes_sent, all.bytes_received);
  return out;
}

}  // namespace spind::s3
