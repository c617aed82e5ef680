#include "blob/s3/role_answers.h"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <map>
#include <optional>

#include "base/try.h"
#include "blob/s3/xml.h"

namespace spind::s3 {
namespace {

// Neither these words nor what was answered is told: it may hold keys.
Error no_credentials(std::string_view why) {
  return {Code::unauthenticated, "an answer that holds no credentials: " + std::string(why)};
}

std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count) {
  int number = 0;
  const char* const begin = text.data() + at;
  const auto [stop, failure] = std::from_chars(begin, begin + count, number);
  if (failure != std::errc() || stop != begin + count || number < 0) return std::nullopt;
  return number;
}

// The members of an object of JSON whose values are strings. Others are passed over; objects and
// lists within it are refused, since no such answer has them.
class FlatJson {
 public:
  explicit FlatJson(std::string_view text) : rest_(text) {}

  std::optional<std::map<std::string, std::string>> read() {
    std::map<std::string, std::string> members;
    if (!take('{')) return std::nullopt;
    if (take('}')) return members;
    do {
      const std::optional<std::string> name = string();
      if (!name || !take(':')) return std::nullopt;
      skip_blanks();
      if (rest_.starts_with('"')) {
        std::optional<std::string> value = string();
        if (!value) return std::nullopt;
        members[*name] = *std::move(value);
      } else if (!word()) {
        return std::nullopt;
      }
    } while (take(','));
    if (!take('}')) return std::nullopt;
    return members;
  }

 private:
  void skip_blanks() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size()));
  }
  bool take(char c) {
    skip_blanks();
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  // Of the escapes those that stand for themselves: keys and tokens need no others.
  std::optional<std::string> string() {
    if (!take('"')) return std::nullopt;
    std::string out;
    for (std::size_t i = 0; i < rest_.size(); ++i) {
      if (rest_[i] == '"') {
        rest_.remove_prefix(i + 1);
        return out;
      }
      if (rest_[i] == '\\') {
        if (++i == rest_.size()) return std::nullopt;
        if (rest_[i] != '/' && rest_[i] != '"' && rest_[i] != '\\') return std::nullopt;
      }
      out += rest_[i];
    }
    return std::nullopt;
  }
  bool word() {
    const std::size_t end = std::min(rest_.find_first_of(",} \t\r\n"), rest_.size());
    const bool plain = end > 0 && rest_.substr(0, end).find_first_of("{[\"") == rest_.npos;
    rest_.remove_prefix(end);
    return plain;
  }

  std::string_view rest_;
};

}  // namespace

Result<std::int64_t> parse_utc(std::string_view text) {
  const auto wrong = [] { return no_credentials("a time that is none"); };
  if (text.size() < 20 || !text.ends_with('Z') || text[4] != '-' || text[7] != '-' ||
      text[10] != 'T' || text[13] != ':' || text[16] != ':')
    return wrong();
  const std::string_view fraction = text.substr(19, text.size() - 20);
  if (!fraction.empty() && fraction[0] != '.') return wrong();
  const auto year = digits(text, 0, 4), month = digits(text, 5, 2), day = digits(text, 8, 2);
  const auto hour = digits(text, 11, 2), minute = digits(text, 14, 2), second = digits(text, 17, 2);
  if (!year || !month || !day || !hour || !minute || !second) return wrong();
  if (*year < 1970 || *month < 1 || *month > 12 || *day < 1 || *day > 31 || *hour > 23 ||
      *minute > 59 || *second > 60)
    return wrong();
  std::tm parts{};
  parts.tm_year = *year - 1900;
  parts.tm_mon = *month - 1;
  parts.tm_mday = *day;
  parts.tm_hour = *hour;
  parts.tm_min = *minute;
  parts.tm_sec = *second;
  return std::int64_t{::timegm(&parts)};
}

Result<S3Credentials> parse_instance_credentials(std::string_view json) {
  auto members = FlatJson(json).read();
  if (!members) return no_credentials("no object of JSON");
  S3Credentials credentials{.access_key = std::move((*members)["AccessKeyId"]),
                            .secret_key = std::move((*members)["SecretAccessKey"]),
                            .session_token = std::move((*members)["Token"])};
  if (credentials.access_key.empty() || credentials.secret_key.empty())
    return no_credentials("there are no keys in it");
  SPIND_TRY_ASSIGN(credentials.expires_at_seconds, parse_utc((*members)["Expiration"]));
  return credentials;
}

Result<S3Credentials> parse_assumed_role(std::string_view xml) {
  SPIND_TRY_ASSIGN(const XmlElement root, parse_xml(xml));
  const XmlElement* const result = root.child("AssumeRoleWithWebIdentityResult");
  const XmlElement* const found = result == nullptr ? nullptr : result->child("Credentials");
  if (root.name != "AssumeRoleWithWebIdentityResponse" || found == nullptr)
    return no_credentials("another element than was asked for");
  S3Credentials credentials{.access_key = std::string(found->text_of("AccessKeyId")),
                            .secret_key = std::string(found->text_of("SecretAccessKey")),
                            .session_token = std::string(found->text_of("SessionToken"))};
  if (credentials.access_key.empty() || credentials.secret_key.empty())
    return no_credentials("there are no keys in it");
  SPIND_TRY_ASSIGN(credentials.expires_at_seconds, parse_utc(found->text_of("Expiration")));
  return credentials;
}

}  // namespace spind::s3
