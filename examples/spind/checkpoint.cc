#include "commands.h"
#include "progress.h"
#include "text.h"

namespace spind::tool {

Exit run_checkpoint(Tool& tool) {
  const std::string folder(tool.args().operands()[0]);
  const Result<Store*> store = tool.store();
  if (!store.ok()) return tool.fail(store.error());
  ProgressLine line("copying");
  CheckpointOptions options;
  options.cancel = tool.cancel();
  options.progress = line.callback();
  const Result<CheckpointReport> report = (*store)->checkpoint(folder, options);
  line.clear();
  if (!report.ok()) return tool.fail(report.error());
  tool.emit(JsonObject()
                .text("folder", folder)
                .number("objects", report->objects)
                .number("packs", report->packs)
                .number("copied_bytes", report->copied_bytes)
                .number("missing", report->missing));
  tool.say("copied to " + folder + ": " + std::to_string(report->objects) + " objects, " +
           std::to_string(report->packs) + " packs, " + human_bytes(report->copied_bytes) +
           " of them anew");
  if (report->missing == 0) return Exit::done;
  tool.say(std::to_string(report->missing) +
           " objects or packs are missing in the store itself; spind check names the files");
  return Exit::different;
}

}  // namespace spind::tool
