#include "commands.h"

namespace spind::tool {

Exit run_init(Tool& tool) {
  const Result<Store*> existing = tool.store();
  if (!existing.ok() && existing.code() != Code::not_found) return tool.fail(existing.error());
  if (!existing.ok()) {
    const Result<Store*> made = tool.create_store();
    if (!made.ok()) return tool.fail(made.error());
  }
  const bool created = !existing.ok();
  tool.say((created ? "made a store in " : "there is a store already in ") + tool.store_folder());
  tool.emit(JsonObject().text("store", tool.store_folder()).flag("created", created));
  return Exit::done;
}

}  // namespace spind::tool
