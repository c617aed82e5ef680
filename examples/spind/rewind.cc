#include "commands.h"
#include "point.h"
#include "progress.h"

namespace spind::tool {

Exit run_rewind(Tool& tool) {
  const std::optional<std::string> to = tool.args().value("to");
  if (!to) return tool.usage("to when? give --to TIME or --to NUMBER");
  const Result<Point> point = parse_point(*to);
  if (!point.ok()) return tool.usage(point.error().text);
  const Result<Place> place = parse_place(tool.operand(0));
  if (!place.ok()) return tool.usage(place.error().text);
  if (place->ref.start() != kRootNode || !place->ref.path().empty())
    return tool.usage("a space is rewound as a whole: SPACE:");
  const Result<Space> space = tool.space(place->space);
  if (!space.ok()) return tool.fail(space.error());
  const Result<SpaceInfo> before = space->info();
  if (!before.ok()) return tool.fail(before.error());
  ProgressLine line("rewinding");
  const Result<Written> rewound = space->rewind(*point, {.progress = line.callback()});
  line.clear();
  if (!rewound.ok()) return tool.fail(rewound.error());
  tool.emit(JsonObject()
                .text("space", space->id().to_string())
                .number("entry", rewound->entry)
                .number("before", before->entry));
  if (rewound->entry == 0)
    tool.say("there was nothing to do");
  else
    tool.say("entry " + std::to_string(rewound->entry) + "; to undo it, rewind to " +
             std::to_string(rewound->entry - 1));
  return Exit::done;
}

}  // namespace spind::tool
