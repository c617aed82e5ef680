#include "point.h"

#include <chrono>
#include <string>

#include "args.h"

namespace spind::tool {
namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;

// Takes what it expects from the front of a text; once it did not find it, nothing more.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  int digits(std::size_t count, int least, int most) {
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (!next_is_digit()) return fail();
      value = value * 10 + (rest_.front() - '0');
      rest_.remove_prefix(1);
    }
    return value < least || value > most ? fail() : value;
  }
  char one_of(std::string_view allowed) {
    if (rest_.empty() || allowed.find(rest_.front()) == allowed.npos) {
      fail();
      return 0;
    }
    const char found = rest_.front();
    rest_.remove_prefix(1);
    return found;
  }
  // ".25" as nanoseconds; 0 if there is no '.'.
  std::int64_t fraction() {
    if (rest_.empty() || rest_.front() != '.') return 0;
    rest_.remove_prefix(1);
    if (!next_is_digit()) return fail();
    std::int64_t value = 0;
    for (std::int64_t unit = kSecondNs / 10; next_is_digit(); unit /= 10) {
      value += (rest_.front() - '0') * unit;
      rest_.remove_prefix(1);
    }
    return value;
  }
  bool at_end() const { return ok_ && rest_.empty(); }

 private:
  bool next_is_digit() const {
    return !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9';
  }
  int fail() {
    ok_ = false;
    rest_ = {};
    return 0;
  }

  std::string_view rest_;
  bool ok_ = true;
};

std::int64_t offset_seconds(Scanner& scan) {
  const char sign = scan.one_of("Zz+-");
  if (sign != '+' && sign != '-') return 0;
  const int hours = scan.digits(2, 0, 23);
  scan.one_of(":");
  const int minutes = scan.digits(2, 0, 59);
  const std::int64_t seconds = hours * 3600 + minutes * 60;
  return sign == '-' ? -seconds : seconds;
}

}  // namespace

Result<std::int64_t> parse_time(std::string_view text) {
  const Error wrong{.code = Code::invalid_argument,
                    .text = "not a time: '" + std::string(text) + "' (as 2026-03-01T08:30:00Z)"};
  Scanner scan(text);
  // What nanoseconds since 1970 in 64 bits reach.
  const std::chrono::year year(scan.digits(4, 1678, 2261));
  scan.one_of("-");
  const std::chrono::month month(static_cast<unsigned>(scan.digits(2, 1, 12)));
  scan.one_of("-");
  const std::chrono::day day(static_cast<unsigned>(scan.digits(2, 1, 31)));
  scan.one_of("Tt ");
  std::int64_t seconds = scan.digits(2, 0, 23) * 3600;
  scan.one_of(":");
  seconds += scan.digits(2, 0, 59) * 60;
  scan.one_of(":");
  seconds += scan.digits(2, 0, 60);  // 60: a leap second
  const std::int64_t fraction_ns = scan.fraction();
  seconds -= offset_seconds(scan);
  const std::chrono::year_month_day date(year, month, day);
  if (!scan.at_end() || !date.ok()) return wrong;
  seconds += std::chrono::sys_days(date).time_since_epoch().count() * std::int64_t{86'400};
  return seconds * kSecondNs + fraction_ns;
}

Result<Point> parse_point(std::string_view text) {
  if (const Result<std::uint64_t> number = parse_number(text); number.ok())
    return Point{.entry = *number, .time_ns = {}};
  const Result<std::int64_t> time_ns = parse_time(text);
  if (!time_ns.ok())
    return Error{.code = Code::invalid_argument,
                 .text = "neither the number of an entry nor a time: '" + std::string(text) +
                         "' (as 120 or 2026-03-01T08:30:00Z)"};
  return Point{.entry = {}, .time_ns = *time_ns};
}

}  // namespace spind::tool
