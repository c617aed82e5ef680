#include "blob_place.h"
#include "commands.h"
#include "spind/probe.h"

namespace spind::tool {
namespace {

Result<std::vector<ProbeFinding>> probe(const Tool& tool) {
  const std::string& place = tool.operand(0);
  if (!is_bucket(place)) return probe_folder(place);
  Result<S3Options> options = bucket_options(tool.args(), place);
  if (!options.ok()) return options.error();
  // A person waits for the answer: what is broken for so long is not well.
  options->attempts_max = 3;
  options->time_max = std::chrono::seconds(20);
  return probe_s3(*options);
}

JsonObject row_json(const ProbeFinding& row) {
  JsonObject out;
  out.text("check", row.check).flag("ok", row.ok);
  return out.text("finding", row.finding).text("advice", row.advice);
}

}  // namespace

Exit run_doctor(Tool& tool) {
  const Result<std::vector<ProbeFinding>> rows = probe(tool);
  if (!rows.ok()) return tool.fail(rows.error());
  bool all_well = true;
  for (const ProbeFinding& row : *rows) {
    all_well = all_well && row.ok;
    tool.emit(row_json(row));
    tool.say((row.ok ? "ok    " : "WRONG ") + row.check + ": " + row.finding);
    if (!row.advice.empty()) tool.say("      -> " + row.advice);
  }
  return all_well ? Exit::done : Exit::different;
}

}  // namespace spind::tool
