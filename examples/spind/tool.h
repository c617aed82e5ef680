// What every command has: the words of the command line, the store, and where to say things.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "args.h"
#include "json.h"
#include "output.h"
#include "spind/store.h"

namespace spind::tool {

enum class Exit : int {
  done = 0,
  failed = 1,
  usage = 2,
  different = 3,  // differences or damage found
};

struct Place {
  std::string space;  // an id or an alias
  Ref ref;
};

// "SPACE:/path", "SPACE:path", "SPACE:", and "SPACE:!42" or "SPACE:!42/path" by a node's id.
Result<Place> parse_place(std::string_view text);

// A place whose space is open.
struct Target {
  Space space;
  Ref ref;
};

// Changes in `deferred` sessions are acknowledged by Session::wait. Those that are not
// `cancellable` outlive an interrupt: with one, what was stored before it can still be
// acknowledged.
struct SessionKind {
  bool deferred = false;
  bool cancellable = true;
};

// The variable, or empty if it is not set.
std::string environment(const char* name);

class Tool {
 public:
  Tool(Args args, CancelToken cancel, Output& out, Output& err);

  const Args& args() const { return args_; }
  const std::string& operand(std::size_t index) const { return args_.operands()[index]; }
  std::vector<std::string> operands_from(std::size_t index) const {
    return {args_.operands().begin() + static_cast<std::ptrdiff_t>(index), args_.operands().end()};
  }
  bool json() const { return json_; }
  Output& out() { return out_; }
  const CancelToken& cancel() const { return cancel_; }
  bool stopped() const { return cancel_.cancelled(); }

  // A line for people; nothing with --json.
  void say(std::string_view line);
  // An object for programs; nothing without --json.
  void emit(const JsonObject& object);
  // Says what is wrong: to programs on stdout (where the objects are), to people on stderr.
  // Thread-safe.
  void report(const Error& error);
  // For commands whose stdout is a file's content: errors go to stderr, with --json too.
  void keep_stdout_for_content() { content_on_stdout_ = true; }
  // To people on stderr, with --json too.
  void warn(std::string_view line);
  // Exit::usage where it was not said which store is meant.
  Exit fail(const Error& error);
  Exit usage(std::string_view text);

  // Opened at the first call.
  Result<Store*> store();
  Result<Store*> create_store();
  Result<Store*> adopt_store();
  // A store that was made without keys gets those that are given.
  Result<Store*> encrypt_store();
  // The store once more, whose bytes lie in `blobs` now, or in its folder where that is null.
  Result<Store*> store_on(std::shared_ptr<BlobStore> blobs);
  // Where they lay when it was opened before; null: in its folder.
  const std::shared_ptr<BlobStore>& blobs() const { return blobs_; }
  std::string store_folder() const;
  Result<Session> session(SessionKind kind = {});
  // By id or alias; "S" and "S:" are the same. As it was at the point that --at gives, if any.
  Result<Space> space(const std::string& text, SessionKind kind = {});
  Result<Target> target(const std::string& place, SessionKind kind = {});

 private:
  Result<Store*> open_store(StoreOptions options);
  Status find_blobs(StoreOptions& options);
  void warn_of_blobs();
  Result<Space> present_space(const std::string& text, SessionKind kind);
  // Of the one that was asked for last, since it takes time to make.
  std::optional<Space> view_;

  const Args args_;
  const bool json_;
  const CancelToken cancel_;
  Output& out_;
  Output& err_;
  bool content_on_stdout_ = false;
  bool no_store_named_ = false;
  std::optional<std::shared_ptr<BlobStore>> moved_to_;
  std::shared_ptr<BlobStore> blobs_;
  std::optional<Store> store_;
};

// Whether there is no point in going on with other files after this error.
bool ends_everything(Code code);

// {id, path, kind, size, mtime_ns, etag, version, sha256, state}: what stat and ls say of a node.
JsonObject node_json(const NodeInfo& node, std::string_view path);

// A node's path, or "!42" for one that lies deeper than paths may be long.
Result<std::string> shown_path(const Space& space, NodeId node);

// {id, path, changed}: what commands say that change something beside a node.
Exit show_changed(Tool& tool, const Space& space, const Written& written);

// "/a/b" for ("/a", "b"), "/b" for ("/", "b").
std::string join_path(std::string_view folder, std::string_view name);
std::string last_part(std::string_view path);

}  // namespace spind::tool
