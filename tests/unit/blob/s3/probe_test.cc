// What is told of buckets that cannot hold a store's bytes, and what to do.
#include "spind/probe.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <ctime>

#include "blob/s3/signature.h"
#include "unit/blob/s3/imitated_bucket.h"

namespace spind::s3 {
namespace {

Spoiler always(const HttpReply& reply) {
  return [reply](const HttpRequestSeen&, const Rightly&) { return reply; };
}
// Answers those requests whose method and target have these in them.
Spoiler where(std::string method, std::string target, HttpReply reply) {
  return [=](const HttpRequestSeen& request, const Rightly& rightly) {
    const bool meant = request.method.find(method) != std::string::npos &&
                       request.target.find(target) != std::string::npos;
    return meant ? reply : rightly(request);
  };
}
Spoiler refused(std::string method, std::string target) {
  return where(std::move(method), std::move(target), error_reply(403, "AccessDenied"));
}
HttpReply elsewhere(int status, const std::string& code) {
  HttpReply reply = error_reply(status, code);
  reply.headers.emplace_back("x-amz-bucket-region", "eu-central-1");
  return reply;
}

HttpReply without_header(const HttpRequestSeen& request, const Rightly& rightly,
                         const std::string& name) {
  return request.headers.contains(name) ? error_reply(400, "InvalidRequest") : rightly(request);
}
HttpReply ranges_ignored(const HttpRequestSeen& request, const Rightly& rightly) {
  HttpReply reply = rightly(request);
  if (request.headers.contains("range"))
    reply = {.body = "spind looks whether this bucket can hold a store's bytes"};
  return reply;
}
HttpReply damaged_bytes(const HttpRequestSeen& request, const Rightly& rightly) {
  HttpReply reply = rightly(request);
  if (request.method == "GET" && !reply.body.empty() && reply.body[0] == 's') reply.body[0] = 'S';
  return reply;
}
HttpReply only_v1(const HttpRequestSeen& request, const Rightly& rightly) {
  const bool v2 = request.target.find("list-type=2") != std::string::npos;
  return v2 ? error_reply(400, "InvalidArgument") : rightly(request);
}
// One that passes over what it does not know.
HttpReply v1_without_a_word(const HttpRequestSeen& request, const Rightly& rightly) {
  HttpRequestSeen understood = request;
  const std::size_t at = request.target.find("start-after=");
  if (at != std::string::npos) understood.target.replace(at, 5, "other");
  return rightly(understood);
}

std::string http_date(std::int64_t seconds) {
  const auto time = static_cast<std::time_t>(seconds);
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  char text[64];
  return {text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts)};
}
// Two minutes behind is taken by every server; an hour is refused, until requests are signed so.
template <int Behind>
HttpReply clock_behind(const HttpRequestSeen& request, const Rightly& rightly) {
  const std::int64_t now = std::time(nullptr) - Behind;
  const bool refused = request.headers.at("x-amz-date") > amz_date(now + 900);
  HttpReply reply = refused ? error_reply(403, "RequestTimeTooSkewed") : rightly(request);
  reply.headers.emplace_back("Date", http_date(now));
  return reply;
}

const ProbeFinding* first_wrong(const std::vector<ProbeFinding>& rows) {
  const auto found =
      std::find_if(rows.begin(), rows.end(), [](const ProbeFinding& row) { return !row.ok; });
  return found == rows.end() ? nullptr : &*found;
}

}  // namespace

TEST_CASE("probe: a bucket that does what S3 does is well, and keeps nothing of it") {
  ImitatedBucket bucket;
  for (const ProbeFinding& row : probe_s3(bucket.options())) {
    CAPTURE(row.check + ": " + row.finding);
    CHECK(row.ok);
    CHECK(row.advice == "");
  }
  CHECK(bucket.blobs() == 0);
}

TEST_CASE("probe: each thing that a bucket does wrong is told in its row, with what to do") {
  struct Bad {
    std::string what;
    Spoiler spoiler;
    std::string row, advice;
  };
  const HttpReply unknown = error_reply(501, "NotImplemented");
  const Bad all[] = {
      {"another region", always(elsewhere(301, "PermanentRedirect")), "reach", "--region"},
      {"a region in the signature", always(elsewhere(400, "AuthorizationHeaderMalformed")), "reach",
       "--region"},
      {"no such key", always(error_reply(403, "InvalidAccessKeyId")), "reach", "--credentials"},
      {"another secret", always(error_reply(403, "SignatureDoesNotMatch")), "reach",
       "--credentials"},
      {"no such bucket", always(error_reply(404, "NoSuchBucket")), "reach", "name of the bucket"},
      {"a page of something else", always(bytes_reply("<html>hello</html>")), "reach",
       "--endpoint"},
      {"always busy", always(error_reply(503, "SlowDown")), "reach", "--endpoint"},
      {"no right to list", refused("GET", "list-type"), "reach", "s3:ListBucket"},
      {"no ListObjectsV2", only_v1, "list", "--list-v1"},
      {"no ListObjectsV2, and no word of it", v1_without_a_word, "list", "--list-v1"},
      {"no right to list behind a name", refused("GET", "start-after="), "list", "s3:ListBucket"},
      {"no right to put", refused("PUT", ""), "put", "s3:PutObject"},
      {"no such checksums", where("PUT", "", error_reply(400, "InvalidRequest")), "put",
       "--payload"},
      {"no room", where("PUT", "", error_reply(507, "QuotaExceeded")), "put", "room"},
      {"no right to get", refused("GET", "/bucket/"), "get", "s3:GetObject"},
      {"other bytes", damaged_bytes, "get", "damages"},
      {"no ranges", ranges_ignored, "range", "another server"},
      {"creates that see nothing", blind_creates, "conditional_put", "--allow-unfenced"},
      {"no creates",
       [](const auto& request, const auto& rightly) {
         return without_header(request, rightly, "if-none-match");
       },
       "conditional_put", "--allow-unfenced"},
      {"no parts", where("POST", "uploads", unknown), "parts", "S3Options::part_bytes"},
      {"no right to remove", refused("DELETE", ""), "remove", "s3:DeleteObject"},
      {"no removing of several", where("POST", "delete", unknown), "remove_many", "newer release"},
      {"no right to see uploads", refused("GET", "uploads="), "unfinished_uploads",
       "rule of the bucket"},
      {"a lock",
       where("GET", "?object-lock",
             bytes_reply("<ObjectLockConfiguration><ObjectLockEnabled>Enabled"
                         "</ObjectLockEnabled><Rule><DefaultRetention><Mode>COMPLIANCE"
                         "</Mode><Days>30</Days></DefaultRetention></Rule>"
                         "</ObjectLockConfiguration>")),
       "object_lock", "--payload md5"},
      {"a clock that is two minutes off", clock_behind<120>, "clock", "clock"},
      {"a clock that is an hour off", clock_behind<3600>, "clock", "clock"},
  };
  for (const Bad& bad : all) {
    ImitatedBucket bucket(bad.spoiler);
    const auto rows = probe_s3(bucket.options());
    const ProbeFinding* const wrong = first_wrong(rows);
    CAPTURE(bad.what);
    REQUIRE(wrong != nullptr);
    CAPTURE(wrong->check + ": " + wrong->finding + " -> " + wrong->advice);
    CHECK(wrong->check == bad.row);
    CHECK(wrong->advice.find(bad.advice) != std::string::npos);
    for (const ProbeFinding& row : rows) CHECK((row.ok || !row.advice.empty()));
  }
}

TEST_CASE("probe: where nobody answers, that is told, and to look at the endpoint") {
  S3Options options;
  {
    const ImitatedBucket gone;
    options = gone.options();
  }
  const auto rows = probe_s3(options);
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].check == "reach");
  CHECK(rows[0].advice.find("--endpoint") != std::string::npos);
}

TEST_CASE("probe: what neither key nor server can tell of a bucket is not known, and well") {
  for (const HttpReply& reply :
       {error_reply(403, "AccessDenied"), error_reply(501, "NotImplemented"),
        error_reply(405, "MethodNotAllowed"), bytes_reply(std::string(kEmptyListing)),
        bytes_reply("")}) {
    ImitatedBucket bucket([&](const HttpRequestSeen& request, const Rightly& rightly) {
      const bool asked = request.target.find("?versioning") != std::string::npos ||
                         request.target.find("?object-lock") != std::string::npos;
      return asked ? reply : rightly(request);
    });
    std::size_t unknown = 0;
    for (const ProbeFinding& row : probe_s3(bucket.options())) {
      CAPTURE(row.check + ": " + row.finding);
      CHECK(row.ok);
      if (!row.finding.starts_with("not known: ")) continue;
      ++unknown;
      CHECK(row.advice.empty() == (reply.status != 403));
    }
    CHECK(unknown == 2);
  }
}

}  // namespace spind::s3
