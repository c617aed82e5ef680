// How the server learns that the bytes of a request are those that were sent.
#pragma once

#include "blob/s3/client.h"

namespace spind::s3 {

// What is meant by the options where they leave it open.
S3Payload payload_in_use(const S3Options& options, bool tls);

// Makes `bytes`, which are borrowed, the body of the call.
void add_payload(Call& call, Bytes bytes, S3Payload payload);

}  // namespace spind::s3
