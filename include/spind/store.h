// A store: one folder on one machine that holds many spaces.
//
//   spind::Result<spind::Store> store = spind::Store::open("/srv/spind", {.create = true});
//   if (!store.ok()) return fail(store.error());
//   spind::Session ada = store->session({.user = "ada", .tenant = "school-12"}).value();
//   spind::Space space = ada.create_space({.alias = "ada"}).value();
//   space.put("/hello.txt", "Hello, locker").value();
//   std::string text = space.get("/hello.txt").value();
//
// The library starts a few threads per store, writes nothing to stdout or stderr, and installs no
// signal handlers. Several stores may be open in one process; one store is open in one process.
#pragma once

#include "spind/blobs.h"
#include "spind/session.h"
#include "spind/upkeep.h"
#include "spind/vaults.h"

namespace spind {

namespace engine {
class Engine;
}

// Thread-safe. Closing waits for calls that run and joins the store's threads; sessions, spaces,
// readers and writers that outlive it answer `unavailable`.
class SPIND_EXPORT Store {
 public:
  // Errors: not_found (no store there and not `create`), busy (open elsewhere; the text names the
  // process), unsupported (another format version), corruption, io_error, invalid_argument (also:
  // other blobs are given than the store has); conflict (StoreOptions::blobs; but an older copy of
  // the store opens read-only), unsupported (also: StoreOptions::allow_unfenced), and whatever
  // these blobs answer.
  static Result<Store> open(const std::string& folder, const StoreOptions& options = {});

  // unauthenticated if no user is given; invalid_argument for names over their limits.
  Result<Session> session(const SessionOptions& options) const;

  // The spaces that changed behind the mark, from memory and for the host: nobody's rights are
  // asked. An empty mark stands at now. cursor_too_old: the store was opened since, or too many
  // spaces have changed; take a new mark, and then compare the root versions of all spaces.
  Result<ChangedSpaces> changed_spaces(std::string_view mark, std::size_t count_max = 1000) const;

  // Looks at every invariant while the store is in use, and repairs what is wrong if it is told to.
  // Of each space the newest changes (8 MiB of rows) are undone and done again in memory as well.
  // What is found is in the report; an error means that the check itself could not be done.
  Result<CheckReport> check(const CheckOptions& options = {}) const;
  // Reads and verifies all bytes that are stored for versions, at a set rate, and says which
  // versions suffer where they are damaged. How far it came is kept, also where it is cancelled or
  // the process ends: the next call goes on from there, and one that ends well begins anew. Calls
  // run one after the other. cancelled: also when the store closes.
  Result<ScrubReport> scrub(const ScrubOptions& options = {}) const;
  // Does what the policies of every space say: purges old trash, thins versions, moves the floor
  // and erases what fell away below it, purged spaces too; then removes bytes that nothing refers
  // to, as interrupted uploads and crashes leave them too. Every step is small and a change of its
  // own: what was done by the time of an error or a cancellation stays done. not_found: there is no
  // space `options.forget`.
  Result<CollectReport> collect(const CollectOptions& options = {}) const;

  // Copies the store as it is at some moment during the call to `folder`, while it is in use. The
  // folder is made, or must be empty; what never changes is shared by hard links, so choose the
  // same file system. The copy is a store like any other, and durable, when this returns; what is
  // left of one that failed holds no store and can be removed. already_exists: the folder is not
  // empty. invalid_argument: it lies in the store. not_found: the folder above it is missing.
  // unsupported: the store lies in memory. Of a store whose blobs the host gives
  // (StoreOptions::blobs) the blobs stay where they are: the copy names them, and opens read-only,
  // or with StoreOptions::adopt_blobs to go on there. What is staged is copied.
  Result<CheckpointReport> checkpoint(const std::string& folder,
                                      const CheckpointOptions& options = {}) const;

  // Brings to the blobs what was staged by now (Durability::staged) and returns when it is there,
  // durably. Whatever the blobs answer where they cannot be reached: all stays staged. cancelled.
  // Nothing to do in other stores.
  Result<FlushStagedReport> flush_staged(const FlushStagedOptions& options = {}) const;

  // Where the bytes lie, and what is not where it should be.
  Result<BlobStatus> blob_status() const;
  // Moves all bytes to `to`, or, where it is null, to the store's own folder. The store is used as
  // ever while they are copied; what came meanwhile, mostly the last few, is copied when calls that
  // run have ended, and then the store is closed: open it with StoreOptions::blobs = `to` (or
  // none). A call that meets it closed answers unavailable. Calls of check, checkpoint, collect,
  // flush_staged, reseal_vault and encrypt_vault that run are waited for before, and none begins
  // then (busy). How long that takes does not depend on how much was moved: what lies at the old
  // place is left there, and goes when the store is open again (empty_left_place). Rows and keys
  // stay in the folder. Beside the budget of memory it takes what the largest blob does, up to 64
  // MiB, and up to 30 MiB for names: those that changed are held twice while others are noted.
  // After an error or a crash the store is opened as before, and the next call with the same place
  // goes on with what was copied; unless the error came at the end, the store was not closed. To
  // open it in the wrong place is refused. Copies that Store::checkpoint made of a store with given
  // blobs do not open any more, since they name the old place. cancelled; conflict: blobs of others
  // lie there, or the store lost its own; unsupported: nothing tells two stores there apart
  // (MoveBlobsOptions::allow_unfenced); invalid_argument: the bytes lie there already, or the store
  // lies in memory; busy: another move runs, or a crash left packs open: Store::collect, then try
  // again; and whatever the places answer, as no_space.
  Result<MoveBlobsReport> move_blobs(std::shared_ptr<BlobStore> to,
                                     const MoveBlobsOptions& options = {}) const;
  // Removes what lies where the store moved away from, while it is in use: at the place that
  // StoreOptions::blobs gave then, or, where `place` is null, in its own folder, which a thread of
  // the store does anyway. Long: it may be cut off, also by the end of the process, and goes on
  // with the next call. Ok if there is nothing to do (BlobStatus::left_behind). conflict: the store
  // did not leave that place, or another copy of it lives there now; busy: a move runs; cancelled;
  // and whatever the place answers.
  Status empty_left_place(const std::shared_ptr<BlobStore>& place,
                          const EmptyLeftPlaceOptions& options = {}) const;

  // Every tenant's vault and those that spaces have for themselves, destroyed ones too; none in a
  // store without keys.
  Result<std::vector<VaultInfo>> vaults() const;
  // Changes the keys of a tenant's vault. not_found: it has none. key_unavailable: it was
  // destroyed, or its keys cannot be had. limit_exceeded: the data key was changed too often.
  Result<VaultInfo> rotate_vault(const std::string& tenant,
                                 const RotateVaultOptions& options = {}) const;
  // Encrypts with the newest data key what a tenant stored under earlier ones, while all is in use.
  // Long: it may be cut off, and goes on with the next call. not_found, key_unavailable; cancelled;
  // no_space.
  Result<ResealReport> reseal_vault(const std::string& tenant,
                                    const ResealOptions& options = {}) const;
  // Encrypts what a tenant stored before the store had keys (StoreOptions::encrypt_existing), while
  // all is in use: content first, then what rows hold. When nothing plain is left it waits until
  // those are done who read from before (readers, views of the past), then rewrites the files of
  // the metadata, so that what was replaced is in none of them; what lay in one file with rows of
  // other vaults, or belonged to spaces that are gone, goes when the last vault is encrypted. Plain
  // blobs go with the next collections, when their grace time is over. Copies of the store,
  // versions that a bucket keeps and freed blocks of a device stay as they are. Long: it may be cut
  // off, and goes on with the next call. A vault that is encrypted is left alone. invalid_argument:
  // the store has no keys; not_found; key_unavailable; busy: another call encrypts; cancelled;
  // no_space.
  Result<EncryptReport> encrypt_vault(const std::string& tenant,
                                      const EncryptOptions& options = {}) const;
  // Wraps with the provider's current key what another one wraps: the secrets of all vaults, and
  // what shows at opening that the keys are right. Once it has returned ok, keys that are not
  // current may go from the provider. Answers how many were wrapped anew; the first error is told
  // when all were tried.
  Result<std::uint64_t> rewrap_vaults() const;
  // Destroys a tenant's keys, for good, durably when it returns: nothing of the tenant's content
  // can be read any more, here and in every copy that lacks the files of `vaults/` (copies that
  // have them must be destroyed as well; none has where StoreOptions::vault_secrets put them
  // elsewhere). The spaces answer key_unavailable until the next
  // `collect`, which erases them as if they were purged and their floor had passed all of it: their
  // rows, which also hold names, at once, and their bytes when its grace time is over. ok if it was
  // done before. What was stored before the vault was encrypted is not sealed with them: of that
  // nothing is left once its plain blobs are collected and the last vault of the store has been
  // encrypted (encrypt_vault). not_found: the tenant has no vault. conflict: it is being encrypted.
  Status destroy_vault(const std::string& tenant) const;

  // The same for a vault that is one space's own. not_found: there is none, nor was there.
  Result<VaultInfo> rotate_vault(const SpaceId& space,
                                 const RotateVaultOptions& options = {}) const;
  Result<ResealReport> reseal_vault(const SpaceId& space, const ResealOptions& options = {}) const;
  Result<EncryptReport> encrypt_vault(const SpaceId& space,
                                      const EncryptOptions& options = {}) const;
  Status destroy_vault(const SpaceId& space) const;

  // Prometheus text exposition format 0.0.4. Each name has its help in it. At its end stands what
  // StoreOptions::blobs counts (BlobStore::metrics_text): requests, retries and hedges of a bucket,
  // hits of a disk cache, what a mirror's backends lack.
  std::string metrics() const;
  // ok, or why writes are refused: conflict where another copy of the store has used its blobs
  // since.
  Status health() const;
  // Closes now rather than at destruction. Later calls answer unavailable. Not to be called from a
  // callback of the store, which it would wait for.
  Status close();

  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;
  ~Store();

  explicit Store(std::shared_ptr<engine::Engine> engine);

 private:
  std::shared_ptr<engine::Engine> engine_;
};

struct Version {
  std::string_view version;  // "0.1.0"
  int format = 0;            // the newest of a store's folder that it knows
};
SPIND_EXPORT Version version();

}  // namespace spind
