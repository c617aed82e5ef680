// Times and entries as a user writes them.
#include "point.h"

#include <doctest/doctest.h>

namespace spind::tool {
namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;

TEST_CASE("point: a time is read as RFC 3339 has it") {
  CHECK(*parse_time("1970-01-01T00:00:00Z") == 0);
  CHECK(*parse_time("1970-01-01t00:00:01z") == kSecondNs);
  CHECK(*parse_time("1970-01-01 00:00:00.25Z") == kSecondNs / 4);
  CHECK(*parse_time("1970-01-01T00:00:00.1234567899Z") == 123'456'789);
  CHECK(*parse_time("1969-12-31T23:59:59.5Z") == -kSecondNs / 2);
  CHECK(*parse_time("2026-03-01T08:30:00Z") == 1'772'353'800 * kSecondNs);
  CHECK(*parse_time("2026-03-01T09:30:00+01:00") == *parse_time("2026-03-01T08:30:00Z"));
  CHECK(*parse_time("2026-03-01T00:00:00-08:30") == *parse_time("2026-03-01T08:30:00Z"));
  CHECK(*parse_time("2024-02-29T00:00:00Z") == 1'709'164'800 * kSecondNs);
}

TEST_CASE("point: what is no time is refused") {
  for (const char* text :
       {"", "now", "2026", "2026-03-01", "2026-03-01T08:30", "2026-03-01T08:30:00",
        "2026-03-01T08:30:00.Z", "2026-03-01T08:30:00+0100", "2026-03-01T08:30:00Zx",
        "2026-02-30T00:00:00Z", "2025-02-29T00:00:00Z", "2026-13-01T00:00:00Z",
        "2026-03-01T24:00:00Z", "2026-03-01T08:60:00Z", "9999-01-01T00:00:00Z",
        "1500-01-01T00:00:00Z", "2026-03-01T08:30:00+25:00", " 2026-03-01T08:30:00Z"}) {
    CAPTURE(text);
    CHECK(parse_time(text).code() == Code::invalid_argument);
    if (std::string_view(text) != "2026") CHECK(parse_point(text).code() == Code::invalid_argument);
  }
}

TEST_CASE("point: a bare number is an entry") {
  CHECK(parse_point("120")->entry == 120);
  CHECK_FALSE(parse_point("120")->time_ns.has_value());
  CHECK(parse_point("1970-01-01T00:00:01Z")->time_ns == kSecondNs);
  CHECK_FALSE(parse_point("1970-01-01T00:00:01Z")->entry.has_value());
  CHECK(parse_point("-1").code() == Code::invalid_argument);
  CHECK(parse_point("99999999999999999999").code() == Code::invalid_argument);
}

}  // namespace
}  // namespace spind::tool
