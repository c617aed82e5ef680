// space create, list, info, set, disable, restore and purge.

#include "commands.h"
#include "policies.h"
#include "text.h"

namespace spind::tool {
namespace {

std::string_view kind_name(SpaceKind kind) {
  return kind == SpaceKind::personal ? "personal" : "project";
}

Result<SpaceKind> parse_kind(std::string_view text) {
  if (text == "personal") return SpaceKind::personal;
  if (text == "project") return SpaceKind::project;
  return Error{.code = Code::invalid_argument, .text = "--kind is personal or project"};
}

std::string_view state_name(SpaceStatus state) {
  return state == SpaceStatus::active ? "active" : "disabled";
}

Result<SpaceStatus> parse_state(std::string_view text) {
  if (text == "active") return SpaceStatus::active;
  if (text == "disabled") return SpaceStatus::disabled;
  return Error{.code = Code::invalid_argument, .text = "--state is active or disabled"};
}

Result<NameRule> parse_names(std::string_view text) {
  if (text == "exact") return NameRule::exact;
  if (text == "folded") return NameRule::folded;
  return Error{.code = Code::invalid_argument, .text = "--names is exact or folded"};
}

Result<VaultRule> parse_vault(std::string_view text) {
  if (text == "tenant") return VaultRule::tenant;
  if (text == "own") return VaultRule::own;
  return Error{.code = Code::invalid_argument, .text = "--vault is tenant or own"};
}

JsonObject space_json(const SpaceInfo& info) {
  JsonObject out;
  out.text("id", info.id.to_string()).text("alias", info.alias);
  out.text("kind", kind_name(info.kind)).text("tenant", info.tenant);
  out.text("name", info.name).text("description", info.description);
  out.text("owner", info.owner).text("creator", info.creator);
  out.text("names", info.names == NameRule::exact ? "exact" : "folded");
  out.number("created_ns", info.created_ns).number("bytes", info.totals.live_bytes);
  out.number("version_bytes", info.totals.version_bytes).number("trash_bytes", info.trash_bytes);
  out.number("files", info.totals.files).number("folders", info.totals.folders);
  out.number("entry", info.entry).number("visible", info.visible).number("floor", info.floor);
  out.number("keep_ns", info.floor_policy.keep_ns);
  out.number("keep_entries", info.floor_policy.keep_entries);
  out.text("state", state_name(info.state));
  out.number("image", info.image).number("readme", info.readme);
  add_policies(out, info);
  out.text("vault", info.vault == VaultRule::own ? "own" : "tenant").flag("locked", info.locked);
  return out;
}

void say_space(Tool& tool, const SpaceInfo& info) {
  tool.say("id           " + info.id.to_string());
  tool.say("alias        " + printable(info.alias));
  tool.say("kind         " + std::string(kind_name(info.kind)));
  tool.say("tenant       " + printable(info.tenant));
  if (!info.name.empty()) tool.say("name         " + printable(info.name));
  if (!info.description.empty()) tool.say("description  " + printable(info.description));
  if (info.state == SpaceStatus::disabled) tool.say("state        disabled");
  tool.say("created      " + human_time(info.created_ns) + " by " + printable(info.creator));
  tool.say("content      " + std::to_string(info.totals.files) + " files, " +
           std::to_string(info.totals.folders) + " folders, " +
           human_bytes(info.totals.live_bytes));
  tool.say("kept         " + human_bytes(info.totals.version_bytes) + " of earlier versions, " +
           human_bytes(info.trash_bytes) + " of trash");
  tool.say("entries      " + std::to_string(info.entry));
  tool.say("past         from entry " + std::to_string(info.floor) + " on; " +
           floor_text(info.floor_policy));
  tool.say("trash        " + trash_text(info.trash_policy));
  tool.say("versions     " + versions_text(info.version_policy));
  if (info.pieces != PieceRule::fixed)
    tool.say("pieces       " + std::string(pieces_name(info.pieces)));
  if (info.vault == VaultRule::own) tool.say("vault        its own");
}

Exit show(Tool& tool, const Space& space) {
  const Result<SpaceInfo> info = space.info();
  if (!info.ok()) return tool.fail(info.error());
  tool.emit(space_json(*info));
  say_space(tool, *info);
  return Exit::done;
}

}  // namespace

Exit run_space_create(Tool& tool) {
  SpaceOptions options{.alias = tool.operand(0)};
  const Args& args = tool.args();
  options.name = args.value_or("name", "");
  options.description = args.value_or("description", "");
  const Result<SpaceKind> kind = parse_kind(args.value_or("kind", "personal"));
  if (!kind.ok()) return tool.usage(kind.error().text);
  options.kind = *kind;
  const Result<NameRule> names = parse_names(args.value_or("names", "exact"));
  if (!names.ok()) return tool.usage(names.error().text);
  options.names = *names;
  const Result<std::optional<FloorPolicy>> floor = parse_floor(args, options.floor);
  if (!floor.ok()) return tool.usage(floor.error().text);
  if (*floor) options.floor = **floor;
  const Result<std::optional<TrashPolicy>> trash = parse_trash(args);
  if (!trash.ok()) return tool.usage(trash.error().text);
  if (*trash) options.trash = **trash;
  const Result<std::optional<VersionPolicy>> versions = parse_versions(args, options.versions);
  if (!versions.ok()) return tool.usage(versions.error().text);
  if (*versions) options.versions = **versions;
  const Result<std::optional<PieceRule>> pieces = parse_pieces(args);
  if (!pieces.ok()) return tool.usage(pieces.error().text);
  options.pieces = pieces->value_or(options.pieces);
  const Result<VaultRule> vault = parse_vault(args.value_or("vault", "tenant"));
  if (!vault.ok()) return tool.usage(vault.error().text);
  options.vault = *vault;
  if (const std::optional<std::string> text = args.value("id")) {
    const Result<SpaceId> id = SpaceId::parse(*text);
    if (!id.ok()) return tool.usage("--id: " + id.error().text);
    options.id = *id;
  }
  // A place is split at its first colon.
  if (options.alias.find(':') != options.alias.npos) return tool.usage("an alias has no ':'");
  const Result<Session> session = tool.session();
  if (!session.ok()) return tool.fail(session.error());
  const Result<Space> space = session->create_space(options);
  if (!space.ok()) return tool.fail(space.error());
  return show(tool, *space);
}

Exit run_space_list(Tool& tool) {
  SpaceFilter filter;
  if (const std::optional<std::string> text = tool.args().value("kind")) {
    const Result<SpaceKind> kind = parse_kind(*text);
    if (!kind.ok()) return tool.usage(kind.error().text);
    filter.kind = *kind;
  }
  if (const std::optional<std::string> text = tool.args().value("state")) {
    const Result<SpaceStatus> state = parse_state(*text);
    if (!state.ok()) return tool.usage(state.error().text);
    filter.state = *state;
  }
  const Result<Session> session = tool.session();
  if (!session.ok()) return tool.fail(session.error());
  std::string after;
  do {
    const Result<PageOf<SpaceInfo>> page = session->list_spaces(filter, 1000, after);
    if (!page.ok()) return tool.fail(page.error());
    for (const SpaceInfo& info : page->items) {
      tool.emit(space_json(info));
      tool.say(info.id.to_string() + "  " + pad_right(kind_name(info.kind), 8) + "  " +
               pad_left(human_bytes(info.totals.live_bytes), 10) + "  " + printable(info.alias) +
               (info.state == SpaceStatus::disabled ? "  (disabled)" : ""));
    }
    after = page->next;
  } while (!after.empty() && !tool.out().failed());
  return Exit::done;
}

Exit run_space_info(Tool& tool) {
  const Result<Space> space = tool.space(tool.operand(0));
  if (!space.ok()) return tool.fail(space.error());
  return show(tool, *space);
}

namespace {

// The id of the file that an option names; 0 where it names none.
Result<std::optional<NodeId>> node_of(const Tool& tool, const Space& space, const char* option) {
  const std::optional<std::string> path = tool.args().value(option);
  if (!path) return std::optional<NodeId>{};
  if (path->empty()) return std::optional<NodeId>{0};
  const Result<NodeInfo> node = space.stat(*path);
  if (!node.ok()) return node.error();
  return std::optional(node->id);
}

// Disables the space, or takes it into use again.
Exit set_state(Tool& tool, Result<Written> (Space::*change)() const) {
  const Result<Space> space = tool.space(tool.operand(0));
  if (!space.ok()) return tool.fail(space.error());
  const Result<Written> written = ((*space).*change)();
  if (!written.ok()) return tool.fail(written.error());
  return show(tool, *space);
}

}  // namespace

Exit run_space_set(Tool& tool) {
  SpaceChange change{.alias = tool.args().value("alias"),
                     .name = tool.args().value("name"),
                     .description = tool.args().value("description")};
  const Result<std::optional<FloorPolicy>> floor = parse_floor(tool.args(), {});
  if (!floor.ok()) return tool.usage(floor.error().text);
  const Result<std::optional<TrashPolicy>> trash = parse_trash(tool.args());
  if (!trash.ok()) return tool.usage(trash.error().text);
  change.trash = *trash;
  const Result<std::optional<VersionPolicy>> versions = parse_versions(tool.args(), {});
  if (!versions.ok()) return tool.usage(versions.error().text);
  const Result<std::optional<PieceRule>> pieces = parse_pieces(tool.args());
  if (!pieces.ok()) return tool.usage(pieces.error().text);
  change.pieces = *pieces;
  const bool presents = tool.args().value("image") || tool.args().value("readme");
  const bool keeps = *floor || *trash || *versions || *pieces;
  if (!change.alias && !change.name && !change.description && !presents && !keeps)
    return tool.usage("nothing to change; --help lists what there is");
  if (change.alias && change.alias->find(':') != std::string::npos) {
    return tool.usage("an alias has no ':'");
  }
  const Result<Space> space = tool.space(tool.operand(0));
  if (!space.ok()) return tool.fail(space.error());
  if (*floor || *versions) {
    // What is not given stays as it is.
    const Result<SpaceInfo> info = space->info();
    if (!info.ok()) return tool.fail(info.error());
    change.floor = *parse_floor(tool.args(), info->floor_policy);
    change.versions = *parse_versions(tool.args(), info->version_policy);
  }
  const Result<std::optional<NodeId>> image = node_of(tool, *space, "image");
  if (!image.ok()) return tool.fail(image.error());
  const Result<std::optional<NodeId>> readme = node_of(tool, *space, "readme");
  if (!readme.ok()) return tool.fail(readme.error());
  change.image = *image;
  change.readme = *readme;
  const Result<Written> written = space->update(change);
  if (!written.ok()) return tool.fail(written.error());
  return show(tool, *space);
}

Exit run_space_disable(Tool& tool) { return set_state(tool, &Space::disable); }

Exit run_space_restore(Tool& tool) { return set_state(tool, &Space::enable); }

Exit run_space_purge(Tool& tool) {
  const Result<Space> space = tool.space(tool.operand(0));
  if (!space.ok()) return tool.fail(space.error());
  const Result<Written> written = space->purge();
  if (!written.ok()) return tool.fail(written.error());
  tool.emit(JsonObject().text("id", space->id().to_string()));
  return Exit::done;
}

}  // namespace spind::tool
