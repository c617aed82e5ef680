// What runs beside the writers of the ledger while a store is soaked: calls of all kinds, on what
// stays small. Each may be begun again after it was killed or refused in the middle.
#pragma once

#include "spind/store.h"

namespace spind::test {

// Whether the device is full, or the store is opened anew because it was.
bool is_full_device(const Error& error);
// Whether others were faster: what was asked for is gone, changed, or too far in the past.
bool is_overtaken(const Error& error);

// A space of its own, asked at random, and gone at the end.
Status ask_around(const Session& session, std::uint64_t seed);

// Follows a space that others write into, looks around in it, and at how it was.
class Follower {
 public:
  explicit Follower(Space space) : space_(std::move(space)) {}
  Status look();

 private:
  Status follow();
  Status look_back();

  Space space_;
  std::string cursor_;
};

// Purges the spaces without an alias, which those who made them did not come to purge.
Status purge_forgotten(const Session& session);

}  // namespace spind::test
