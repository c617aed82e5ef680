// How a layer lets time pass. Tests bring one that moves their clock instead.
//
// The room holds layers over the contract of spind/blob_store.h, which are told of in
// spind/blob_layers.h. It knows no backend, and nothing of what is in a blob.
#pragma once

#include <cstdint>

#include "spind/blob_store.h"

namespace spind {

// Thread-safe.
class Pause {
 public:
  virtual ~Pause() = default;
  // Returns when so long has passed; at once if it is not positive.
  virtual void pause(std::int64_t nanoseconds) = 0;

  static Pause& system();
};

// The same, but for what the interrupt says meanwhile.
Status pause_unless(Pause& pause, std::int64_t nanoseconds, const Interrupt& interrupt);

}  // namespace spind
