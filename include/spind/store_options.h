// What can be chosen when a store is opened. All defaults are good ones: set only what you need.
//
//   auto store = spind::Store::open("/srv/spind", {.create = true, .memory_bytes = 1u << 30});
//
// Every member has a default, so that a program that names only some draws no warning for the rest.
#pragma once

#include <chrono>
#include <memory>
#include <string>

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

// When a small file, of up to 1 MiB, is durable in a store with StoreOptions::blobs. Larger ones
// always are when they lie there.
enum class Durability : std::uint8_t {
  pack,  // when it lies there, in one object with others
  // When it lies in the store's folder, synced: the caller need not wait for the blobs. A thread
  // brings it there soon after. What was acknowledged and has not been brought yet is lost if the
  // disk of this machine is lost.
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
  // Where all but small content lies; null: in the store's folder. One of spind/blob_layers.h, or
  // of the host's own making; it belongs to this store alone, and the same is given at each
  // opening. conflict: it belongs to another store. It is asked who owns it at opening, once a
  // minute and at each collection (lib/content/blob_owner.h says what that can tell). A store of
  // which another copy has used the blobs since is read-only from when it notices, also from the
  // beginning: reads, listings, check without repair and checkpoint work, where the other has
  // removed nothing of it; all that would write answers conflict and says why, as Store::health
  // does, and nothing is removed anywhere.
  std::shared_ptr<BlobStore> blobs{};
  // With `blobs`: files of up to 1 MiB that come within so short a time are put together, as
  // objects of up to so many bytes (2 to 64 MiB). Whoever puts one returns when all of them are
  // durable there. Where as many have come as did lately, nobody waits for more.
  std::chrono::milliseconds gather_window{5};
  std::uint64_t gather_bytes = 4ull << 20;
  // With `blobs`. May be another at each opening: what is staged is brought there whatever it is.
  Durability durability = Durability::pack;
  // staged: so much of the store's folder may wait for being brought (spind_staged_backlog_bytes).
  // Beyond it, and where the device has no room, files go to the blobs at once, at their pace; when
  // these cannot be reached, such a file answers what they do, mostly unavailable.
  std::uint64_t staged_bytes_max = 1ull << 30;
  // staged: how often what has come is brought there. Less often makes fewer and larger objects.
  std::chrono::milliseconds staged_period{1000};
  // Opens a copy of the store's folder, as after the loss of the original, on blobs that the
  // original has used since, to go on there: what it stored after the copy was made is given up,
  // and goes with the next collections, or is found by check. It is read-only within a minute of
  // when it can ask its blobs.
  bool adopt_blobs = false;
  // Where several creates of one name at once all win in `blobs`, nothing tells two stores there
  // apart for sure, and each may remove what only the other knows. So a store is made there, moved
  // there, adopts blobs there, and later is opened there, only with this; else it answers
  // unsupported. It is found out by trying (BlobStore::creates_are_atomic) at the first three, and
  // noted there for the last. Who allows it sees to it that the place is never opened from a second
  // machine or copy.
  bool allow_unfenced = false;
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
  // (spind/key_provider.h; lib/content/README.md tells what stays readable). A store that is made
  // with keys needs them at each opening: without them it opens, and all that needs a key answers
  // key_unavailable. invalid_argument: the store was made without keys, see encrypt_existing.
  std::shared_ptr<KeyProvider> keys{};
  // With keys: a store that was made without becomes one that needs them, for ever, and encrypts
  // what comes. What it has stays as it is until Store::encrypt_vault was called for each vault.
  // Nothing else happens to a store that has keys. invalid_argument: no keys are given. corruption:
  // the record of a space is damaged; repair the store first.
  bool encrypt_existing = false;
  // With keys, for a store that is made or gets them: an absolute path outside the store's folder,
  // of a folder that is empty or is made, where the secrets of vaults lie that destroy_vault
  // removes. Empty: in the store's folder, so that a copy of it has them, and decrypts a destroyed
  // vault. Elsewhere no copy has them: destroying a vault destroys it in each copy there is, and
  // who loses that folder has lost everything that is encrypted. The store finds it later, and
  // copies of the store use the same, one at a time. invalid_argument: other files lie there, or
  // the store has its secrets at another place. key_unavailable: the folder is not there any more.
  std::string vault_secrets{};
};

}  // namespace spind
