#include "support/store/asker.h"

#include <numeric>

namespace spind::test {
namespace {

// How often each verb is asked, in the order of Verb; copies as they are wanted.
constexpr std::uint32_t kVerbWeights[kVerbCount] = {14, 4, 6, 3, 8, 2, 3, 22, 4, 14,
                                                    16, 0, 6, 3, 3, 3, 2, 6,  6, 1};
constexpr std::uint32_t kWeightsSum =
    std::accumulate(std::begin(kVerbWeights), std::end(kVerbWeights), std::uint32_t{0});

}  // namespace

Verb Asker::verb() {
  std::uint32_t at = below(kWeightsSum + copies_);
  for (std::size_t i = 0; i < kVerbCount; ++i) {
    if (at < kVerbWeights[i]) return static_cast<Verb>(i);
    at -= kVerbWeights[i];
  }
  return Verb::copy;
}

Request Asker::next() {
  Request request;
  request.verb = verb();
  request.ref = reference();
  request.to = reference();
  request.content_seed = below(1000);
  request.size_bytes = below(10) == 0 ? 20'000 : below(50);
  request.replace = below(2) == 0;
  request.exist_ok = below(2) == 0;
  request.only_if_empty = below(3) == 0;
  request.mtime_ns = 1 + below(5);
  request.options.make_parents = below(3) == 0;
  if (request.verb >= Verb::restore_version) request.version = 1 + below(3);
  request.mark.pinned = below(2) == 0;
  if (below(2) == 0)
    request.properties = {{"tag:a", std::nullopt}};
  else
    request.properties = {{"tag:a", ""}, {"colour", std::to_string(below(3))}};
  request.elsewhere = request.verb == Verb::restore && below(2) == 0;
  request.on_conflict = static_cast<OnConflict>(below(4));
  if (below(8) == 0)
    request.options.conditions.if_match = below(4) == 0 ? std::string("*") : last_etag_;
  if (below(8) == 0) request.options.conditions.if_none_match = std::string("*");
  return request;
}

void Asker::hear(const Answer& answer) {
  if (answer.node.id != 0) last_etag_ = answer.node.etag();
}

Ref Asker::reference() {
  static const std::string kNames[] = {"a", "b", "c"};
  std::string path;
  for (std::uint32_t i = below(3) + 1; i > 0; --i) path += "/" + kNames[below(3)];
  switch (below(5)) {
    case 0: return Ref::node(1 + below(40));
    case 1: return Ref::below(1 + below(40), kNames[below(3)]);
    default: return Ref(path);
  }
}

}  // namespace spind::test
