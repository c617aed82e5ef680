// A bucket in memory that does what S3 does, as far as a store asks for it, and whose answers a
// test may spoil.
#pragma once

#include <charconv>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "unit/blob/s3/told_bucket.h"

namespace spind::s3 {

// Answers in the server's place; `rightly` does what is asked for and answers as it should.
using Rightly = std::function<HttpReply(const HttpRequestSeen&)>;
using Spoiler = std::function<HttpReply(const HttpRequestSeen&, const Rightly& rightly)>;

// All of several creates of one name are told that they won.
inline HttpReply blind_creates(const HttpRequestSeen& request, const Rightly& rightly) {
  const HttpReply reply = rightly(request);
  if (request.method != "PUT" || reply.status != 412) return reply;
  return {.headers = {{"ETag", "\"e\""}}};
}

// Thread-safe.
class ImitatedBucket {
 public:
  explicit ImitatedBucket(Spoiler spoiler = {}) : spoiler_(std::move(spoiler)) {}

  S3Options options() const {
    S3Options options;
    options.endpoint = server_.url();
    options.bucket = "bucket";
    options.credentials = S3Credentials{.access_key = "ACCESS", .secret_key = "SECRET"};
    options.attempts_max = 3;
    options.wait_first = std::chrono::milliseconds(0);
    return options;
  }
  std::size_t blobs() {
    const std::lock_guard lock(mutex_);
    return blobs_.size();
  }

 private:
  HttpReply answer(const HttpRequestSeen& request) {
    const auto rightly = [this](const HttpRequestSeen& one) { return right_answer(one); };
    return spoiler_ ? spoiler_(request, rightly) : rightly(request);
  }

  HttpReply right_answer(const HttpRequestSeen& request) {
    const std::lock_guard lock(mutex_);
    const std::size_t mark = request.target.find('?');
    const std::string path = request.target.substr(0, mark);
    const std::string query = mark == std::string::npos ? "" : request.target.substr(mark + 1);
    const std::string key = path.substr(std::string_view("/bucket").size());
    if (request.method == "GET") return key.empty() ? about(query) : get(key, request);
    if (request.method == "PUT") return put(key, query, request);
    if (request.method == "POST") return post(key, query, request);
    blobs_.erase(key);
    return {.status = 204};
  }

  HttpReply about(const std::string& query) {
    if (query.find("uploads=") != std::string::npos) return bytes_reply(std::string(kNoUploads));
    if (query.starts_with("versioning"))
      return bytes_reply("<VersioningConfiguration></VersioningConfiguration>");
    if (query.starts_with("object-lock"))
      return error_reply(404, "ObjectLockConfigurationNotFoundError");
    const bool v2 = query.find("list-type=2") != std::string::npos;
    const std::string prefix = word_of(query, "prefix");
    const std::string after = word_of(query, v2 ? "start-after" : "marker");
    std::string xml = "<ListBucketResult><IsTruncated>false</IsTruncated>";
    for (const auto& [path, bytes] : blobs_) {
      const std::string key = path.substr(1);
      if (key.starts_with(prefix) && key > after)
        xml += "<Contents><Key>" + key + "</Key><Size>" + std::to_string(bytes.size()) +
               "</Size></Contents>";
    }
    return bytes_reply(xml + "</ListBucketResult>");
  }

  // Of a query whose words have no other character to be encoded than '/'.
  static std::string word_of(const std::string& query, const std::string& name) {
    const std::size_t begin = ("&" + query).find("&" + name + "=");
    if (begin == std::string::npos) return "";
    std::string word = query.substr(begin + name.size() + 1);
    word = word.substr(0, word.find('&'));
    for (std::size_t at = word.find("%2F"); at != std::string::npos; at = word.find("%2F"))
      word.replace(at, 3, "/");
    return word;
  }

  HttpReply get(const std::string& key, const HttpRequestSeen& request) {
    const auto found = blobs_.find(key);
    if (found == blobs_.end()) return error_reply(404, "NoSuchKey");
    const auto range = request.headers.find("range");
    if (range == request.headers.end()) return bytes_reply(found->second);
    const std::string size = std::to_string(found->second.size());
    const std::string asked = range->second.substr(std::string_view("bytes=").size());
    const std::size_t first = std::stoul(asked),
                      last = std::stoul(asked.substr(asked.find('-') + 1));
    return {.status = 206,
            .headers = {{"Content-Range", "bytes " + asked + "/" + size}},
            .body = found->second.substr(first, last - first + 1)};
  }

  HttpReply put(const std::string& key, const std::string& query, const HttpRequestSeen& request) {
    if (query.find("partNumber=") != std::string::npos) {
      part_ = request.body;
    } else if (request.headers.contains("if-none-match") && blobs_.contains(key)) {
      return error_reply(412, "PreconditionFailed");
    } else {
      blobs_[key] = request.body;
    }
    return {.headers = {{"ETag", "\"e\""}}};
  }

  // Of puts in parts it knows one at a time, of one part.
  HttpReply post(const std::string& key, const std::string& query, const HttpRequestSeen& request) {
    if (query.starts_with("uploads"))
      return bytes_reply(
          "<InitiateMultipartUploadResult><UploadId>1</UploadId>"
          "</InitiateMultipartUploadResult>");
    if (query.starts_with("uploadId")) {
      blobs_[key] = part_;
      return bytes_reply("<CompleteMultipartUploadResult></CompleteMultipartUploadResult>");
    }
    std::erase_if(blobs_, [&](const auto& blob) {
      return request.body.find("<Key>" + blob.first.substr(1) + "</Key>") != std::string::npos;
    });
    return bytes_reply("<DeleteResult></DeleteResult>");
  }

  const Spoiler spoiler_;
  std::mutex mutex_;
  std::map<std::string, std::string> blobs_;  // by their paths below the bucket
  std::string part_;
  HttpServer server_{[this](const HttpRequestSeen& request) { return answer(request); }};
};

}  // namespace spind::s3
