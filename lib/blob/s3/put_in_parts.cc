// A large blob is put in parts, several at once: it is there when all of them are and the upload is
// completed, and not before.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <mutex>
#include <utility>

#include "base/try.h"
#include "blob/blob_name.h"
#include "blob/interrupt.h"
#include "blob/s3/payload.h"
#include "blob/s3/s3_blob_store.h"
#include "blob/s3/xml.h"

namespace spind::s3 {
namespace {

constexpr std::size_t kPartsMax = 10'000;
constexpr std::uint64_t kUploadXmlBytesMax = 8u << 20;
constexpr std::size_t kLeftoverPagesMax = 1'000;
// So long a caller who gave up is kept for what is to be cleared away.
constexpr std::chrono::milliseconds kAbortPatience{500};

Interrupt at_most(std::chrono::milliseconds time) {
  return [until = std::chrono::steady_clock::now() + time]() -> Status {
    if (std::chrono::steady_clock::now() < until) return {};
    return Error{Code::deadline_exceeded, "the abort of a put in parts takes too long"};
  };
}

std::string completion_xml(const std::vector<std::string>& etags) {
  std::string xml = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
  for (std::size_t i = 0; i < etags.size(); ++i)
    xml += fmt::format("<Part><PartNumber>{}</PartNumber><ETag>{}</ETag></Part>", i + 1,
                       xml_escape(etags[i]));
  return xml + "</CompleteMultipartUpload>";
}

}  // namespace

Result<std::string> ObjectStore::begin_parts(std::string_view name, const Interrupt& interrupt) {
  std::string id;
  SPIND_TRY(client_->send({.kind = Kind::part,
                           .method = "POST",
                           .action = "put in parts",
                           .name = name,
                           .key = key_of(name),
                           .query = {{"uploads", ""}},
                           .headers = storage_headers(),
                           .body_bytes_max = kUploadXmlBytesMax,
                           .interrupt = interrupt,
                           .accept = [&](const HttpAnswer& answer) -> Status {
                             SPIND_TRY_ASSIGN(id, parse_upload_id(as_text(answer.body)));
                             return {};
                           }}));
  return id;
}

Result<std::string> ObjectStore::put_part(std::string_view name, const std::string& id,
                                          std::size_t number, Bytes bytes,
                                          const Interrupt& interrupt) {
  Call call{.kind = Kind::part,
            .method = "PUT",
            .action = "put of a part",
            .name = name,
            .key = key_of(name),
            .query = {{"partNumber", std::to_string(number)}, {"uploadId", id}},
            .interrupt = interrupt,
            .accept = has_etag};
  // A CRC32C of a part would have to be announced for the whole upload, which not all servers know.
  add_payload(call, bytes, payload() == S3Payload::crc32c ? S3Payload::md5 : payload());
  SPIND_TRY_ASSIGN(const HttpAnswer answer, client_->send(call));
  return std::string(answer.header("etag"));
}

Result<std::vector<std::string>> ObjectStore::put_all_parts(std::string_view name,
                                                            const std::string& id, Bytes bytes,
                                                            const Interrupt& interrupt) {
  const std::size_t part_bytes =
      std::max<std::size_t>(options_.part_bytes, bytes.size() / kPartsMax + 1);
  const std::size_t count = std::max<std::size_t>(1, (bytes.size() + part_bytes - 1) / part_bytes);
  std::vector<std::string> etags(count);
  std::mutex mutex;
  Status first;
  crew_.run(count, [&](std::size_t i) {
    {
      const std::lock_guard lock(mutex);
      if (!first.ok()) return;
    }
    const Bytes rest = bytes.subspan(i * part_bytes);
    auto etag = put_part(name, id, i + 1, rest.first(std::min(rest.size(), part_bytes)), interrupt);
    const std::lock_guard lock(mutex);
    if (etag.ok()) {
      etags[i] = std::move(*etag);
    } else if (first.ok()) {
      first = std::move(etag).error();
    }
  });
  if (!first.ok()) return std::move(first).error();
  return etags;
}

Status ObjectStore::complete_parts(std::string_view name, const std::string& id,
                                   const std::vector<std::string>& etags, std::uint64_t size,
                                   const Interrupt& interrupt) {
  const std::string xml = completion_xml(etags);
  Call call{
      .kind = Kind::part,
      .method = "POST",
      .action = "completion of a put in parts",
      .name = name,
      .key = key_of(name),
      .query = {{"uploadId", id}},
      .body_bytes_max = kUploadXmlBytesMax,
      .once = true,
      .interrupt = interrupt,
      // The status is sent before the parts are joined: only the body tells how that went.
      .accept = [](const HttpAnswer& answer) { return check_completed(as_text(answer.body)); }};
  add_payload(call, as_bytes(xml), S3Payload::signed_sha256);
  std::uint32_t attempts = 0;
  const auto sent = client_->send(call, &attempts);
  if (sent.ok()) return {};
  if (sent.code() == Code::aborted && attempts > 1) {
    // An attempt whose answer was lost may have completed it.
    const auto there = size_of(name, interrupt);
    if (there.ok() && *there == size) return {};
  }
  return sent.error();
}

Status ObjectStore::abort_parts(std::string_view key, const std::string& id,
                                const Interrupt& interrupt) {
  const auto sent = client_->send({.kind = Kind::part,
                                   .method = "DELETE",
                                   .action = "abort of a put in parts",
                                   .name = key,
                                   .key = std::string(key),
                                   .query = {{"uploadId", id}},
                                   .interrupt = interrupt});
  if (sent.ok() || sent.code() == Code::aborted || sent.code() == Code::not_found) return {};
  return sent.error();
}

Status ObjectStore::put_in_parts(std::string_view name, Bytes bytes, const Interrupt& interrupt) {
  SPIND_TRY(check_blob_name(name));
  SPIND_TRY_ASSIGN(const std::string id, begin_parts(name, interrupt));
  auto etags = put_all_parts(name, id, bytes, interrupt);
  Status done = etags.ok() ? complete_parts(name, id, *etags, bytes.size(), interrupt)
                           : Status(std::move(etags).error());
  // What cannot be aborted now is found when the store is opened the next time.
  if (!done.ok())
    (void)abort_parts(key_of(name), id, ask(interrupt).ok() ? interrupt : at_most(kAbortPatience));
  return done;
}

Result<std::size_t> ObjectStore::for_each_leftover(
    const std::function<Status(const UnfinishedUpload&)>& visit) {
  std::size_t count = 0;
  std::string next_key, next_id;
  for (std::size_t page = 0; page < kLeftoverPagesMax; ++page) {
    Query query = {{"uploads", ""}, {"prefix", key_prefix_}};
    if (!next_key.empty()) query.emplace_back("key-marker", next_key);
    if (!next_id.empty()) query.emplace_back("upload-id-marker", next_id);
    UnfinishedUploads found;
    SPIND_TRY(client_->send({.kind = Kind::list,
                             .method = "GET",
                             .action = "list of unfinished uploads",
                             .query = std::move(query),
                             .body_bytes_max = kUploadXmlBytesMax,
                             .accept = [&](const HttpAnswer& answer) -> Status {
                               SPIND_TRY_ASSIGN(found, parse_unfinished_uploads(
                                                           as_text(answer.body), key_prefix_));
                               return {};
                             }}));
    for (const UnfinishedUpload& upload : found.uploads) {
      SPIND_TRY(visit(upload));
      ++count;
    }
    if (!found.more) break;
    next_key = found.next_key;
    next_id = found.next_id;
  }
  return count;
}

Result<std::size_t> ObjectStore::abort_leftovers() {
  return for_each_leftover(
      [&](const UnfinishedUpload& upload) { return abort_parts(upload.key, upload.id); });
}

Result<std::size_t> ObjectStore::count_leftovers() {
  return for_each_leftover([](const UnfinishedUpload&) { return Status(); });
}

}  // namespace spind::s3
