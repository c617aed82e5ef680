// What went wrong with a request, and whether and how it is tried again.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "blob/s3/http_loop.h"
#include "spind/result.h"

namespace spind::s3 {

enum class Remedy : std::uint8_t {
  none,
  again,      // after a while
  twice,      // the same, but most likely it is for good
  set_clock,  // ours is off; the answer says what the server's shows
  new_keys    // those that were used have expired, or are not known
};

struct Failure {
  Error error;
  Remedy remedy = Remedy::none;
};

// What an outcome means that is not what was asked for. `action` as "put", `name` the blob's.
Failure failure_of_outcome(const HttpOutcome& outcome, std::string_view action,
                           std::string_view name);

// An answer that cannot be right.
Error bad_answer(std::string_view why);

// Of a good answer to what stores something: one without an ETag is a proxy's, and nothing is
// stored.
Status has_etag(const HttpAnswer& answer);

// The time in an answer's header "date", seconds since 1970.
std::optional<std::int64_t> date_of(const HttpAnswer& answer);
// How long the server wants us to wait, at most kRetryAfterMaxNs; 0 if it does not say.
inline constexpr std::int64_t kRetryAfterMaxNs = 120'000'000'000;
std::int64_t retry_after_ns(const HttpAnswer& answer, std::int64_t now_seconds);

}  // namespace spind::s3
