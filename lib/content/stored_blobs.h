// Names every object and every pack that the rows of a store refer to, for who copies a store.
#pragma once

#include <functional>
#include <string>

#include "kv/kv.h"

namespace spind::content {

struct BlobVisitor {
  std::function<Status(const std::string& name)> object;
  std::function<Status(std::uint64_t number)> pack;
};

// What is being removed is left out. Stops at the first answer that is not ok.
Status visit_blobs(const kv::View& rows, const BlobVisitor& visitor);

}  // namespace spind::content
