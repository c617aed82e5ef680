// What S3 answers, read out of its XML, which is believed in nothing that can be checked.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "spind/blob_store.h"

namespace spind::s3 {

// The code of an error answer, as "NoSuchKey"; empty if the text is none.
std::string error_code(std::string_view body);

struct Listing {
  std::vector<BlobListItem> keys{};
  bool more = false;
};
// Keys in byte order, each with `prefix` and greater than `after`; anything else is refused.
Result<Listing> parse_listing(std::string_view body, std::string_view prefix,
                              std::string_view after);

struct UnfinishedUpload {
  std::string key, id;
};
struct UnfinishedUploads {
  std::vector<UnfinishedUpload> uploads{};
  bool more = false;
  std::string next_key{}, next_id{};
};
Result<UnfinishedUploads> parse_unfinished_uploads(std::string_view body, std::string_view prefix);

Result<std::string> parse_upload_id(std::string_view body);
// That a put in parts was completed: the status of the answer alone does not say so.
Status check_completed(std::string_view body);

// Names that a removal of several did not remove, with the error's code.
struct NotRemoved {
  std::string key, code;
};
Result<std::vector<NotRemoved>> parse_removal(std::string_view body);

// Whether a bucket keeps what is overwritten or removed in it. Suspended: it did, and has that still.
enum class Versioning : std::uint8_t { off, suspended, on };
Result<Versioning> parse_versioning(std::string_view body);

struct ObjectLock {
  bool on = false;
  std::string retention{};  // of what is put without a word about it, as "COMPLIANCE for 30 days"
};
Result<ObjectLock> parse_object_lock(std::string_view body);

}  // namespace spind::s3
