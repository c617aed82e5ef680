#include "tool.h"

#include <pwd.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "blob_place.h"
#include "point.h"
#include "progress.h"
#include "spind/key_provider.h"
#include "text.h"

namespace spind::tool {
namespace {

std::string login_name() {
  if (const ::passwd* entry = ::getpwuid(::geteuid()); entry != nullptr) return entry->pw_name;
  return "uid-" + std::to_string(::geteuid());
}

Error invalid(std::string text, std::string_view about) {
  return {.code = Code::invalid_argument, .text = std::move(text), .path = std::string(about)};
}

// A '/' at the end says that a folder is meant, and is no part of its name.
Result<Ref> parse_ref(std::string path) {
  while (path.ends_with('/')) path.pop_back();
  if (!path.starts_with('!')) return Ref(path);
  const std::size_t slash = std::min(path.find('/'), path.size());
  const Result<std::uint64_t> id = parse_number(std::string_view(path).substr(1, slash - 1));
  if (!id.ok()) return invalid("not the id of a node (as !42 or !42/name)", path);
  return Ref::below(*id, path.substr(slash));
}

}  // namespace

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

Result<Place> parse_place(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == text.npos || colon == 0) {
    return invalid("not a place: a place is SPACE:/path", text);
  }
  Result<Ref> ref = parse_ref(std::string(text.substr(colon + 1)));
  if (!ref.ok()) return std::move(ref).error();
  return Place{.space = std::string(text.substr(0, colon)), .ref = *std::move(ref)};
}

Tool::Tool(Args args, CancelToken cancel, Output& out, Output& err)
    : args_(std::move(args)),
      json_(args_.has("json")),
      cancel_(std::move(cancel)),
      out_(out),
      err_(err) {}

void Tool::say(std::string_view line) {
  if (json_) return;
  out_.write(std::string(line) + "\n");
}

void Tool::emit(const JsonObject& object) {
  if (json_) out_.write(object.line());
}

void Tool::report(const Error& error) {
  if (json_) {
    JsonObject details;
    details.text("code", code_name(error.code)).text("text", error.text).text("path", error.path);
    details.flag("retryable", error.retryable());
    Output& where = content_on_stdout_ ? err_ : out_;
    where.write(JsonObject().object("error", details).line());
    where.flush();
    return;
  }
  err_.write("spind: " + printable(error.to_string()) + "\n");
  err_.flush();
}

void Tool::warn(std::string_view line) {
  err_.write("spind: warning: " + printable(line) + "\n");
  err_.flush();
}

Exit Tool::fail(const Error& error) {
  report(error);
  return no_store_named_ ? Exit::usage : Exit::failed;
}

Exit Tool::usage(std::string_view text) {
  report(Error{.code = Code::invalid_argument, .text = std::string(text)});
  return Exit::usage;
}

std::string Tool::store_folder() const {
  return args_.value_or("store", environment("SPIND_STORE"));
}

Result<Store*> Tool::open_store(StoreOptions options) {
  if (store_) return &*store_;
  const std::string folder = store_folder();
  if (folder.empty()) {
    no_store_named_ = true;
    return invalid("which store? give --store DIR or set SPIND_STORE", "");
  }
  if (const std::optional<std::string> memory = args_.value("memory")) {
    Result<std::uint64_t> bytes = parse_bytes(*memory);
    if (!bytes.ok()) return std::move(bytes).error();
    options.memory_bytes = *bytes;
  }
  if (const Status found = find_blobs(options); !found.ok()) return found.error();
  options.allow_unfenced = allows_unfenced(args_);
  if (options.adopt_blobs && options.blobs == nullptr)
    return invalid("which bytes? give --blobs or set SPIND_BLOBS", folder);
  const std::string durability =
      moved_to_ ? "" : args_.value_or("durability", environment("SPIND_DURABILITY"));
  if (durability == "staged")
    options.durability = Durability::staged;
  else if (!durability.empty() && durability != "pack")
    return invalid("the durability is pack or staged", durability);
  if (const std::string file = args_.value_or("vault-keys", environment("SPIND_VAULT_KEYS"));
      !file.empty()) {
    Result<KeyProviderPtr> keys = key_file(file);
    if (!keys.ok()) return std::move(keys).error();
    options.keys = *std::move(keys);
  }
  if (const std::optional<std::string> secrets = args_.value("vault-secrets"))
    options.vault_secrets = std::filesystem::absolute(*secrets).lexically_normal().string();
  if (options.encrypt_existing && options.keys == nullptr)
    return invalid("with which keys? give --vault-keys or set SPIND_VAULT_KEYS", folder);
  Result<Store> opened = Store::open(folder, options);
  if (!opened.ok()) return std::move(opened).error();
  store_.emplace(*std::move(opened));
  blobs_ = options.blobs;
  if (options.blobs != nullptr) warn_of_blobs();
  return &*store_;
}

Status Tool::find_blobs(StoreOptions& options) {
  if (moved_to_) {
    options.blobs = *moved_to_;
    return {};
  }
  const std::string place = args_.value_or("blobs", environment("SPIND_BLOBS"));
  if (place.empty()) return {};
  Result<std::shared_ptr<BlobStore>> blobs = open_blobs(args_, place);
  if (!blobs.ok()) return std::move(blobs).error();
  options.blobs = *std::move(blobs);
  return {};
}

Result<Store*> Tool::store_on(std::shared_ptr<BlobStore> blobs) {
  store_.reset();
  moved_to_ = std::move(blobs);
  return store();
}

void Tool::warn_of_blobs() {
  const Result<BlobStatus> status = store_->blob_status();
  if (!status.ok()) return;
  if (status->unfenced)
    warn(
        "nothing tells a second store or copy apart that is opened on these blobs: never open one");
  if (!status->read_only) return;
  if (const Status health = store_->health(); !health.ok()) warn(health.error().text);
}

Result<Store*> Tool::store() { return open_store({}); }

Result<Store*> Tool::create_store() { return open_store({.create = true}); }

Result<Store*> Tool::adopt_store() { return open_store({.adopt_blobs = true}); }

Result<Store*> Tool::encrypt_store() { return open_store({.encrypt_existing = true}); }

Result<Session> Tool::session(SessionKind kind) {
  Result<Store*> opened = store();
  if (!opened.ok()) return std::move(opened).error();
  SessionOptions options{.application = "spind", .deferred = kind.deferred};
  options.user = args_.value_or("as", environment("SPIND_USER"));
  if (options.user.empty()) options.user = login_name();
  const std::string tenant = args_.value_or("tenant", environment("SPIND_TENANT"));
  if (!tenant.empty()) options.tenant = tenant;
  if (kind.cancellable) options.cancel = cancel_;
  return (*opened)->session(options);
}

Result<Space> Tool::space(const std::string& text, SessionKind kind) {
  Result<Space> space = present_space(text, kind);
  const std::optional<std::string> at = args_.value("at");
  if (!space.ok() || !at) return space;
  if (view_ && view_->id() == space->id()) return *view_;
  const Result<Point> point = parse_point(*at);
  if (!point.ok()) return point.error();
  ProgressLine line("going back");
  Result<Space> view = space->at(*point, {.progress = line.callback()});
  if (view.ok()) view_ = *view;
  return view;
}

Result<Space> Tool::present_space(const std::string& text, SessionKind kind) {
  Result<Session> by = session(kind);
  if (!by.ok()) return std::move(by).error();
  const std::string name = text.substr(0, text.find(':'));
  if (const Result<SpaceId> id = SpaceId::parse(name); id.ok()) {
    Result<Space> found = by->space(*id);
    if (found.ok() || found.code() != Code::not_found) return found;
  }
  return by->space_by_alias(name);
}

Result<Target> Tool::target(const std::string& place, SessionKind kind) {
  const Result<Place> parsed = parse_place(place);
  if (!parsed.ok()) return parsed.error();
  Result<Space> found = space(parsed->space, kind);
  if (!found.ok()) return std::move(found).error();
  return Target{.space = *std::move(found), .ref = parsed->ref};
}

bool ends_everything(Code code) {
  return code == Code::unavailable || code == Code::no_space || code == Code::cancelled ||
         code == Code::deadline_exceeded;
}

JsonObject node_json(const NodeInfo& node, std::string_view path) {
  const bool is_file = node.kind == NodeKind::file;
  JsonObject out;
  out.number("id", node.id).text("path", path).text("kind", is_file ? "file" : "folder");
  out.number("size", node.size_bytes).number("mtime_ns", node.mtime_ns);
  out.text("etag", node.etag()).number("version", node.version);
  if (is_file)
    out.text("sha256", to_hex(node.sha256));
  else
    out.null("sha256");
  return out.text("state", "available");
}

Result<std::string> shown_path(const Space& space, NodeId node) {
  Result<std::string> path = space.path(Ref::node(node));
  if (path.code() == Code::limit_exceeded) return "!" + std::to_string(node);
  return path;
}

Exit show_changed(Tool& tool, const Space& space, const Written& written) {
  const Result<std::string> path = shown_path(space, written.node);
  if (!path.ok()) return tool.fail(path.error());
  tool.emit(JsonObject()
                .number("id", written.node)
                .text("path", *path)
                .flag("changed", written.entry != 0));
  return Exit::done;
}

std::string join_path(std::string_view folder, std::string_view name) {
  std::string out(folder);
  if (!out.ends_with('/')) out += '/';
  return out += name;
}

std::string last_part(std::string_view path) {
  while (path.ends_with('/')) path.remove_suffix(1);
  return std::string(path.substr(path.rfind('/') + 1));
}

}  // namespace spind::tool
