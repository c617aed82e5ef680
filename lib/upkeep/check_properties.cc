#include "upkeep/check_properties.h"

#include "base/try.h"
#include "model/keys.h"
#include "upkeep/mends.h"
#include "upkeep/row_scan.h"

namespace spind::upkeep {

using model::SpaceRow;

namespace {

class PropertiesCheck {
 public:
  PropertiesCheck(space::Reading& reading, Findings& findings, Steps& steps)
      : reading_(reading), findings_(findings), steps_(steps) {}

  Status run() {
    SPIND_TRY(scan_rows(reading_, SpaceRow::property,
                        [this](std::string_view key, std::string_view value) {
                          return check_property(key, value);
                        }));
    return scan_rows(reading_, SpaceRow::tagged,
                     [this](std::string_view key, std::string_view) { return check_tagged(key); });
  }

 private:
  Status check_property(std::string_view key, std::string_view bytes) {
    SPIND_TRY(steps_.step());
    if (key.size() < prefix_bytes_ + sizeof(NodeId)) {
      findings_.add(Kind::property, 0, "the row of a property names no node",
                    away(0, "the row of a property names no node", key));
      return {};
    }
    const auto [node, property] = model::property_in_key(key);
    SPIND_TRY(check_node(node, key));
    const auto value = model::decode_property(bytes);
    if (!value.ok())
      SPIND_TRY(findings_.absorb(Kind::property, node, value.error(),
                                 away(node, value.error().text, key)));
    const auto tag = model::tag_of(property);
    if (!tag) return {};
    if (value.ok() && !value->empty())
      findings_.add(Kind::property, node, "the property of a tag has a value",
                    put_row(kv::Family::state, std::string(key), model::encode_property("")));
    const std::string tagged = model::tagged_key(reading_.space(), *tag, node);
    SPIND_TRY_ASSIGN(const bool listed, has(tagged));
    if (!listed && value.ok())
      findings_.add(Kind::tag, node, "it has a tag and is not listed under it",
                    put_if_there(std::string(key), tagged));
    return {};
  }

  // Rows of one node lie together. Each of a node that is gone is set aside.
  Status check_node(NodeId node, std::string_view key) {
    if (node == kRootNode) return {};
    const bool again = node == last_node_;
    last_node_ = node;
    if (again && !last_is_gone_) return {};
    const auto locator = reading_.locate(node);
    last_is_gone_ = locator.code() == Code::not_found;
    // A broken locator is told of elsewhere.
    if (!locator.ok() && !is_damage(locator.error())) return locator.error();
    if (!last_is_gone_) return {};
    const std::string text = "there are properties of a node that is not there";
    findings_.add(Kind::property, node, text, away(node, text, key));
    return {};
  }

  Mend away(NodeId node, const std::string& text, std::string_view key) {
    return take_away(Kind::property, reading_.space(), node, text, kv::Family::state,
                     std::string(key));
  }

  Status check_tagged(std::string_view key) {
    SPIND_TRY(steps_.step());
    const std::size_t behind_tag = 1 + sizeof(NodeId);
    if (key.size() < prefix_bytes_ + behind_tag || key[key.size() - behind_tag] != '\0') {
      findings_.add(Kind::tag, 0, "the row of a tag names no node",
                    erase_row(kv::Family::state, std::string(key)));
      return {};
    }
    const NodeId node = model::last_u64_in(key);
    const std::string_view tag = key.substr(prefix_bytes_, key.size() - prefix_bytes_ - behind_tag);
    const std::string property =
        model::property_key(reading_.space(), node, model::tag_property(tag));
    SPIND_TRY_ASSIGN(const bool tagged, has(property));
    if (!tagged)
      findings_.add(Kind::tag, node, "it is listed under a tag that it does not have",
                    erase_unless_there(property, std::string(key)));
    return {};
  }

  Result<bool> has(const std::string& key) {
    SPIND_TRY_ASSIGN(const auto row, reading_.snapshot().get(kv::Family::state, key));
    return row.has_value();
  }

  space::Reading& reading_;
  Findings& findings_;
  Steps& steps_;
  // Of both kinds of rows.
  const std::size_t prefix_bytes_ = model::row_prefix(reading_.space(), SpaceRow::property).size();
  NodeId last_node_ = 0;
  bool last_is_gone_ = false;
};

}  // namespace

Status check_properties(space::Reading& reading, Findings& findings, Steps& steps) {
  return PropertiesCheck(reading, findings, steps).run();
}

}  // namespace spind::upkeep
