// How a mirror asks one of its backends: shared by the files that implement it.
#pragma once

#include "blob/interrupt.h"
#include "blob/layer/mirrored_blobs.h"

namespace spind {

// Whoever has not answered after so long fails, also for callers who have no more time than that.
inline constexpr std::int64_t kSilenceNs = 2'000'000'000;

Status check_mirror_backend(const MirrorBackend& backend);

template <class Call>
auto MirroredBlobs::ask(Backend& backend, Call call, const Interrupt& interrupt)
    -> decltype(call(*backend.store)) {
  if (!backend.health.may_ask(clock_.monotonic_ns()))
    return Error{Code::unavailable, "the backend failed lately and is not asked for now",
                 backend.name};
  const std::int64_t begin_ns = clock_.monotonic_ns();
  auto answer = call(*backend.store);
  const std::int64_t now_ns = clock_.monotonic_ns();
  // That a caller's time was over tells something of the backend only if it had time to answer;
  // that he went elsewhere tells nothing.
  const Code asked = answer.ok() ? Code::ok : spind::ask(interrupt).code();
  if (asked == Code::ok)
    backend.health.answered(answer.code(), now_ns);
  else if (asked == Code::deadline_exceeded && now_ns - begin_ns >= kSilenceNs)
    backend.health.answered(Code::unavailable, now_ns);
  return answer;
}

template <class Call>
auto MirroredBlobs::read_from(Backend& backend, Call call, const Interrupt& interrupt)
    -> decltype(call(*backend.store)) {
  const std::int64_t begin_ns = clock_.monotonic_ns();
  auto answer = ask(backend, call, interrupt);
  if (answer.ok()) backend.health.read_took(clock_.monotonic_ns() - begin_ns);
  return answer;
}

}  // namespace spind
