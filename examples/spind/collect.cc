#include "commands.h"
#include "progress.h"
#include "text.h"

namespace spind::tool {
namespace {

// A hundred years: beyond it, sums of times would overflow.
constexpr std::uint64_t kGraceSecondsMax = 100ull * 366 * 86'400;

}  // namespace

Exit run_collect(Tool& tool) {
  CollectOptions options;
  const Result<std::optional<std::uint64_t>> grace = tool.args().number("grace");
  if (!grace.ok()) return tool.usage(grace.error().text);
  if (*grace) {
    if (**grace > kGraceSecondsMax) return tool.usage("--grace is at most a hundred years");
    options.grace = std::chrono::seconds(static_cast<std::int64_t>(**grace));
  }
  if (const std::optional<std::string> name = tool.args().value("now")) {
    // The id names a space that was purged, too, which is found no more.
    if (const Result<SpaceId> id = SpaceId::parse(*name); id.ok()) {
      options.forget = *id;
    } else {
      const Result<Space> space = tool.space(*name);
      if (!space.ok()) return tool.fail(space.error());
      options.forget = space->id();
    }
  }
  const Result<Store*> store = tool.store();
  if (!store.ok()) return tool.fail(store.error());
  ProgressLine line("collecting");
  options.cancel = tool.cancel();
  options.progress = line.callback();
  const Result<CollectReport> report = (*store)->collect(options);
  line.clear();
  if (!report.ok()) return tool.fail(report.error());
  tool.emit(JsonObject()
                .number("removed", report->removed)
                .number("bytes", report->bytes)
                .number("kept", report->kept)
                .number("entries", report->entries)
                .number("nodes", report->nodes)
                .number("versions", report->versions)
                .number("trash_items", report->trash_items)
                .number("thinned", report->thinned)
                .number("spaces", report->spaces)
                .number("packs_rewritten", report->packs_rewritten)
                .number("moved_bytes", report->moved_bytes)
                .number("locked", report->locked_spaces));
  tool.say("removed " + std::to_string(report->removed) + " (" + human_bytes(report->bytes) +
           "), kept " + std::to_string(report->kept));
  if (report->locked_spaces > 0)
    tool.say(std::to_string(report->locked_spaces) +
             " spaces were passed over: their keys are not there");
  tool.say("of the past " + std::to_string(report->entries) + " entries, " +
           std::to_string(report->nodes) + " nodes, " + std::to_string(report->versions) +
           " versions");
  if (report->trash_items + report->thinned + report->spaces > 0)
    tool.say("by policy " + std::to_string(report->trash_items) + " items of the trash, " +
             std::to_string(report->thinned) + " versions; purged " +
             std::to_string(report->spaces) + " spaces");
  return Exit::done;
}

}  // namespace spind::tool
