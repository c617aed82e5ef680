#include "commands.h"
#include "commit.h"

namespace spind::tool {

Exit run_version(Tool& tool) {
  const Version built = version();
  tool.emit(JsonObject()
                .text("version", built.version)
                .number("format", built.format)
                .text("commit", SPIND_COMMIT));
  tool.say("spind " + std::string(built.version) + ", store format " +
           std::to_string(built.format) + ", commit " SPIND_COMMIT);
  return Exit::done;
}

}  // namespace spind::tool
