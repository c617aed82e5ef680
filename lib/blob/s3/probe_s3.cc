#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <memory>
#include <utility>

#include "base/try.h"
#include "blob/s3/create_races.h"
#include "spind/probe.h"

namespace spind::s3 {
namespace {

constexpr std::size_t kRounds = 12;
constexpr std::int64_t kSkewMaxMs = 60'000;  // servers refuse a quarter of an hour
constexpr std::string_view kWhole = "spind looks whether this bucket can hold a store's bytes";

constexpr std::string_view kOtherServer = "use another server, or a newer release of it";
constexpr std::string_view kListV1 =
    "set S3Options::list_v1 (spind --list-v1), since the server does not know ListObjectsV2";
constexpr std::string_view kLookAtAddress =
    "see to the endpoint (S3Options::endpoint, spind --endpoint), the name of the bucket and the "
    "network";

// What to change, where the error does not say it already. `otherwise`: where the server answered,
// and not as one does that can what was asked for.
std::string advice_for(Code code, std::string_view right, std::string_view otherwise) {
  switch (code) {
    case Code::permission_denied:
      return fmt::format("allow {} to this key; lib/blob/s3/README.md has the whole policy", right);
    case Code::unauthenticated:
      return "use other credentials (spind --credentials, --profile), or see to the certificate "
             "(S3Options::tls_ca_file, spind --ca)";
    case Code::no_space: return "make room";
    case Code::invalid_argument:
      return "set S3Options::region (spind --region) to the bucket's, or what else is named";
    case Code::unavailable: return std::string(kLookAtAddress);
    default: return std::string(otherwise);
  }
}

class BucketProbe {
 public:
  BucketProbe(ObjectStore& store, bool list_v1)
      : store_(store), list_v1_(list_v1), folder_(probe_folder_name()) {}

  std::vector<ProbeFinding> run() {
    say("list", true,
        list_v1_ ? "names are listed by ListObjects" : "names are listed by ListObjectsV2");
    put();
    conditional_put();
    note("parts", "s3:PutObject and s3:AbortMultipartUpload",
         store_.put_in_parts(name("parts"), as_bytes(kWhole)), "a blob was put in parts",
         "set S3Options::part_bytes to more than any blob has, as it is by itself, so that all go "
         "whole; or use another server");
    remove();
    unfinished();
    versioning();
    object_lock();
    clock();
    return std::move(rows_);
  }

 private:
  std::string name(std::string_view last) const { return folder_ + "/" + std::string(last); }

  void say(std::string_view check, bool ok, std::string finding, std::string advice = {}) {
    rows_.push_back({std::string(check), ok, std::move(finding), std::move(advice)});
  }
  void note(std::string_view check, std::string_view right, const Status& done,
            std::string_view good, std::string_view otherwise = kOtherServer) {
    if (done.ok()) return say(check, true, std::string(good));
    say(check, false, done.error().to_string(), advice_for(done.code(), right, otherwise));
  }

  void put() {
    const Status done = store_.put(name("a"), as_bytes(kWhole));
    note("put", "s3:PutObject", done, "a blob was put",
         "try another S3Options::payload (spind --payload signed, or md5), else another server or "
         "a newer release of it");
    if (!done.ok()) {
      const std::string_view why = "not looked at, since nothing could be put";
      say("get", false, std::string(why), "mend what is said of put");
      return say("range", false, std::string(why), "mend what is said of put");
    }
    list_behind();
    note("get", "s3:GetObject", look_whole(), "it came back as it was",
         "find out what damages bytes, the server or something on the way to it");
    note("range", "s3:GetObject", look_part(), "a part of it came back as that part");
  }

  // A server that passes over what it does not know of ListObjectsV2 begins every page anew.
  void list_behind() {
    const auto rest = store_.list(folder_ + "/", name("a"), 2);
    if (rest.ok() && rest->empty()) return;
    const std::string_view otherwise = list_v1_ ? kOtherServer : kListV1;
    rows_.front() = {
        "list", false,
        rest.ok() ? "other names are listed than those that are there" : rest.error().to_string(),
        rest.ok() ? std::string(otherwise) : advice_for(rest.code(), "s3:ListBucket", otherwise)};
  }

  Status look_whole() {
    SPIND_TRY_ASSIGN(const std::vector<std::uint8_t> got, store_.get(name("a"), kWhole.size()));
    if (as_text(got) == kWhole) return {};
    return Error{Code::corruption, "other bytes came back than were put"};
  }
  Status look_part() {
    std::array<std::uint8_t, 5> out{};
    SPIND_TRY_ASSIGN(const std::size_t size, store_.range(name("a"), 6, out));
    if (size == out.size() && as_text(out) == kWhole.substr(6, out.size())) return {};
    return Error{Code::corruption, "other bytes came back than were asked for"};
  }

  void conditional_put() {
    constexpr std::string_view kCheck = "conditional_put";
    const std::string unfenced =
        "use another server; a store is made here only with allow_unfenced (spind "
        "--allow-unfenced), and then let no second store or machine ever open this prefix, since "
        "nothing will tell it "
        "apart";
    const auto broken = count_broken_races(store_, race_names(folder_, kRounds));
    if (!broken.ok())
      return say(kCheck, false, broken.error().to_string(),
                 advice_for(broken.code(), "s3:PutObject and s3:GetObject", unfenced));
    if (*broken > 0)
      return say(kCheck, false,
                 fmt::format("not atomic: in {} of {} races several creates of one name won",
                             *broken, kRounds),
                 unfenced);
    say(kCheck, true,
        fmt::format("one of {} creates at once won, in each of {} races", kRacers, kRounds));
  }

  void remove() {
    note("remove", "s3:DeleteObject", store_.remove(name("a")), "a blob was removed");
    const auto left = store_.list(folder_ + "/", "", kRounds + 10);
    if (!left.ok())
      return say("remove_many", false, left.error().to_string(),
                 advice_for(left.code(), "s3:ListBucket", kOtherServer));
    std::vector<std::string> names;
    for (const BlobListItem& item : *left) names.push_back(item.name);
    Status removed = store_.remove_all(names);
    note("remove_many", "s3:DeleteObject", removed,
         fmt::format("{} blobs were removed by one request", names.size()));
    if (removed.ok()) return;
    for (const std::string& one : names) (void)store_.remove(one);
  }

  void unfinished() {
    const auto count = store_.count_leftovers();
    const std::string lifecycle =
        "let a rule of the bucket abort uploads in parts that are older than a day";
    if (!count.ok()) return say("unfinished_uploads", false, count.error().to_string(), lifecycle);
    say("unfinished_uploads", true, fmt::format("{} uploads in parts are unfinished", *count),
        *count > 0 ? "opening a store on the prefix aborts them" : "");
  }

  // Nobody needs the answer to store bytes here, so a server or a key that has none is well.
  void not_known(std::string_view check, const Error& why, std::string_view right) {
    say(check, true, "not known: " + why.to_string(),
        why.code == Code::permission_denied
            ? fmt::format("ask who looks after the bucket, or allow {} to this key", right)
            : "");
  }

  // Everything works in such a bucket, and a rule mends it at any time: this is advice.
  void versioning() {
    constexpr std::string_view kCheck = "versioning";
    const std::string lifecycle =
        "let a rule of the bucket drop noncurrent versions after some days "
        "(NoncurrentVersionExpiration, ExpiredObjectDeleteMarker); until then only destroying an "
        "encrypted vault makes what was removed unreadable";
    const auto rule = store_.versioning();
    if (!rule.ok()) return not_known(kCheck, rule.error(), "s3:GetBucketVersioning");
    if (*rule == Versioning::off)
      return say(kCheck, true, "the bucket keeps no versions: what is removed is gone");
    if (*rule == Versioning::suspended)
      return say(kCheck, true, "the bucket has kept versions: those of then are still there",
                 lifecycle);
    say(kCheck, true,
        "the bucket keeps versions: what is removed stays there, is billed, and can be read by who "
        "may read versions",
        lifecycle);
  }

  // No rule and no operator mends for what was put already that it cannot be erased.
  void object_lock() {
    constexpr std::string_view kCheck = "object_lock";
    const auto lock = store_.object_lock();
    if (!lock.ok()) return not_known(kCheck, lock.error(), "s3:GetBucketObjectLockConfiguration");
    if (!lock->on) return say(kCheck, true, "nothing keeps objects from being removed");
    if (lock->retention.empty())
      return say(kCheck, true, "objects can be locked here, and none is that does not ask for it");
    std::string advice =
        "use a bucket without a default retention; else erase by destroying encrypted vaults "
        "alone, and let a rule of the bucket drop noncurrent versions afterwards";
    const S3Payload payload = store_.payload();
    if (payload == S3Payload::signed_sha256 || payload == S3Payload::unsigned_)
      advice +=
          "; where the server wants a checksum of what it locks, set S3Options::payload (spind "
          "--payload md5)";
    say(kCheck, false,
        fmt::format("the bucket locks each object ({}): what is removed is hidden and stays, "
                    "whoever asks for its erasure",
                    lock->retention),
        advice);
  }

  void clock() {
    const std::int64_t ahead = store_.usage().clock_skew_ms;
    const bool close = std::abs(ahead) <= kSkewMaxMs;
    say("clock", close,
        close && std::abs(ahead) < 1'000
            ? "the server's clock and this machine's agree"
            : fmt::format("the server's clock is {} s {}", std::abs(ahead) / 1'000,
                          ahead > 0 ? "ahead" : "behind"),
        close ? "" : "set this machine's clock, or the server's");
  }

  ObjectStore& store_;
  const bool list_v1_;
  const std::string folder_;
  std::vector<ProbeFinding> rows_;
};

}  // namespace
}  // namespace spind::s3

namespace spind {

std::vector<ProbeFinding> probe_s3(const S3Options& given) {
  S3Options options = given;
  auto store = s3::ObjectStore::open(options, s3::World{});
  if (!store.ok() && !options.list_v1 &&
      (store.code() == Code::unsupported || store.code() == Code::io_error)) {
    options.list_v1 = true;
    auto older = s3::ObjectStore::open(options, s3::World{});
    if (older.ok()) store = std::move(older);
  }
  if (!store.ok())
    return {{"reach", false, store.error().to_string(),
             s3::advice_for(store.code(), "s3:ListBucket", s3::kLookAtAddress)}};
  std::vector<ProbeFinding> rows = {{"reach", true, "the bucket answers", ""}};
  std::vector<ProbeFinding> rest = s3::BucketProbe(**store, options.list_v1).run();
  if (options.list_v1 && !given.list_v1) {
    rest.front().ok = false;
    rest.front().advice = s3::kListV1;
  }
  std::move(rest.begin(), rest.end(), std::back_inserter(rows));
  return rows;
}

}  // namespace spind
