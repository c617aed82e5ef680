// How a mirror asks one of its backends: shared by the files that implement it.
#pragma once

#include "blob/interrupt.h"
#include "blob/layer/mirrored_blobs.h"

namespace spind {

Status check_mirror_backend(const MirrorBackend& backend);

template <class Call>
auto MirroredBlobs::ask(Backend& backend, Call call, const Interrupt& interrupt)
    -> decltype(call(*backend.store)) {
  if (!backend.health.may_ask(clock_.monotonic_ns()))
    return Error{Code::unavailable, "the backend failed lately and is not asked for now",
                 backend.name};
  auto answer = call(*backend.store);
  // That a caller gave up tells nothing of the backend.
  if (answer.ok() || spind::ask(interrupt).ok())
    backend.health.answered(answer.code(), clock_.monotonic_ns());
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
