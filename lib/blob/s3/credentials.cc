#include "blob/s3/credentials.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "base/try.h"
#include "blob/s3/signature.h"

namespace spind::s3 {
namespace {

constexpr std::uint64_t kFileBytesMax = 1u << 20;
constexpr std::size_t kKeyBytesMax = 256;
constexpr std::size_t kTokenBytesMax = 16 * 1024;
constexpr std::int64_t kRenewedBeforeSeconds = 300;

std::string environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r";
  const std::size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

bool visible(std::string_view text, std::size_t size_max) {
  return text.size() <= size_max &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

bool same(const S3Credentials& a, const S3Credentials& b) {
  return a.access_key == b.access_key && a.secret_key == b.secret_key &&
         a.session_token == b.session_token;
}

void wipe_all(S3Credentials& credentials) {
  wipe(credentials.secret_key);
  wipe(credentials.session_token);
}

void take_line(S3Credentials& credentials, std::string_view line) {
  const std::size_t equals = line.find('=');
  if (equals == std::string_view::npos) return;
  const std::string_view key = trimmed(line.substr(0, equals));
  const std::string_view value = trimmed(line.substr(equals + 1));
  if (key == "aws_access_key_id") credentials.access_key = std::string(value);
  if (key == "aws_secret_access_key") credentials.secret_key = std::string(value);
  if (key == "aws_session_token") credentials.session_token = std::string(value);
}

std::string usual_file() {
  std::string file = environment("AWS_SHARED_CREDENTIALS_FILE");
  if (!file.empty()) return file;
  const std::string home = environment("HOME");
  return home.empty() ? std::string() : home + "/.aws/credentials";
}

}  // namespace

Result<S3Credentials> parse_credentials_file(std::string_view text, std::string_view profile) {
  S3Credentials credentials;
  bool inside = false, found = false;
  while (!text.empty()) {
    const std::size_t size = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, size));
    text.remove_prefix(std::min(size + 1, text.size()));
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    if (line.front() == '[') {
      inside = line.back() == ']' && trimmed(line.substr(1, line.size() - 2)) == profile;
      found = found || inside;
    } else if (inside) {
      take_line(credentials, line);
    }
  }
  if (!found)
    return Error{Code::not_found, "the credentials file has no such profile", std::string(profile)};
  if (credentials.access_key.empty() || credentials.secret_key.empty())
    return Error{Code::invalid_argument,
                 "the profile lacks aws_access_key_id or aws_secret_access_key",
                 std::string(profile)};
  return credentials;
}

Status check_credentials(const S3Credentials& credentials) {
  const bool ok = !credentials.access_key.empty() && !credentials.secret_key.empty() &&
                  visible(credentials.access_key, kKeyBytesMax) &&
                  visible(credentials.secret_key, kKeyBytesMax) &&
                  visible(credentials.session_token, kTokenBytesMax);
  if (ok) return {};
  return Error{Code::unauthenticated,
               "the S3 credentials are empty or hold characters that no key has"};
}

S3Options without_credentials(S3Options options) {
  if (options.credentials) wipe_all(*options.credentials);
  options.credentials.reset();
  options.credentials_source = nullptr;
  return options;
}

CredentialsKeeper::CredentialsKeeper(const S3Options& options, Files& files, Clock& clock)
    : source_(options.credentials_source),
      given_(options.credentials),
      file_(options.credentials_file),
      profile_(options.profile),
      files_(files),
      clock_(clock) {}

CredentialsKeeper::~CredentialsKeeper() {
  if (given_) wipe_all(*given_);
  if (kept_) wipe_all(*kept_);
}

void CredentialsKeeper::keep(S3Credentials credentials) {
  if (kept_) wipe_all(*kept_);
  kept_ = std::move(credentials);
}

bool CredentialsKeeper::about_to_expire() const {
  return kept_->expires_at_seconds &&
         clock_.wall_ns() / 1'000'000'000 > *kept_->expires_at_seconds - kRenewedBeforeSeconds;
}

Result<S3Credentials> CredentialsKeeper::from_file() {
  const std::string path = file_.empty() ? usual_file() : file_;
  std::string profile = profile_.empty() ? environment("AWS_PROFILE") : profile_;
  if (profile.empty()) profile = "default";
  auto text = path.empty() ? Result<std::string>(Error{Code::not_found, "no HOME"})
                           : read_file(files_, path, kFileBytesMax);
  if (!text.ok()) {
    return Error{Code::unauthenticated,
                 "no S3 credentials: neither in the options, nor in AWS_ACCESS_KEY_ID and "
                 "AWS_SECRET_ACCESS_KEY, nor in a readable credentials file",
                 path};
  }
  auto parsed = parse_credentials_file(*text, profile);
  wipe(*text);
  if (!parsed.ok())
    return Error{Code::unauthenticated, parsed.error().text + " (" + profile + ")", path};
  return parsed;
}

Result<S3Credentials> CredentialsKeeper::fetch() {
  if (source_) return source_();
  if (given_) return *given_;
  if (file_.empty() && profile_.empty()) {
    S3Credentials credentials{.access_key = environment("AWS_ACCESS_KEY_ID"),
                              .secret_key = environment("AWS_SECRET_ACCESS_KEY"),
                              .session_token = environment("AWS_SESSION_TOKEN")};
    if (!credentials.access_key.empty()) return credentials;
  }
  return from_file();
}

Result<S3Credentials> CredentialsKeeper::get() {
  const std::lock_guard lock(mutex_);
  if (!kept_ || about_to_expire()) {
    SPIND_TRY_ASSIGN(S3Credentials fetched, fetch());
    SPIND_TRY(check_credentials(fetched));
    keep(std::move(fetched));
  }
  return *kept_;
}

Result<bool> CredentialsKeeper::renew(const S3Credentials& refused) {
  const std::lock_guard lock(mutex_);
  if (kept_ && !same(*kept_, refused)) return true;
  SPIND_TRY_ASSIGN(S3Credentials fetched, fetch());
  SPIND_TRY(check_credentials(fetched));
  const bool others = !same(fetched, refused);
  keep(std::move(fetched));
  return others;
}

}  // namespace spind::s3
