#include "commands.h"
#include "findings.h"
#include "progress.h"
#include "text.h"

namespace spind::tool {

Exit run_scrub(Tool& tool) {
  ScrubOptions options;
  options.restart = tool.args().has("restart");
  const Result<std::uint64_t> rate = parse_rate(tool.args().value("rate"));
  if (!rate.ok()) return tool.usage(rate.error().text);
  options.rate_bytes = *rate;
  const Result<Store*> store = tool.store();
  if (!store.ok()) return tool.fail(store.error());
  ProgressLine line("reading bytes");
  options.cancel = tool.cancel();
  options.progress = line.callback();
  const Result<ScrubReport> report = (*store)->scrub(options);
  line.clear();
  if (!report.ok()) return tool.fail(report.error());
  tool.emit(JsonObject()
                .number("bytes", report->bytes)
                .number("pieces", report->pieces)
                .number("attachments", report->attachments)
                .flag("resumed", report->resumed)
                .number("findings", report->findings_total)
                .number("findings_before", report->findings_before)
                .list("details", finding_rows(report->findings)));
  const bool whole = report->findings_total == 0 && report->findings_before == 0;
  if (tool.json()) return whole ? Exit::done : Exit::different;
  say_findings(tool, report->findings, report->findings_total);
  tool.say(human_bytes(report->bytes) + " in " + std::to_string(report->pieces) + " pieces and " +
           std::to_string(report->attachments) + " small contents: " +
           (report->findings_total == 0 ? "all are whole"
                                        : std::to_string(report->findings_total) + " findings"));
  if (report->findings_before > 0)
    tool.say("the part that was read before had " + std::to_string(report->findings_before) +
             " findings");
  return whole ? Exit::done : Exit::different;
}

}  // namespace spind::tool
