// favourite add, favourite rm, favourite list: what a person chose for themselves.

#include "commands.h"
#include "text.h"

namespace spind::tool {
namespace {

// Its path is null where the person cannot see it any more.
JsonObject chosen_json(NodeId id, const Result<std::string>& path) {
  JsonObject out;
  out.number("id", id);
  return path.ok() ? out.text("path", *path) : out.null("path");
}

Status add_one(Tool& tool, const std::string& place) {
  const Result<Target> target = tool.target(place);
  if (!target.ok()) return target.error();
  const Result<NodeInfo> node = target->space.stat(target->ref);
  if (!node.ok()) return node.error();
  if (Status done = target->space.set_favourite(Ref::node(node->id), true); !done.ok()) return done;
  tool.emit(chosen_json(node->id, shown_path(target->space, node->id)));
  return {};
}

// What is gone is still named by its id.
Status remove_one(Tool& tool, const std::string& place) {
  const Result<Target> target = tool.target(place);
  if (!target.ok()) return target.error();
  const bool by_id = target->ref.start() != kRootNode && target->ref.path().empty();
  NodeId id = target->ref.start();
  if (!by_id) {
    const Result<NodeInfo> node = target->space.stat(target->ref);
    if (!node.ok()) return node.error();
    id = node->id;
  }
  if (Status done = target->space.set_favourite(Ref::node(id), false); !done.ok()) return done;
  tool.emit(chosen_json(id, shown_path(target->space, id)));
  return {};
}

Exit for_each_place(Tool& tool, Status (*change)(Tool&, const std::string&)) {
  Exit exit = Exit::done;
  for (const std::string& place : tool.args().operands())
    if (const Status done = change(tool, place); !done.ok()) exit = tool.fail(done.error());
  return exit;
}

// Its name for people, or its id where it has none.
std::string shown_space(const SpaceInfo& space) {
  return space.alias.empty() ? space.id.to_string() : space.alias;
}

Status show(Tool& tool, const Session& session, const Favourite& favourite) {
  const Result<Space> space = session.space(favourite.space);
  if (!space.ok()) return space.error();
  const Result<std::string> path = shown_path(*space, favourite.node.id);
  if (!path.ok()) return path.error();
  tool.emit(node_json(favourite.node, *path).text("space", favourite.space.to_string()));
  if (tool.json()) return {};
  const Result<SpaceInfo> info = space->info();
  if (!info.ok()) return info.error();
  tool.say(printable(shown_space(*info)) + ":" + printable(*path) +
           (favourite.node.kind == NodeKind::folder && *path != "/" ? "/" : ""));
  return {};
}

}  // namespace

Exit run_favourite_add(Tool& tool) { return for_each_place(tool, add_one); }

Exit run_favourite_rm(Tool& tool) { return for_each_place(tool, remove_one); }

Exit run_favourite_list(Tool& tool) {
  const Result<Session> session = tool.session();
  if (!session.ok()) return tool.fail(session.error());
  std::string after;
  do {
    const Result<PageOf<Favourite>> page = session->favourites(1000, after);
    if (!page.ok()) return tool.fail(page.error());
    for (const Favourite& favourite : page->items) {
      const Status shown = show(tool, *session, favourite);
      if (!shown.ok() && shown.code() != Code::not_found) return tool.fail(shown.error());
    }
    after = page->next;
  } while (!after.empty() && !tool.out().failed() && !tool.stopped());
  return Exit::done;
}

}  // namespace spind::tool
