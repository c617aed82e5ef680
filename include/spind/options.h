// What can be chosen for a session and its calls. All defaults are good ones: set only what you
// need. Those of a store and of a space are in headers of their own.
//
//   auto ada = store->session({.user = "ada", .tenant = "school-12"});
//
// Every member has a default, so that a program that names only some draws no warning for the rest.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>

#include "spind/error.h"
#include "spind/space_options.h"
#include "spind/store_options.h"
#include "spind/types.h"

namespace spind {

// Ends an operation from another thread: copies share one flag, which stays set. Thread-safe.
class CancelToken {
 public:
  CancelToken() : flag_(std::make_shared<std::atomic<bool>>(false)) {}
  void cancel() { flag_->store(true, std::memory_order_relaxed); }
  bool cancelled() const { return flag_->load(std::memory_order_relaxed); }

 private:
  std::shared_ptr<std::atomic<bool>> flag_;
};

// Who acts. The host has authenticated them; the engine decides what they may do.
struct SessionOptions {
  std::string user{};  // 1 to 255 bytes of UTF-8 without control characters
  std::vector<std::string> groups{};
  std::string tenant = "default";  // 1 to 255 bytes
  std::string application{};       // recorded in the journal; at most 255 bytes
  // Every call of the session answers deadline_exceeded when this time has passed since the
  // session began. A change that was committed by then stands and may still become durable.
  std::optional<std::chrono::milliseconds> timeout{};
  std::optional<CancelToken> cancel{};
  // A traceparent as W3C Trace Context has it: its calls belong to that trace, see
  // StoreOptions::trace.
  std::string traceparent{};
  // Changes return before they are durable, with a ticket to wait for; see Session::wait.
  bool deferred = false;
};

// Conditions on the node that stands at the place when the change becomes visible; if one does not
// hold: precondition_failed. ETags as NodeInfo::etag gives them; "*" means any node.
struct Preconditions {
  std::optional<std::string> if_match{};
  std::optional<std::string> if_none_match{};
  std::optional<std::int64_t> if_unmodified_since_ns{};  // its mtime is not later
  bool operator==(const Preconditions&) const = default;
};

enum : std::uint8_t { kSha1 = 1, kMd5 = 2, kAdler32 = 4 };

struct PutOptions {
  Preconditions conditions{};
  std::optional<std::int64_t> mtime_ns{};     // else the time of the commit
  std::optional<std::uint64_t> size_bytes{};  // declared: another size is invalid_argument
  std::optional<Sha256> sha256{};             // given: another content is precondition_failed
  Checksums checksums{};                      // likewise
  std::uint8_t checksums_wanted = 0;          // kSha1 | kMd5 | kAdler32: computed and kept
  bool make_parents = false;
  std::string request_id{};  // a repeat answers as the first did; <= 128 bytes
  bool operator==(const PutOptions&) const = default;
};

struct FolderOptions {
  bool make_parents = false;
  bool exist_ok = false;  // an existing folder is no error
  std::optional<std::int64_t> mtime_ns{};
  std::string request_id{};
};

struct MoveOptions {
  bool replace = false;        // what stands at the target goes to the trash
  Preconditions conditions{};  // on the node that is moved
  std::string request_id{};
};

struct RemoveOptions {
  Preconditions conditions{};
  bool only_if_empty = false;  // a folder with children: folder_not_empty
  std::string request_id{};
};

// What to do where something has the name already.
enum class OnConflict : std::uint8_t {
  fail,       // already_exists
  skip,       // nothing happens: an item stays in the trash; Written::entry is 0
  replace,    // what is there goes to the trash
  keep_both,  // what comes gets a free name: "essay (2).odt"
};

struct CopyOptions {
  OnConflict on_conflict = OnConflict::fail;
  bool make_parents = false;        // make folders that are missing on the way there
  Preconditions conditions{};       // on what stands at the target when the copy appears there
  Preconditions from_conditions{};  // on the node that is copied
  ProgressCallback progress{};      // in nodes; in bytes of content from one vault to another
  std::optional<CancelToken> cancel{};
  std::string request_id{};
};

struct TouchOptions {
  Preconditions conditions{};
  std::string request_id{};
};

struct ViewOptions {
  ProgressCallback progress{};  // in entries undone
};

struct RewindOptions {
  ProgressCallback progress{};  // in entries undone or done again
  std::string request_id{};
};

struct ListOptions {
  std::optional<NodeKind> kind{};
  std::size_t count_max = 1000;  // 1 to 10,000
  std::string after{};           // PageOf::next of the page before
};

struct ReadOptions {
  std::optional<VersionNumber> version{};  // else the current one
};

}  // namespace spind
