// Where the bytes of a store lie, as the command line and the environment say.
#pragma once

#include <memory>
#include <string>

#include "args.h"
#include "spind/blob_store.h"
#include "spind/s3.h"

namespace spind::tool {

inline bool is_bucket(std::string_view place) { return place.starts_with("s3://"); }

// The bucket of an "s3://BUCKET[/PREFIX]" with what --endpoint and its like say of it.
Result<S3Options> bucket_options(const Args& args, const std::string& url);

// Whether a place may be used that cannot tell two stores on it apart.
bool allows_unfenced(const Args& args);

// A bucket or a folder.
Result<std::shared_ptr<BlobStore>> open_blobs(const Args& args, const std::string& place);

}  // namespace spind::tool
