#include "findings.h"

#include "text.h"

namespace spind::tool {

std::vector<JsonObject> finding_rows(const std::vector<CheckFinding>& findings) {
  std::vector<JsonObject> rows;
  for (const CheckFinding& finding : findings) {
    JsonObject one;
    one.text("kind", finding.kind).text("space", finding.space.to_string());
    one.number("node", finding.node).text("text", finding.text);
    rows.push_back(std::move(one));
  }
  return rows;
}

void say_findings(Tool& tool, const std::vector<CheckFinding>& findings, std::uint64_t total) {
  for (const CheckFinding& finding : findings) {
    std::string line = finding.kind + ": " + printable(finding.text);
    if (finding.node != 0) line += " (" + resource_id(finding.space, finding.node) + ")";
    tool.say(line);
  }
  if (total > findings.size()) tool.say("and " + std::to_string(total - findings.size()) + " more");
}

}  // namespace spind::tool
