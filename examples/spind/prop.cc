// prop get, prop set, prop rm: values under keys beside a node.

#include "commands.h"
#include "text.h"

namespace spind::tool {
namespace {

void show_property(Tool& tool, const Property& property) {
  tool.emit(JsonObject()
                .text("key", property.key)
                .text("value", property.value)
                .number("size", property.value.size()));
  tool.say(printable(property.key) + " = " + printable(property.value));
}

Exit change(Tool& tool, const PropertyChanges& changes) {
  const Result<Target> target = tool.target(tool.operand(0));
  if (!target.ok()) return tool.fail(target.error());
  const Result<Written> written = target->space.set_properties(target->ref, changes);
  if (!written.ok()) return tool.fail(written.error());
  return show_changed(tool, target->space, *written);
}

}  // namespace

Exit run_prop_get(Tool& tool) {
  const Result<Target> target = tool.target(tool.operand(0));
  if (!target.ok()) return tool.fail(target.error());
  const Result<std::vector<Property>> all = target->space.properties(target->ref);
  if (!all.ok()) return tool.fail(all.error());
  const std::vector<std::string> keys = tool.operands_from(1);
  Exit exit = Exit::done;
  if (keys.empty())
    for (const Property& property : *all) show_property(tool, property);
  for (const std::string& key : keys) {
    const Property* found = nullptr;
    for (const Property& property : *all)
      if (property.key == key) found = &property;
    if (found != nullptr)
      show_property(tool, *found);
    else
      exit = tool.fail({.code = Code::not_found, .text = "no such property", .path = key});
  }
  return exit;
}

Exit run_prop_set(Tool& tool) { return change(tool, {{tool.operand(1), tool.operand(2)}}); }

Exit run_prop_rm(Tool& tool) {
  PropertyChanges changes;
  for (const std::string& key : tool.operands_from(1)) changes[key] = std::nullopt;
  return change(tool, changes);
}

}  // namespace spind::tool
