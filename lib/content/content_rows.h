// Rows of the family `content`, by what their keys begin with.
#pragma once

#include <memory>
#include <string>

#include "kv/kv.h"
#include "model/keys.h"

namespace spind::content {

inline std::unique_ptr<kv::Cursor> scan_content(const kv::View& rows, const std::string& prefix) {
  return rows.scan(kv::Family::content, prefix, model::end_of(prefix));
}

}  // namespace spind::content
