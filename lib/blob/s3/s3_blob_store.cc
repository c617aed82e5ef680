#include "blob/s3/s3_blob_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <utility>

#include "base/try.h"
#include "blob/blob_name.h"
#include "blob/s3/payload.h"
#include "blob/s3/xml.h"

namespace spind::s3 {
namespace {

constexpr std::size_t kKeysARequest = 1000;
constexpr std::uint64_t kXmlBytesMax = 8u
                                       << 20;  // a thousand keys of 1,024 bytes, and what is around

bool begins_a_name(std::string_view text) {
  if (text.size() > kBlobNameBytesMax) return false;
  const bool whole = text.size() == kBlobNameBytesMax;
  return check_blob_name(std::string(text) + (whole ? "" : "x")).ok();
}

// The longest beginning of `text` that a name could have: every name that is greater than `text` is
// greater than it, too. Servers refuse much of what lies outside of it.
std::string_view nameable(std::string_view text) {
  text = text.substr(0, kBlobNameBytesMax);
  while (!text.empty() && !begins_a_name(text)) text.remove_suffix(1);
  return text;
}

std::string removal_xml(const std::string& key_prefix, std::span<const std::string> names) {
  std::string xml = "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
  for (const std::string& name : names)
    xml += "<Object><Key>" + xml_escape(key_prefix + name) + "</Key></Object>";
  return xml + "<Quiet>true</Quiet></Delete>";
}

// Nothing else is removed for what an answer says.
Status check_asked_for(const std::vector<NotRemoved>& rest, const std::string& key_prefix,
                       std::span<const std::string> names) {
  for (const NotRemoved& one : rest) {
    const bool asked_for = std::any_of(names.begin(), names.end(), [&](const std::string& name) {
      return one.key.size() == key_prefix.size() + name.size() && one.key.starts_with(key_prefix) &&
             one.key.ends_with(name);
    });
    if (!asked_for) return bad_answer("remove: an answer about another key");
  }
  return {};
}

}  // namespace

ObjectStore::ObjectStore(const S3Options& options, const World& world,
                         std::unique_ptr<Client> client)
    : options_(without_credentials(options)),
      key_prefix_(options.prefix.empty() ? "" : options.prefix + "/"),
      client_(std::move(client)),
      crew_(world.threads, options.parts_at_once - 1) {}

Result<std::shared_ptr<ObjectStore>> ObjectStore::open(const S3Options& options,
                                                       const World& world) {
  SPIND_TRY_ASSIGN(std::unique_ptr<Client> client, Client::make(options, world));
  std::shared_ptr<ObjectStore> store(new ObjectStore(options, world, std::move(client)));
  SPIND_TRY(store->list("", "", 1));
  return store;
}

// Not all servers list them, and not all keys may: nothing is wrong with the blobs then.
void ObjectStore::clear_leftovers() {
  if (options_.abort_leftovers) (void)abort_leftovers();
}

std::string ObjectStore::key_of(std::string_view name) const {
  return key_prefix_ + std::string(name);
}

Headers ObjectStore::storage_headers() const {
  Headers headers;
  if (!options_.storage_class.empty())
    headers.emplace_back("x-amz-storage-class", options_.storage_class);
  if (!options_.encryption.empty())
    headers.emplace_back("x-amz-server-side-encryption", options_.encryption);
  if (!options_.encryption_key.empty())
    headers.emplace_back("x-amz-server-side-encryption-aws-kms-key-id", options_.encryption_key);
  return headers;
}

Call ObjectStore::put_call(std::string_view name, Bytes bytes) const {
  Call call{.kind = Kind::put,
            .method = "PUT",
            .action = "put",
            .name = name,
            .key = key_of(name),
            .headers = storage_headers(),
            .accept = has_etag};
  add_payload(call, bytes, payload());
  return call;
}

S3Payload ObjectStore::payload() const { return payload_in_use(options_, client_->tls()); }

Status ObjectStore::put(std::string_view name, std::span<const std::uint8_t> bytes) {
  return put_unless(name, bytes, nullptr);
}

Status ObjectStore::put_unless(std::string_view name, std::span<const std::uint8_t> bytes,
                               const Interrupt& interrupt) {
  SPIND_TRY(check_blob_name(name));
  if (bytes.size() > options_.part_bytes) return put_in_parts(name, bytes, interrupt);
  Call call = put_call(name, bytes);
  call.interrupt = interrupt;
  SPIND_TRY(client_->send(call));
  return {};
}

Status ObjectStore::put_new(std::string_view name, std::span<const std::uint8_t> bytes) {
  SPIND_TRY(check_blob_name(name));
  Call call = put_call(name, bytes);
  call.headers.emplace_back("if-none-match", "*");
  call.once = true;
  std::uint32_t attempts = 0;
  auto sent = client_->send(call, &attempts);
  if (sent.ok()) return {};
  if (sent.code() != Code::precondition_failed) return std::move(sent).error();
  if (attempts > 1) {
    // An attempt whose answer was lost may be what is there now.
    const auto there = get(name, bytes.size());
    if (there.ok() && std::equal(there->begin(), there->end(), bytes.begin(), bytes.end()))
      return {};
    if (!there.ok() && there.code() != Code::limit_exceeded && there.code() != Code::not_found)
      return there.error();
  }
  return Error{Code::already_exists, "there is such a blob", std::string(name)};
}

Status ObjectStore::remove(std::string_view name) {
  SPIND_TRY(check_blob_name(name));
  const auto sent = client_->send({.kind = Kind::remove,
                                   .method = "DELETE",
                                   .action = "remove",
                                   .name = name,
                                   .key = key_of(name)});
  if (sent.ok() || sent.code() == Code::not_found) return {};
  return sent.error();
}

Status ObjectStore::remove_all(std::span<const std::string> names) {
  for (const std::string& name : names) SPIND_TRY(check_blob_name(name));
  std::mutex mutex;
  Status first;
  crew_.run((names.size() + kKeysARequest - 1) / kKeysARequest, [&](std::size_t i) {
    const auto batch = names.subspan(i * kKeysARequest);
    Status removed = remove_batch(batch.first(std::min(batch.size(), kKeysARequest)));
    const std::lock_guard lock(mutex);
    if (!removed.ok() && first.ok()) first = std::move(removed);
  });
  return first;
}

Status ObjectStore::remove_batch(std::span<const std::string> names) {
  const std::string xml = removal_xml(key_prefix_, names);
  std::vector<NotRemoved> rest;
  Call call{.kind = Kind::remove,
            .method = "POST",
            .action = "remove",
            .query = {{"delete", ""}},
            .body_bytes_max = kXmlBytesMax,
            .accept = [&](const HttpAnswer& answer) -> Status {
              SPIND_TRY_ASSIGN(rest, parse_removal(as_text(answer.body)));
              return check_asked_for(rest, key_prefix_, names);
            }};
  // Servers ask for this one here, whatever the options say.
  add_payload(call, as_bytes(xml), S3Payload::md5);
  SPIND_TRY(client_->send(call));
  return remove_rest(rest);
}

Status ObjectStore::remove_rest(const std::vector<NotRemoved>& rest) {
  for (const NotRemoved& one : rest) {
    if (one.code == "NoSuchKey") continue;
    // One by one they are tried again as any request is, and tell what they cannot be removed for.
    SPIND_TRY(remove(std::string_view(one.key).substr(key_prefix_.size())));
  }
  return {};
}

Result<Listing> ObjectStore::list_page(const std::string& prefix, const std::string& after,
                                       std::size_t count_max, const Interrupt& interrupt) {
  Query query = {{"prefix", prefix},
                 {"max-keys", std::to_string(std::min(count_max, kKeysARequest))}};
  if (!options_.list_v1) query.emplace_back("list-type", "2");
  if (!after.empty()) query.emplace_back(options_.list_v1 ? "marker" : "start-after", after);
  Listing listing;
  SPIND_TRY(client_->send({.kind = Kind::list,
                           .method = "GET",
                           .action = "list",
                           .name = prefix,
                           .query = std::move(query),
                           .body_bytes_max = kXmlBytesMax,
                           .interrupt = interrupt,
                           .accept = [&](const HttpAnswer& answer) -> Status {
                             SPIND_TRY_ASSIGN(listing,
                                              parse_listing(as_text(answer.body), prefix, after));
                             return {};
                           }}));
  return listing;
}

Result<std::vector<BlobListItem>> ObjectStore::list(std::string_view prefix, std::string_view after,
                                                    std::size_t count_max) {
  return list_unless(prefix, after, count_max, nullptr);
}

Result<std::vector<BlobListItem>> ObjectStore::list_unless(std::string_view prefix,
                                                           std::string_view after,
                                                           std::size_t count_max,
                                                           const Interrupt& interrupt) {
  std::vector<BlobListItem> found;
  if (!begins_a_name(prefix) || count_max == 0) return found;
  const std::string key_begin = key_of(prefix);
  std::string last = after.empty() ? std::string() : key_of(nameable(after));
  if (last == key_prefix_) last.clear();
  // Each page goes on behind the last key, so that none depends on a token that only one server of
  // many knows.
  while (found.size() < count_max) {
    const std::size_t asked = std::clamp<std::size_t>(count_max - found.size(), 2, kKeysARequest);
    SPIND_TRY_ASSIGN(Listing page, list_page(key_begin, last, asked, interrupt));
    const std::size_t told = page.keys.size();
    for (BlobListItem& item : page.keys) {
      last = item.name;
      item.name.erase(0, key_prefix_.size());
      // What others put into the bucket is none of ours.
      if (item.name > after && check_blob_name(item.name).ok() && found.size() < count_max)
        found.push_back(std::move(item));
    }
    // A MinIO may count the key behind which it is to begin: then it tells of one less than was
    // asked for, and that these were all.
    if (!page.more && (told == 0 || told + 1 < asked)) break;
  }
  return found;
}

S3Usage ObjectStore::usage() const { return client_->usage(); }
std::string ObjectStore::metrics() const { return client_->metrics(); }

}  // namespace spind::s3

namespace spind {

Result<std::shared_ptr<S3BlobStore>> open_s3(const S3Options& options) {
  SPIND_TRY_ASSIGN(auto store, s3::ObjectStore::open(options, s3::World{}));
  return std::shared_ptr<S3BlobStore>(std::move(store));
}

}  // namespace spind
