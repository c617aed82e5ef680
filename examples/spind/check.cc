#include "commands.h"
#include "findings.h"
#include "progress.h"
#include "text.h"

namespace spind::tool {
namespace {

void say_report(Tool& tool, const CheckReport& report) {
  say_findings(tool, report.findings, report.findings_total);
  tool.say(std::to_string(report.nodes) + " nodes, " + std::to_string(report.entries) +
           " entries, " + std::to_string(report.pieces) + " pieces in " +
           std::to_string(report.spaces) + " spaces: " +
           (report.findings_total == 0 ? "all is well"
                                       : std::to_string(report.findings_total) + " findings"));
}

JsonObject report_json(const CheckReport& report) {
  JsonObject out;
  out.number("nodes", report.nodes).number("entries", report.entries);
  out.number("findings", report.findings_total);
  return out.list("details", finding_rows(report.findings));
}

}  // namespace

Exit run_check(Tool& tool) {
  const Result<Store*> store = tool.store();
  if (!store.ok()) return tool.fail(store.error());
  ProgressLine line("checking nodes");
  CheckOptions options;
  options.read_content = tool.args().has("content");
  options.cancel = tool.cancel();
  options.progress = [&line](const Progress& progress) {
    line.set(progress);
    return true;
  };
  const Result<CheckReport> report = (*store)->check(options);
  line.clear();
  if (!report.ok()) return tool.fail(report.error());
  tool.emit(report_json(*report));
  if (!tool.json()) say_report(tool, *report);
  return report->findings_total == 0 ? Exit::done : Exit::different;
}

}  // namespace spind::tool
