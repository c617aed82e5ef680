// key new: a file of the keys that all other keys are wrapped with.
#include "commands.h"
#include "spind/key_provider.h"
#include "text.h"

namespace spind::tool {

Exit run_key_new(Tool& tool) {
  const std::string& file = tool.operand(0);
  const Result<std::string> id = add_key(file);
  if (!id.ok()) return tool.fail(id.error());
  tool.emit(JsonObject().text("file", file).text("key_id", *id));
  tool.say("added key " + *id + " to " + printable(file));
  return Exit::done;
}

}  // namespace spind::tool
