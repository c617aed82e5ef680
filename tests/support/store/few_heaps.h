// For a worker whose memory is measured, as README.md tells hosts whose memory is scarce.
#pragma once

#include <malloc.h>

namespace spind::test {

// Before any thread: buffers of whole files go back to the system when they are freed, and the rest
// is not spread over as many heaps as there were threads at once. What is resident is what is in
// use.
inline void keep_few_heaps() {
  ::mallopt(M_MMAP_THRESHOLD, 128 << 10);
  ::mallopt(M_ARENA_MAX, 2);
}

}  // namespace spind::test
