// What a bucket is told to do with objects that are removed, whoever removes them.
#include <string>
#include <utility>

#include "base/try.h"
#include "blob/s3/s3_blob_store.h"

namespace spind::s3 {
namespace {

constexpr std::uint64_t kRuleBytesMax = 64u << 10;

// Servers that do not know the question answer another one, or with a page: asking again is no use.
template <class T>
Result<T> understood(Result<T> rule) {
  if (rule.ok()) return rule;
  return Error{Code::unsupported, rule.error().text};
}

}  // namespace

Result<std::string> ObjectStore::rule_of_bucket(std::string_view rule) {
  SPIND_TRY_ASSIGN(const HttpAnswer answer, client_->send({.kind = Kind::get,
                                                           .method = "GET",
                                                           .action = rule,
                                                           .query = {{std::string(rule), ""}},
                                                           .body_bytes_max = kRuleBytesMax}));
  return std::string(as_text(answer.body));
}

Result<Versioning> ObjectStore::versioning() {
  SPIND_TRY_ASSIGN(const std::string rule, rule_of_bucket("versioning"));
  return understood(parse_versioning(rule));
}

Result<ObjectLock> ObjectStore::object_lock() {
  const auto rule = rule_of_bucket("object-lock");
  if (rule.code() == Code::not_found) return ObjectLock{};
  if (!rule.ok()) return rule.error();
  return understood(parse_object_lock(*rule));
}

}  // namespace spind::s3
