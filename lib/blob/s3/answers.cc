#include "blob/s3/answers.h"

#include <algorithm>
#include <charconv>

#include "base/try.h"
#include "blob/s3/xml.h"

namespace spind::s3 {
namespace {

constexpr std::size_t kErrorCodeBytesMax = 64;
constexpr std::size_t kUploadIdBytesMax = 2048;

Error not_believed(std::string_view why) {
  return {Code::io_error, "an answer of S3 that cannot be right: " + std::string(why)};
}

// Only what a code may consist of, so that nobody's text ends up in our errors.
std::string plain_code(std::string_view text) {
  const bool plain =
      text.size() <= kErrorCodeBytesMax && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '_' || c == '-';
      });
  return plain ? std::string(text) : std::string();
}

Result<XmlElement> root_named(std::string_view body, std::string_view name) {
  SPIND_TRY_ASSIGN(XmlElement root, parse_xml(body));
  if (root.name == name) return root;
  if (root.name == "Error")
    return not_believed("an error in place of a result: " + plain_code(root.text_of("Code")));
  return not_believed("another element than " + std::string(name));
}

Result<std::uint64_t> parse_size(std::string_view text) {
  std::uint64_t size = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, failure] = std::from_chars(text.data(), end, size);
  if (text.empty() || failure != std::errc() || stop != end) return not_believed("a size");
  return size;
}

Result<bool> parse_truncated(const XmlElement& root) {
  const std::string_view text = root.text_of("IsTruncated");
  if (text == "true") return true;
  if (text == "false") return false;
  return not_believed("it does not say whether it is complete");
}

// Servers say which question they answer. An empty page would pass for any.
Status check_question(const XmlElement& root, std::string_view element, std::string_view asked) {
  const std::string_view told = root.text_of(element);
  if (told.empty() || told == asked) return {};
  return not_believed("it answers another question");
}

Result<std::string> plain_upload_id(std::string_view id) {
  const bool plain =
      !id.empty() && id.size() <= kUploadIdBytesMax &&
      std::all_of(id.begin(), id.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  if (!plain) return not_believed("the id of an upload");
  return std::string(id);
}

}  // namespace

std::string error_code(std::string_view body) {
  const auto root = parse_xml(body);
  if (!root.ok() || root->name != "Error") return {};
  return plain_code(root->text_of("Code"));
}

Result<Listing> parse_listing(std::string_view body, std::string_view prefix,
                              std::string_view after) {
  SPIND_TRY_ASSIGN(const XmlElement root, root_named(body, "ListBucketResult"));
  SPIND_TRY(check_question(root, "Prefix", prefix));
  SPIND_TRY(check_question(root, "StartAfter", after));
  SPIND_TRY(check_question(root, "Marker", after));
  Listing listing;
  SPIND_TRY_ASSIGN(listing.more, parse_truncated(root));
  std::string last(after);
  for (const XmlElement& element : root.children) {
    if (element.name != "Contents") continue;
    const std::string_view key = element.text_of("Key");
    if (!key.starts_with(prefix)) return not_believed("a key with another prefix");
    if (!last.empty() && key <= last) return not_believed("keys that are not in byte order");
    last = std::string(key);
    SPIND_TRY_ASSIGN(const std::uint64_t size, parse_size(element.text_of("Size")));
    listing.keys.push_back({std::string(key), size});
  }
  if (listing.more && listing.keys.empty()) return not_believed("an empty page before the last");
  return listing;
}

Result<UnfinishedUploads> parse_unfinished_uploads(std::string_view body, std::string_view prefix) {
  SPIND_TRY_ASSIGN(const XmlElement root, root_named(body, "ListMultipartUploadsResult"));
  SPIND_TRY(check_question(root, "Prefix", prefix));
  UnfinishedUploads found;
  SPIND_TRY_ASSIGN(found.more, parse_truncated(root));
  for (const XmlElement& element : root.children) {
    if (element.name != "Upload") continue;
    const std::string_view key = element.text_of("Key");
    if (!key.starts_with(prefix)) return not_believed("an upload with another prefix");
    SPIND_TRY_ASSIGN(std::string id, plain_upload_id(element.text_of("UploadId")));
    found.uploads.push_back({std::string(key), std::move(id)});
  }
  found.next_key = std::string(root.text_of("NextKeyMarker"));
  found.next_id = std::string(root.text_of("NextUploadIdMarker"));
  if (found.more && found.next_key.empty()) return not_believed("a page without the next one");
  return found;
}

Result<std::string> parse_upload_id(std::string_view body) {
  SPIND_TRY_ASSIGN(const XmlElement root, root_named(body, "InitiateMultipartUploadResult"));
  return plain_upload_id(root.text_of("UploadId"));
}

Status check_completed(std::string_view body) {
  SPIND_TRY(root_named(body, "CompleteMultipartUploadResult"));
  return {};
}

Result<std::vector<NotRemoved>> parse_removal(std::string_view body) {
  SPIND_TRY_ASSIGN(const XmlElement root, root_named(body, "DeleteResult"));
  std::vector<NotRemoved> left;
  for (const XmlElement& element : root.children) {
    if (element.name != "Error") continue;
    left.push_back({std::string(element.text_of("Key")), plain_code(element.text_of("Code"))});
  }
  return left;
}

Result<Versioning> parse_versioning(std::string_view body) {
  SPIND_TRY_ASSIGN(const XmlElement root, root_named(body, "VersioningConfiguration"));
  const std::string_view status = root.text_of("Status");
  if (status.empty()) return Versioning::off;
  if (status == "Enabled") return Versioning::on;
  if (status == "Suspended") return Versioning::suspended;
  return not_believed("a state of versioning");
}

Result<ObjectLock> parse_object_lock(std::string_view body) {
  SPIND_TRY_ASSIGN(const XmlElement root, root_named(body, "ObjectLockConfiguration"));
  ObjectLock lock{.on = root.text_of("ObjectLockEnabled") == "Enabled"};
  const XmlElement* const rule = root.child("Rule");
  const XmlElement* const kept = rule == nullptr ? nullptr : rule->child("DefaultRetention");
  if (kept == nullptr || kept->text_of("Mode").empty()) return lock;
  const bool years = kept->child("Years") != nullptr;
  SPIND_TRY_ASSIGN(const std::uint64_t time, parse_size(kept->text_of(years ? "Years" : "Days")));
  lock.retention = plain_code(kept->text_of("Mode")) + " for " + std::to_string(time) +
                   (years ? " year" : " day") + (time == 1 ? "" : "s");
  return lock;
}

}  // namespace spind::s3
