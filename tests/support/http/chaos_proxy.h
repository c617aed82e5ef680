// Stands in front of a server of S3 and does what servers and networks do wrong, as a seed decides.
// What comes back from the server is whole and right until it is spoilt here.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <string_view>

#include "support/http/connections.h"
#include "support/http/wire.h"

namespace spind::test {

enum class Chaos : std::uint8_t {
  internal_error,    // 500, before or after the request was carried out
  slow_down,         // 503
  too_many,          // 429, with a word when to come back
  request_timeout,   // 400 RequestTimeout
  reset_in_headers,  // of the answer
  reset_in_body,     // of the request, half of which the server gets, or else of the answer
  reset_after_body,  // of the request: it is carried out and not answered
  slow_drip,         // of the answer, some bytes a second
  wrong_length,      // the answer has fewer or more bytes than it says
  damaged_body,      // one byte of an object is another one, on its way there or back
  truncated_xml,     // an answer that ends in the middle and does not know it
  other_key,         // an object's bytes, or a listing, that belong to another question
  forbidden,         // 403, for some requests in a row
  expired_token,     // 400 ExpiredToken
  outage,            // nobody is there
  black_hole         // somebody is, and never says a word
};
inline constexpr std::size_t kChaosCount = 16;
// What a client tries again by itself, and gets done soon.
inline constexpr Chaos kPassingChaos[] = {
    Chaos::internal_error, Chaos::slow_down,        Chaos::request_timeout, Chaos::reset_in_headers,
    Chaos::reset_in_body,  Chaos::reset_after_body, Chaos::truncated_xml};
std::string_view chaos_name(Chaos fault);

// Thread-safe.
class ChaosProxy {
 public:
  // In front of "HOST:PORT", which speaks plain HTTP.
  ChaosProxy(std::string server, std::uint64_t seed);

  std::string url() const { return "http://127.0.0.1:" + std::to_string(connections_.port()); }

  // From now on so many of a thousand requests meet this fault; 0: none does.
  void set(Chaos fault, std::uint32_t of_a_thousand);
  void set_all(std::uint32_t of_a_thousand);
  // All requests, and open connections end.
  void begin_outage(Chaos outage_or_black_hole);
  // Waits until the clients are gone and nothing is under way that they have asked for.
  bool wait_for_all(std::chrono::milliseconds at_most) {
    return connections_.wait_for_all(at_most);
  }
  // Of all kinds.
  void stop();

  std::uint64_t fired(Chaos fault) const { return fired_[index(fault)]; }

 private:
  struct Way;  // from a client to the server
  static std::size_t index(Chaos fault) { return static_cast<std::size_t>(fault); }
  void serve(int client);
  // False if the client's connection is to end.
  bool pass(Way& way, const HttpRequestSeen& request, const std::string& raw);
  std::optional<Chaos> choose(const HttpRequestSeen& request);
  bool refuse(Way& way, Chaos fault);
  bool cut_request(Way& way, const std::string& raw);
  bool spoil(Way& way, Chaos fault, const HttpRequestSeen& request, HttpAnswerSeen answer);
  bool damage_request(Way& way, const HttpRequestSeen& request, std::string raw);
  bool drip(const Way& way, const std::string& bytes);
  void wait_in_black_hole();
  void remember(const HttpRequestSeen& request, const HttpAnswerSeen& answer);
  std::uint64_t random();
  void count(Chaos fault) { ++fired_[index(fault)]; }

  const std::string server_;
  mutable std::mutex mutex_;
  std::mt19937_64 random_;                            // under mutex_
  std::array<std::uint32_t, kChaosCount> chances_{};  // under mutex_
  std::array<HttpAnswerSeen, 2> earlier_;             // under mutex_: an object, a listing
  std::array<std::string, 2> earlier_target_;         // under mutex_
  std::uint32_t forbidden_left_ = 0;                  // under mutex_
  std::array<std::atomic<std::uint64_t>, kChaosCount> fired_{};
  std::atomic<int> outage_ = -1;  // which of the two
  Connections connections_;       // the last: they are served as soon as it is there
};

}  // namespace spind::test
