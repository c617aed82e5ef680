// Everything that can be chosen when a store, a session or a space is opened or made. All defaults
// are good ones: set only what you need.
//
//   auto store = spind::Store::open("/srv/spind", {.create = true, .memory_bytes = 1u << 30});
//   auto ada = store->session({.user = "ada", .tenant = "school-12"});
//
// Every member has a default, so that a program that names only some draws no warning for the rest.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>

#include "spind/error.h"
#include "spind/types.h"

namespace spind {

enum class LogLevel : std::uint8_t { debug, info, warning, error };
// One line without a line end; no secrets. Called from any thread, never under a lock.
using LogCallback = std::function<void(LogLevel, std::string_view line)>;

// A call that has ended, for a host that traces (W3C Trace Context).
struct Span {
  std::string_view verb;         // as in spind_verb_seconds
  std::string_view traceparent;  // of the session; empty: it has none, or the call has no session
  std::int64_t begin_ns = 0;     // Unix time
  std::int64_t duration_ns = 0;
  Code code = Code::ok;
};
// Called in the thread that called, before the answer; what the span refers to is gone afterwards.
// It must be quick, and must not close the store.
using TraceCallback = std::function<void(const Span&)>;

enum class MetadataEngine : std::uint8_t {
  rocksdb,  // durable, in the store's folder
  memory,   // all of it, content too, gone when the store closes and without any folder; for tests
            // of a host
};

// When a small file, of up to 1 MiB, is durable in a store with StoreOptions::blobs. Larger ones always
// are when they lie there.
enum class Durability : std::uint8_t {
  pack,  // when it lies there, in one object with others
  // When it lies in the store's folder, synced: the caller need not wait for the blobs. A thread brings it
  // there soon after. What was acknowledged and has not been brought yet is lost if the disk of this
  // machine is lost.
  staged,
};

class BlobStore;
class KeyProvider;

inline constexpr std::uint64_t kMemoryBytesMin = 32ull << 20;

struct StoreOptions {
  bool create = false;  // make the store if the folder holds none
  // One budget for every cache, write buffer and queue. At least kMemoryBytesMin.
  std::uint64_t memory_bytes = 512ull << 20;
  // Writes answer no_space while the device has less than this free.
  std::uint64_t free_space_reserve_bytes = 256ull << 20;
  MetadataEngine metadata = MetadataEngine::rocksdb;
  // Where all but small content lies; null: in the store's folder. One of spind/blob_layers.h, or of
  // the host's own making; it belongs to this store alone, and the same is given at each opening.
  // conflict: it belongs to another store, or another copy of this one has used it since. Opening
  // and collecting ask it who owns it (lib/content/blob_owner.h says what that can tell).
  std::shared_ptr<BlobStore> blobs{};
  // With `blobs`: files of up to 1 MiB that come within so short a time are put together, as objects
  // of up to so many bytes (2 to 64 MiB). Whoever puts one returns when all of them are durable there.
  std::chrono::milliseconds gather_window{5};
  std::uint64_t gather_bytes = 4ull << 20;
  // With `blobs`. May be another at each opening: what is staged is brought there whatever it is.
  Durability durability = Durability::pack;
  // staged: so much of the store's folder may wait for being brought (spind_staged_backlog_bytes). Beyond
  // it, and where the device has no room, files go to the blobs at once, at their pace; when these cannot
  // be reached, such a file answers what they do, mostly unavailable.
  std::uint64_t staged_bytes_max = 1ull << 30;
  // staged: how often what has come is brought there. Less often makes fewer and larger objects.
  std::chrono::milliseconds staged_period{1000};
  // Opens a copy of the store's folder, as after the loss of the original, on blobs that the original
  // has used since: what it stored after the copy was made is given up (check finds it, and what it
  // repairs is collected after the next opening), and it answers conflict from its next collection on.
  bool adopt_blobs = false;
  LogCallback log{};
  TraceCallback trace{};
  // How often a thread of the store does what Store::collect does, with its defaults; for the first
  // time when so long has passed since the store was opened. 0: never, and then the host calls
  // collect from time to time.
  std::chrono::milliseconds upkeep_period = std::chrono::hours(1);
  // A thread of the store reads and verifies all stored bytes at this rate a second, as
  // Store::scrub does, once in `scrub_period`; what it finds goes to `log`. 0: none does.
  std::uint64_t scrub_rate_bytes = 0;
  std::chrono::milliseconds scrub_period = std::chrono::hours(30 * 24);
  // New content above 16 KiB is compressed where that saves something. Whatever it is set to, all
  // content is read as it was stored.
  bool compress = true;
  // Encrypts what is stored, each tenant's with keys of its own, which the host's key wraps
  // (spind/key_provider.h; lib/content/README.md tells what stays readable). A store that is made with
  // keys needs them at each opening: without them it opens, and all that needs a key answers
  // key_unavailable. invalid_argument: the store was made without keys.
  std::shared_ptr<KeyProvider> keys{};
};

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
  // A traceparent as W3C Trace Context has it: its calls belong to that trace, see StoreOptions::trace.
  std::string traceparent{};
  // Changes return before they are durable, with a ticket to wait for; see Session::wait.
  bool deferred = false;
};

enum class SpaceKind : std::uint8_t { personal = 1, project = 2 };

// Which names a folder accepts beside each other.
enum class NameRule : std::uint8_t {
  exact = 1,   // names differ if their bytes do
  folded = 2,  // names that differ only by case or Unicode normal form collide, as on Windows and
               // macOS: already_exists
};

// Where the files of a space that are larger than 1 MiB are cut into pieces, which is what a tenant's
// files share. A change of rule holds for what is stored from then on.
enum class PieceRule : std::uint8_t {
  fixed = 1,  // every 8 MiB: what is stored twice whole is kept once
  // Where the content says so, every 1 to 8 MiB: what is the same in two files is kept once, wherever
  // in them it lies. It costs processor time (lib/content/README.md has what it saves).
  content = 2,
};

// How far back a space can be looked at, rewound and followed. The entry that lies just behind what
// is kept is the space's floor: what fell away by then is erased for good, with its bytes.
struct FloorPolicy {
  // An entry is kept for at least so long …
  std::int64_t keep_ns = std::int64_t{7} * 24 * 3600 * 1'000'000'000;
  // … unless so many have come since. 0: no bound by number.
  std::uint64_t keep_entries = 0;
  bool operator==(const FloorPolicy&) const = default;
};

// For how long the trash of a space keeps what was removed.
struct TrashPolicy {
  // What has lain there for so long is purged. INT64_MAX: never.
  std::int64_t keep_ns = std::int64_t{30} * 24 * 3600 * 1'000'000'000;
  bool operator==(const TrashPolicy&) const = default;
};

// Which earlier versions of its files a space keeps; the current one always stays, and so does what
// is pinned or labelled, which counts for nothing below. What has a length of time to itself keeps
// its newest version. Lengths begin on the clock, hours at full ones and days at midnight (UTC), so
// that what is kept does not depend on when it is looked at.
enum class Thinning : std::uint8_t {
  keep_all = 1,
  count_and_age = 2,  // see VersionPolicy
  // One for every 2 seconds of the last 10, 10 seconds of the last minute, minute of the last hour,
  // hour of the last day, day of the last 30, and week of the time before.
  ladder = 3,
  // All of the last 30 days, one for every hour of the last 60 days, for every day of the last 180,
  // and for every week of the time before; at most 500.
  automatic = 4,
};

struct VersionPolicy {
  Thinning thinning = Thinning::keep_all;
  // What follows is for count_and_age. So many of the newest earlier versions stay, however old …
  std::uint64_t count_min = 0;
  // … behind these go those that are older than this, and those beyond so many. 0: any number.
  std::int64_t keep_ns = INT64_MAX;
  std::uint64_t count_max = 0;
  bool operator==(const VersionPolicy&) const = default;
};

// Where the content of a space lies: what is alike in one vault is stored once, and an encrypted store
// has keys for each (spind/vaults.h). Chosen when the space is made, for ever.
enum class VaultRule : std::uint8_t {
  tenant = 1,  // with that of all the tenant's spaces that have none of their own
  own = 2,     // apart: nothing is shared, and its keys can be destroyed by themselves
};

struct SpaceOptions {
  std::optional<SpaceId> id{};  // made by the engine if not given
  SpaceKind kind = SpaceKind::personal;
  std::string alias{};        // unique in its tenant; may be empty; at most 255 bytes
  std::string name{};         // for people; at most 255 bytes
  std::string description{};  // at most 4,096 bytes
  NameRule names = NameRule::exact;
  FloorPolicy floor{};
  TrashPolicy trash{};
  VersionPolicy versions{};
  PieceRule pieces = PieceRule::fixed;
  VaultRule vault = VaultRule::tenant;
};

struct SpaceChange {
  std::optional<std::string> alias{}, name{}, description{};
  std::optional<FloorPolicy> floor{};
  std::optional<TrashPolicy> trash{};
  std::optional<VersionPolicy> versions{};
  std::optional<NodeId> image{}, readme{};  // files that present the space; 0: none
  std::optional<PieceRule> pieces{};
};

enum class SpaceStatus : std::uint8_t {
  active = 1,
  disabled = 2,  // its nodes answer not_found; see Space::disable
  purged = 3,    // gone for everybody: no call shows such a space
};

struct SpaceInfo {
  SpaceId id{};
  SpaceKind kind = SpaceKind::personal;
  std::string tenant{}, alias{}, name{}, description{};
  std::string owner{};    // user id of a personal space's owner; empty for a project
  std::string creator{};  // user id
  NameRule names = NameRule::exact;
  std::int64_t created_ns = 0;
  FolderTotals totals{};          // of the root
  std::uint64_t trash_bytes = 0;  // kept for the trash
  EntryNumber entry = 0;          // last entry of the journal
  EntryNumber visible = 0;        // last visible entry: the root version
  std::uint64_t history = 0;
  FloorPolicy floor_policy{};
  EntryNumber floor = 0;  // the earliest entry that the space can be looked at after
  SpaceStatus state = SpaceStatus::active;
  NodeId image = 0, readme = 0;  // 0: none. One that was removed since answers not_found
  TrashPolicy trash_policy{};
  VersionPolicy version_policy{};
  PieceRule pieces = PieceRule::fixed;
  VaultRule vault = VaultRule::tenant;
  // The keys of its vault cannot be had, so of `totals` nothing is known, and no other call than a
  // listing shows it.
  bool locked = false;
};

struct SpaceFilter {
  std::optional<SpaceKind> kind{};
  std::optional<SpaceStatus> state{};
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
  ProgressCallback progress{};      // in nodes
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
