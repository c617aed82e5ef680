#include "commands.h"
#include "get_tree.h"
#include "store_file.h"
#include "transfer.h"

namespace spind::tool {
namespace {

struct LocalPlace {
  std::shared_ptr<LocalFolder> folder;
  std::string name;
};

// Into LOCAL if that is a folder, else as LOCAL.
Result<LocalPlace> local_place(const std::string& local, const std::string& stored_name) {
  Result<std::shared_ptr<LocalFolder>> folder = LocalFolder::open(local);
  if (folder.ok()) return LocalPlace{*std::move(folder), stored_name};
  if (local.ends_with('/')) return std::move(folder).error();
  const std::size_t slash = local.rfind('/');
  folder = LocalFolder::open(slash == local.npos ? "." : local.substr(0, slash + 1));
  if (!folder.ok()) return std::move(folder).error();
  return LocalPlace{*std::move(folder), local.substr(slash + 1)};
}

Exit get_one(Tool& tool, const Target& target, std::optional<VersionNumber> version,
             const std::string& local) {
  // A reader knows the version's own size and mtime.
  const Result<Reader> reader = target.space.reader(target.ref, {.version = version});
  if (!reader.ok()) return tool.fail(reader.error());
  Result<std::string> path = shown_path(target.space, reader->info().id);
  if (!path.ok()) return tool.fail(path.error());
  const StoredVersion file{reader->info(), *std::move(path)};
  const Result<LocalPlace> to = local_place(local, file.node.name);
  if (!to.ok()) return tool.fail(to.error());
  Transfer transfer(tool, "fetching");
  const Status fetched =
      fetch_file(target.space, file, to->folder, to->name, tool.args().has("sync"),
                 [&transfer](std::uint64_t bytes) { transfer.moved(bytes); });
  if (fetched.ok()) {
    const JsonObject object = fetched_json(file, to->folder->path_of(to->name));
    transfer.done(file.node.size_bytes, &object);
  } else {
    transfer.failed(fetched.error());
  }
  return transfer.finish("fetched");
}

// The name is the store's and not the user's, so a symbolic link that has it is not followed.
Result<std::shared_ptr<LocalFolder>> folder_here(const std::string& name) {
  if (Status checked = check_local_name(name); !checked.ok()) return std::move(checked).error();
  const Result<std::shared_ptr<LocalFolder>> here = LocalFolder::open(".");
  if (!here.ok()) return here.error();
  return (*here)->make_folder(name);
}

Exit get_folder(Tool& tool, const Target& target, const NodeInfo& node, const std::string& local) {
  if (!tool.args().has("recursive")) {
    return tool.fail(
        {.code = Code::is_a_folder, .text = "a folder; fetch it with -r", .path = tool.operand(0)});
  }
  if (tool.args().has("version")) return tool.usage("--version is for one file");
  if (local.empty() && node.name.empty())
    return tool.usage("where to? give LOCAL for a whole space");
  Result<std::shared_ptr<LocalFolder>> folder =
      local.empty() ? folder_here(node.name) : LocalFolder::open_or_make(local);
  if (!folder.ok()) return tool.fail(folder.error());
  return get_tree(tool, target.space, node, *std::move(folder));
}

}  // namespace

Exit run_get(Tool& tool) {
  const std::string local = tool.args().operands().size() > 1 ? tool.operand(1) : "";
  if (local == "-") return run_cat(tool);
  const Result<std::optional<std::uint64_t>> version = tool.args().number("version");
  if (!version.ok()) return tool.usage(version.error().text);
  const Result<Target> target = tool.target(tool.operand(0));
  if (!target.ok()) return tool.fail(target.error());
  const Result<NodeInfo> node = target->space.stat(target->ref);
  if (!node.ok()) return tool.fail(node.error());
  if (node->kind == NodeKind::folder) return get_folder(tool, *target, *node, local);
  return get_one(tool, *target, *version, local.empty() ? "." : local);
}

}  // namespace spind::tool
