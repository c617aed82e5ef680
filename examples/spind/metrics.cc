#include "commands.h"

namespace spind::tool {
namespace {

// One sample of the text format: name{label="value",…} number. Labels with escapes keep them.
JsonObject sample_json(std::string_view line) {
  const std::size_t space = line.rfind(' ');
  std::string_view name = line.substr(0, space);
  JsonObject labels;
  if (const std::size_t brace = name.find('{'); brace != name.npos) {
    std::string_view rest = name.substr(brace + 1);
    name = name.substr(0, brace);
    for (std::size_t equals; (equals = rest.find("=\"")) != rest.npos;) {
      const std::string_view label = rest.substr(0, equals);
      rest.remove_prefix(equals + 2);
      const std::size_t quote = std::min(rest.find('"'), rest.size());
      labels.text(label, rest.substr(0, quote));
      rest.remove_prefix(std::min(quote + 2, rest.size()));
    }
  }
  JsonObject out;
  out.text("name", name).object("labels", labels);
  // As text, since +Inf and NaN are no JSON numbers.
  return out.text("value", line.substr(space + 1));
}

}  // namespace

Exit run_metrics(Tool& tool) {
  const Result<Store*> store = tool.store();
  if (!store.ok()) return tool.fail(store.error());
  const std::string text = (*store)->metrics();
  if (!tool.json()) {
    tool.out().write(text);
    return Exit::done;
  }
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    if (!line.empty() && line.front() != '#') tool.emit(sample_json(line));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
  }
  return Exit::done;
}

}  // namespace spind::tool
