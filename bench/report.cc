#include "report.h"

#include <fmt/format.h>

namespace spind::bench {
namespace {

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string json_row(const Measured& measured) {
  const Comparison& c = measured.comparison;
  return fmt::format(
      R"({{"row": {}, "what": {}, "ours": {:.3f}, "limit": {:.3f}, "ratio": {:.4f}, "goal": {}, )"
      R"("pass": {}, "unit": {}, "runs": {}, "p99": {:.4f}, "p99_limit": {:.4f}, )"
      R"("limit_setup": {}, "note": {}}})",
      quoted(measured.row.id), quoted(measured.row.what), c.ours.rate, c.limit.rate, c.ratio(),
      measured.row.goal, measured.pass(), quoted(measured.row.unit), c.runs, c.ours.p99_ms,
      c.limit.p99_ms, quoted(c.limit_setup), quoted(c.note));
}

}  // namespace

std::string table(const std::vector<Measured>& rows) {
  std::string out =
      "| row | what | ours | limit | unit | ratio | goal | | p99 ours / limit, ms |\n"
      "|---|---|--:|--:|---|--:|--:|---|---|\n";
  for (const Measured& measured : rows) {
    const Comparison& c = measured.comparison;
    const std::string p99 = c.ours.p99_ms > 0
                                ? fmt::format("{:.3f} / {:.3f}", c.ours.p99_ms, c.limit.p99_ms)
                                : std::string("–");
    out += fmt::format("| {} | {} | {:.0f} | {:.0f} | {} | {:.2f} | {:.3g} | {} | {} |\n",
                       measured.row.id, measured.row.what, c.ours.rate, c.limit.rate,
                       measured.row.unit, c.ratio(), measured.row.goal,
                       measured.pass() ? "ok" : "**short**", p99);
  }
  out += "\n";
  for (const Measured& measured : rows) {
    const Comparison& c = measured.comparison;
    out += fmt::format("- {}: {} runs each; limit: {}{}{}\n", measured.row.id, c.runs,
                       c.limit_setup, c.note.empty() ? "" : "; ", c.note);
  }
  return out;
}

std::string json(const std::vector<Measured>& rows) {
  std::string out = "[";
  for (std::size_t i = 0; i < rows.size(); ++i) out += (i ? ",\n" : "\n") + json_row(rows[i]);
  return out + "\n]\n";
}

}  // namespace spind::bench
