// blobs: what lies where the store's bytes lie.
#include "commands.h"
#include "progress.h"
#include "text.h"

namespace spind::tool {

Exit run_blobs_flush(Tool& tool) {
  const Result<Store*> store = tool.store();
  if (!store.ok()) return tool.fail(store.error());
  ProgressLine line("bringing what was staged");
  FlushStagedOptions options;
  options.cancel = tool.cancel();
  options.progress = line.callback();
  const Result<FlushStagedReport> report = (*store)->flush_staged(options);
  line.clear();
  if (!report.ok()) return tool.fail(report.error());
  tool.emit(JsonObject().number("bytes", report->bytes).number("left", report->bytes_left));
  tool.say("brought " + human_bytes(report->bytes) +
           (report->bytes_left == 0
                ? ""
                : "; " + human_bytes(report->bytes_left) + " stay: see check --content"));
  return report->bytes_left == 0 ? Exit::done : Exit::different;
}

}  // namespace spind::tool
