#include "commands.h"
#include "findings.h"
#include "progress.h"
#include "text.h"

namespace spind::tool {
namespace {

std::string verdict(const CheckReport& report, bool repaired) {
  if (report.findings_total == 0) return "all is well";
  std::string text = std::to_string(report.findings_total) + " findings";
  if (repaired) {
    text += ", " + std::to_string(report.repaired) + " repaired";
    if (report.findings_left > 0) text += ", " + std::to_string(report.findings_left) + " left";
  }
  return text;
}

void say_report(Tool& tool, const CheckReport& report, bool repaired) {
  say_findings(tool, report.findings, report.findings_total);
  if (report.set_aside_total > 0) {
    tool.say("set aside, since it cannot be repaired:");
    say_findings(tool, report.set_aside, report.set_aside_total);
  }
  tool.say(std::to_string(report.nodes) + " nodes, " + std::to_string(report.entries) +
           " entries, " + std::to_string(report.pieces) + " pieces in " +
           std::to_string(report.spaces) + " spaces: " + verdict(report, repaired));
  if (report.locked_spaces > 0)
    tool.say(std::to_string(report.locked_spaces) +
             " spaces were not looked into: their keys are not there");
}

JsonObject report_json(const CheckReport& report, bool repaired) {
  JsonObject out;
  out.number("nodes", report.nodes).number("entries", report.entries);
  out.number("findings", report.findings_total);
  if (repaired) out.number("repaired", report.repaired).number("left", report.findings_left);
  out.number("set_aside", report.set_aside_total);
  out.list("details", finding_rows(report.findings));
  out.list("aside", finding_rows(report.set_aside));
  return out.number("locked", report.locked_spaces);
}

}  // namespace

Exit run_check(Tool& tool) {
  const Result<Store*> store = tool.store();
  if (!store.ok()) return tool.fail(store.error());
  ProgressLine line(tool.args().has("repair") ? "repairing nodes" : "checking nodes");
  CheckOptions options;
  options.read_content = tool.args().has("content");
  options.repair = tool.args().has("repair");
  options.cancel = tool.cancel();
  options.progress = line.callback();
  const Result<CheckReport> report = (*store)->check(options);
  line.clear();
  if (!report.ok()) return tool.fail(report.error());
  tool.emit(report_json(*report, options.repair));
  if (!tool.json()) say_report(tool, *report, options.repair);
  return report->findings_left == 0 ? Exit::done : Exit::different;
}

}  // namespace spind::tool
