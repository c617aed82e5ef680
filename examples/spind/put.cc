#include <unistd.h>

#include "commands.h"
#include "put_tree.h"
#include "store_file.h"
#include "transfer.h"

namespace spind::tool {
namespace {

// Where a file with that local name goes: into the target if that is a folder.
Result<Ref> file_place(const Target& target, const std::string& place, const std::string& name) {
  const Result<NodeInfo> found = target.space.stat(target.ref);
  const bool is_folder = found.ok() && found->kind == NodeKind::folder;
  if (is_folder && name.empty()) {
    return Error{.code = Code::is_a_folder, .text = "a folder stands there", .path = place};
  }
  if (is_folder) return Ref::below(found->id, name);
  if (found.ok() && place.ends_with('/')) {
    return Error{.code = Code::not_a_folder, .text = "a file stands there", .path = place};
  }
  if (!found.ok() && found.code() != Code::not_found) return found.error();
  if (!found.ok() && place.ends_with('/')) return found.error();
  return target.ref;
}

Exit acknowledge(Transfer& transfer, const Target& target, const Result<Written>& written,
                 const LocalFile& file) {
  if (!written.ok()) {
    // Either the local file is at fault, which the error then names, or the place.
    const bool local = written.error().path == file.path();
    transfer.failed(written.error(), local ? file.path() : target.ref.to_string());
    return transfer.finish("stored");
  }
  const Result<std::string> path = shown_path(target.space, written->node);
  JsonObject object;
  object.text("event", "file").text("path", path.ok() ? *path : "");
  object.number("id", written->node).number("version", written->version);
  object.number("size", written->size_bytes).text("sha256", to_hex(written->sha256));
  object.flag("durable", true);
  transfer.done(written->size_bytes, &object);
  transfer.flush();
  return transfer.finish("stored");
}

Exit put_one(Tool& tool, const std::string& local, const std::string& place) {
  const bool is_stdin = local == "-";
  const Result<Target> target = tool.target(place);
  if (!target.ok()) return tool.fail(target.error());
  const std::string name = is_stdin ? "" : last_part(local);
  const Result<Ref> to = file_place(*target, place, name);
  if (!to.ok()) return tool.fail(to.error());
  Transfer transfer(tool, "storing");
  const Moved moved = [&transfer](std::uint64_t bytes) { transfer.moved(bytes); };
  if (is_stdin) {
    LocalFile input(Fd(::dup(STDIN_FILENO)), "standard input", {});
    return acknowledge(transfer, *target, store_stream(target->space, *to, input, moved), input);
  }
  Result<LocalFile> file = open_local_file(local);
  if (!file.ok()) return tool.fail(file.error());
  return acknowledge(transfer, *target, store_file(target->space, *to, *file, moved), *file);
}

}  // namespace

Exit run_put(Tool& tool) {
  const std::string& local = tool.operand(0);
  const std::string& place = tool.operand(1);
  if (const Result<std::size_t> workers = worker_count(tool.args(), 1); !workers.ok()) {
    return tool.usage(workers.error().text);
  }
  if (local == "-") return put_one(tool, local, place);
  Result<std::shared_ptr<LocalFolder>> folder = LocalFolder::open(local);
  if (folder.ok() && !tool.args().has("recursive")) {
    return tool.fail(
        {.code = Code::is_a_folder, .text = "a folder; store it with -r", .path = local});
  }
  if (folder.ok()) return put_tree(tool, *std::move(folder), place);
  if (folder.code() == Code::not_a_folder) return put_one(tool, local, place);
  if (folder.code() == Code::not_found)
    return tool.fail({.code = Code::not_found, .text = "no such file or folder", .path = local});
  return tool.fail(folder.error());
}

}  // namespace spind::tool
