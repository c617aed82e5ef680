// What servers and people write that a store in a bucket reads: answers, headers, addresses, and
// credentials files. Any text is taken, and what is accepted keeps its promises.
#include <string>

#include "base/bytes.h"
#include "blob/s3/answers.h"
#include "blob/s3/credentials.h"
#include "blob/s3/failure.h"
#include "blob/s3/uri.h"
#include "blob/s3/xml.h"
#include "fuzz/fuzz.h"

namespace {

using spind::fuzz::require;
namespace s3 = spind::s3;

// Its escaped text is read back as it was, wherever it is text at all.
void try_xml(std::string_view input) {
  const auto root = s3::parse_xml(input);
  if (root.ok()) require(!root->name.empty() && root->children.size() <= s3::kXmlElementsMax);
  const auto again = s3::parse_xml("<a>" + s3::xml_escape(input) + "</a>");
  require(again.ok() && again->text == input);
}

void try_answers(std::string_view input) {
  const auto listing = s3::parse_listing(input, "p/", "p/a");
  if (listing.ok()) {
    std::string last = "p/a";
    for (const spind::BlobListItem& item : listing->keys) {
      require(item.name.starts_with("p/") && item.name > last);
      last = item.name;
    }
    require(!listing->more || !listing->keys.empty());
  }
  const auto uploads = s3::parse_unfinished_uploads(input, "p/");
  if (uploads.ok()) {
    for (const s3::UnfinishedUpload& upload : uploads->uploads)
      require(upload.key.starts_with("p/") && !upload.id.empty());
    require(!uploads->more || !uploads->next_key.empty());
  }
  const auto id = s3::parse_upload_id(input);
  if (id.ok()) require(!id->empty() && id->find('\n') == std::string::npos);
  (void)s3::check_completed(input);
  (void)s3::parse_removal(input);
  (void)s3::parse_versioning(input);
  const auto lock = s3::parse_object_lock(input);
  if (lock.ok()) require(lock->retention.find_first_of("\r\n<>\"") == std::string::npos);
  require(s3::error_code(input).find_first_of(" \r\n<>\"") == std::string::npos);
}

// The text as an answer's body, and as its headers.
void try_failure(std::string_view input) {
  s3::HttpOutcome outcome;
  outcome.answer.status = input.empty() ? 0 : 200 + static_cast<unsigned char>(input[0]) * 2;
  outcome.answer.body.assign(input.begin(), input.end());
  for (const char* const name : {"date", "retry-after", "x-amz-request-id", "x-amz-bucket-region"})
    outcome.answer.headers.emplace_back(name, input);
  const s3::Failure failure = s3::failure_of_outcome(outcome, "get", "name");
  require(failure.error.code != spind::Code::ok);
  require(failure.error.text.find_first_of("\r\n") == std::string::npos);
  const std::int64_t wait = s3::retry_after_ns(outcome.answer, 1'700'000'000);
  require(wait >= 0 && wait <= s3::kRetryAfterMaxNs);
}

void try_addresses(std::string_view input) {
  const auto endpoint = s3::parse_endpoint(input);
  if (endpoint.ok()) require(endpoint->host.find_first_of("/@?#% \r\n") == std::string::npos);
  const auto options = spind::parse_s3_url(input);
  if (options.ok()) {
    require(s3::check_bucket_name(options->bucket).ok());
    require(s3::check_prefix(options->prefix).ok());
  }
  require(s3::uri_encode(input, false).find_first_of("/?# \r\n") == std::string::npos);
}

void try_credentials(std::string_view input) {
  const auto credentials = s3::parse_credentials_file(input, "default");
  if (!credentials.ok() || !s3::check_credentials(*credentials).ok()) return;
  require(credentials->secret_key.find_first_of(" \r\n") == std::string::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = spind::fuzz::text(data, size);
  try_xml(input);
  try_answers(input);
  try_failure(input);
  try_addresses(input);
  try_credentials(input);
  return 0;
}
