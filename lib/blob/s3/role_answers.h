// What a cloud answers to who asks for the credentials of a role.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "spind/s3.h"

namespace spind::s3 {

// "2026-11-28T16:20:30Z", also with a fraction of a second: seconds since 1970.
Result<std::int64_t> parse_utc(std::string_view text);

// JSON of the instance metadata: AccessKeyId, SecretAccessKey, Token, Expiration.
Result<S3Credentials> parse_instance_credentials(std::string_view json);
// XML of AssumeRoleWithWebIdentity.
Result<S3Credentials> parse_assumed_role(std::string_view xml);

}  // namespace spind::s3
