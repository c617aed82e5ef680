// Where the keys come from that requests are signed with. They are kept in memory alone, and stand
// in no error and no log.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/files.h"
#include "spind/s3.h"

namespace spind::s3 {

// A profile out of a shared credentials file. not_found, invalid_argument.
Result<S3Credentials> parse_credentials_file(std::string_view text, std::string_view profile);

// For whoever keeps options: credentials are kept, and wiped, by a CredentialsKeeper alone.
S3Options without_credentials(S3Options options);

// ok or unauthenticated: keys that cannot stand in a header.
Status check_credentials(const S3Credentials& credentials);

// Thread-safe.
class CredentialsKeeper {
 public:
  // Borrows `files` and `clock`.
  CredentialsKeeper(const S3Options& options, Files& files, Clock& clock);
  ~CredentialsKeeper();
  CredentialsKeeper(const CredentialsKeeper&) = delete;
  CredentialsKeeper& operator=(const CredentialsKeeper&) = delete;

  // Those that are at hand; fetched where there are none or they are about to expire.
  Result<S3Credentials> get();
  // Fetches them anew, since the server refuses `refused`; others that came meanwhile stay. False
  // if there are no others to be had.
  Result<bool> renew(const S3Credentials& refused);

 private:
  Result<S3Credentials> fetch();
  Result<S3Credentials> from_file();
  bool about_to_expire() const;
  void keep(S3Credentials credentials);

  const S3CredentialsSource source_;
  std::optional<S3Credentials> given_;
  const std::string file_, profile_;
  Files& files_;
  Clock& clock_;
  std::mutex mutex_;
  std::optional<S3Credentials> kept_;
};

}  // namespace spind::s3
