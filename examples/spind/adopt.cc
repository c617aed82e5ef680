// adopt: a copy of a store takes over the place of its bytes, which another copy has used since.
#include "commands.h"

namespace spind::tool {

Exit run_adopt(Tool& tool) {
  const Result<Store*> store = tool.adopt_store();
  if (!store.ok()) return tool.fail(store.error());
  tool.say("the bytes are those of " + tool.store_folder() +
           " now; spind check finds what another copy left there");
  tool.emit(JsonObject().text("store", tool.store_folder()).flag("adopted", true));
  return Exit::done;
}

}  // namespace spind::tool
