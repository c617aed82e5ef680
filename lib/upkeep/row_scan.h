// Visits every row of one kind in a space.
#pragma once

#include "base/try.h"
#include "model/keys.h"
#include "space/reading.h"

namespace spind::upkeep {

// visit(key, value) -> Status; anything but ok ends the scan.
template <class Visit>
Status scan_rows(const space::Reading& reading, model::SpaceRow row, kv::Family family,
                 const Visit& visit) {
  const std::string prefix = model::row_prefix(reading.space(), row);
  const auto cursor = reading.snapshot().scan(family, prefix, model::end_of(prefix));
  for (; cursor->valid(); cursor->next()) SPIND_TRY(visit(cursor->key(), cursor->value()));
  return cursor->status();
}

template <class Visit>
Status scan_rows(const space::Reading& reading, model::SpaceRow row, const Visit& visit) {
  return scan_rows(reading, row, kv::Family::state, visit);
}

}  // namespace spind::upkeep
