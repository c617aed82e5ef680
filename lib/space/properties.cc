#include "space/properties.h"

#include "base/try.h"
#include "model/keys.h"
#include "model/records.h"

namespace spind::space {

Result<std::vector<Property>> properties_of(const kv::View& rows, const SpaceId& space, NodeId node,
                                            std::string_view prefix) {
  const std::string begin = model::property_key(space, node, prefix);
  std::vector<Property> found;
  const auto cursor = rows.scan(kv::Family::state, begin, model::end_of(begin));
  for (; cursor->valid(); cursor->next()) {
    SPIND_TRY_ASSIGN(const std::string_view value, model::decode_property(cursor->value()));
    found.push_back({std::string(model::property_in_key(cursor->key()).key), std::string(value)});
  }
  SPIND_TRY(cursor->status());
  return found;
}

}  // namespace spind::space
