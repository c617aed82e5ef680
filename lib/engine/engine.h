// An open store: its parts, who is inside, and how it closes.
//
// The public classes are thin: each call goes through Engine::run, which refuses it when the store
// is closed, keeps the store open while it runs, and counts it.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <unordered_set>

#include "base/clock_drift.h"
#include "base/periodic.h"
#include "content/blob_move.h"
#include "content/blob_owner.h"
#include "content/space_rows.h"
#include "engine/seams.h"
#include "engine/store_folder.h"
#include "engine/verb_metrics.h"
#include "keys/guarded_keys.h"
#include "kv/fence.h"
#include "kv/observers.h"
#include "kv/sealed/sealed_store.h"
#include "ops/ops.h"
#include "space/changed_spaces.h"
#include "space/row_cache.h"
#include "space/watchers.h"
#include "upkeep/reclaim.h"
#include "upkeep/scrub.h"

namespace spind::engine {

// Something a caller holds that holds a part of the store: a reader, a writer, a walk. When the
// store closes it lets go.
class Guest {
 public:
  virtual ~Guest() = default;
  virtual void let_go() = 0;
};

// Thread-safe. Owned by all public objects together; open until close().
class Engine {
 public:
  static Result<std::shared_ptr<Engine>> open(const std::string& folder,
                                              const StoreOptions& options, const Seams& seams);
  ~Engine();

  // Waits for calls that run, then closes; later calls answer unavailable.
  Status close();

  // Runs one call. The verb is timed, counted and told to who traces.
  template <class Call>
  auto run(Verb verb, Call&& call, const std::string& traceparent = {}) -> decltype(call()) {
    const Inside inside(*this);
    if (!inside.admitted()) return closed_error();
    const AtLength at_length(*this, takes_long(verb));
    if (!at_length.admitted()) return move_ends_error();
    const std::int64_t begin_ns = clock_.monotonic_ns();
    auto answer = call();
    const std::int64_t duration_ns = clock_.monotonic_ns() - begin_ns;
    verbs_.record(verb, duration_ns, answer.code());
    if (trace_)
      trace_({verb_name(verb), traceparent, clock_.wall_ns() - duration_ns, duration_ns,
              answer.code()});
    return answer;
  }

  void admit(Guest& guest);
  void dismiss(Guest& guest);

  // Only inside run().
  const ops::Context& context() const { return *context_; }
  content::Content& content() { return *content_; }
  kv::Store& kv() { return *kv_; }
  const space::ChangedSpaces& changed_spaces() const { return *changed_; }
  // Of this opening of the store; another one has another.
  std::uint64_t opening() const { return opening_; }

  space::Watchers& watchers() { return watchers_; }
  static Error closed_error();
  static Error move_ends_error();

  // Store::collect. Only inside run(), or on the engine's own thread. With a bound, each space has
  // so many of its earlier versions looked at.
  Result<CollectReport> collect(const CollectOptions& options,
                                std::optional<std::uint64_t> versions_max = {});
  // The time, if the wall clock can be believed about how much of it has passed.
  std::optional<std::int64_t> believed_now() const { return clocks_.believed_now(); }

  // Store::check. Only inside run().
  Result<CheckReport> check(const CheckOptions& options);
  // Store::scrub. Only inside run().
  Result<ScrubReport> scrub(const ScrubOptions& options);
  // Store::flush_staged. Only inside run().
  Result<FlushStagedReport> flush_staged(const FlushStagedOptions& options);

  Clock& clock() { return clock_; }
  std::string metrics();
  Status health();
  Result<CheckpointReport> checkpoint(const std::string& folder, const CheckpointOptions& options);

  // Store::vaults, and what changes them (vaults.cc). Only inside run().
  Result<std::vector<VaultInfo>> vaults();
  Result<VaultInfo> rotate_vault(const model::VaultName& name, const RotateVaultOptions& options);
  Result<ResealReport> reseal_vault(const model::VaultName& name, const ResealOptions& options);
  Result<EncryptReport> encrypt_vault(const model::VaultName& name, const EncryptOptions& options);
  Result<std::uint64_t> rewrap_vaults();
  Status destroy_vault(const model::VaultName& name);
  // The name of the vault that is the space's own, also of one that is gone. not_found.
  Result<model::VaultName> own_vault(const SpaceId& space);

  // Store::blob_status. Only inside run().
  Result<BlobStatus> blob_status();
  // Store::move_blobs. Not inside run(), since it closes the store.
  Result<MoveBlobsReport> move_blobs(std::shared_ptr<BlobStore> to,
                                     const MoveBlobsOptions& options);
  // Store::empty_left_place. Only inside run().
  Status empty_left_place(const std::shared_ptr<BlobStore>& place,
                          const EmptyLeftPlaceOptions& options);

  // Gives up uploads whose time is over, unless the clocks disagree about how long that is. Only
  // inside run().
  Status expire_uploads(ops::Call call, std::uint64_t count_max);

 private:
  // A call that is inside; it keeps the store open.
  class Inside {
   public:
    explicit Inside(Engine& engine) : engine_(engine) {
      engine.running_.fetch_add(1);
      admitted_ = !engine.closing_.load();
    }
    ~Inside() {
      if (engine_.running_.fetch_sub(1) == 1 && engine_.closing_.load())
        engine_.running_.notify_all();
    }
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;
    bool admitted() const { return admitted_; }

   private:
    Engine& engine_;
    bool admitted_ = false;
  };

  // A call that may be inside for minutes, if it is one. While a move waits for those that are, to
  // end without keeping others waiting, none begins.
  class AtLength {
   public:
    AtLength(Engine& engine, bool is_long) : engine_(engine), is_long_(is_long) {
      if (!is_long_) return;
      engine_.long_calls_.fetch_add(1);
      admitted_ = !engine_.move_ends_.load();
    }
    ~AtLength() {
      if (is_long_) engine_.long_calls_.fetch_sub(1);
    }
    AtLength(const AtLength&) = delete;
    AtLength& operator=(const AtLength&) = delete;
    bool admitted() const { return admitted_; }

   private:
    Engine& engine_;
    const bool is_long_;
    bool admitted_ = true;
  };

  Engine(const StoreOptions& options, const Seams& seams);
  Status start(const std::string& given, const StoreOptions& options, const Seams& seams);
  Status open_blobs(const StoreOptions& options, const Seams& seams, bool in_memory);
  Status open_keys(const StoreOptions& options, bool in_memory);
  Status note_secrets_chosen();
  StoreFormat format() const;
  Status expect_no_plain_secrets() const;
  Status claim_blobs();
  void look_at_owner(const CancelToken& cancel);
  void stop_writing(const Error& why);
  // move_blobs.cc: what a move has left to do since the process ended, and its steps.
  Status finish_move();
  // `fences`: whether the new place does (content/fencing.h).
  Status begin_move(const std::shared_ptr<BlobStore>& to, const MoveBlobsOptions& options,
                    bool& fences);
  Status end_move(content::BlobMove& move, const std::shared_ptr<BlobStore>& to, bool fences,
                  MoveBlobsReport& report);
  Status copy_blobs(content::BlobMove& move, const MoveBlobsOptions& options);
  Result<model::BlobMoveRow> left_to_do(bool to_folder);
  Status empty_folder(const Interrupt& interrupt);
  Status empty_given_place(BlobStore& place, model::BlobMoveRow row, const Interrupt& interrupt);
  void empty_folder_meanwhile();
  Interrupt until_cancelled(const std::optional<CancelToken>& cancel) const;  // or it closes
  std::unique_ptr<BlobStore> folder_blobs(BlobStore& objects, const std::string& packs);
  // Parts of close(): from the first on nobody is inside.
  void let_all_out();
  void close_content();
  void close_rows();
  void start_upkeep(const StoreOptions& options, const Seams& seams);
  void look_after_store(const CancelToken& cancel);
  void scrub_if_due(const CancelToken& cancel, const StoreOptions& options);

  Clock& clock_;
  Random& random_;
  Threads& threads_;
  Files& files_;
  const std::uint64_t memory_bytes_;
  const std::uint64_t opening_;
  const std::uint64_t thinned_rows_a_pass_;
  const ClockDrift clocks_;
  const LogCallback log_;
  const TraceCallback trace_;
  VerbMetrics verbs_;
  space::Watchers watchers_;

  std::atomic<std::uint64_t> running_{0};
  std::atomic<bool> closing_{false};
  std::atomic<std::uint64_t> long_calls_{0};
  std::atomic<bool> move_ends_{false};  // no long call begins any more
  std::mutex close_mutex_;
  std::mutex guests_mutex_;
  std::unordered_set<Guest*> guests_;

  // In the order in which they are opened; closed in reverse.
  StoreFolder folder_;
  std::unique_ptr<space::RowCache> rows_;
  std::unique_ptr<space::ChangedSpaces> changed_;
  std::unique_ptr<kv::Observers> observers_;
  std::unique_ptr<kv::OpeningObserver> opening_observer_;
  std::unique_ptr<content::VaultKeys> keys_;        // null: nothing is encrypted
  std::unique_ptr<content::SpaceRows> space_rows_;  // likewise
  kv::Fence fence_;                                 // closed: the blobs are another's
  std::unique_ptr<kv::Store> kv_;
  std::shared_ptr<BlobStore> blobs_;
  content::BlobChanges blob_changes_;
  std::unique_ptr<content::NotedBlobs> noted_blobs_;
  std::unique_ptr<content::BlobOwner> blob_owner_;  // null: the blobs lie in the store's folder
  std::unique_ptr<content::Content> content_;
  content::MemoryBudget past_memory_;
  std::unique_ptr<upkeep::Reclaimer> reclaimer_;
  std::unique_ptr<upkeep::Scrubber> scrubber_;
  ops::Stagings stagings_;
  std::unique_ptr<ops::Context> context_;
  // Since the store was opened, by policies.
  std::atomic<std::uint64_t> retired_trash_items_{0}, retired_versions_{0};
  std::atomic<bool> repairing_{false}, moving_{false};
  std::mutex copying_;  // held by whoever copies rows and secrets of vaults, which belong together
  std::mutex encrypting_;  // by the call that encrypts a vault
  std::atomic<std::uint64_t> move_pending_bytes_{0};
  std::uint64_t first_pack_ = 0;  // of those in the folder that were not left by a move
  bool left_in_folder_ = false;   // a move has left some there
  std::mutex emptying_mutex_;     // held by whoever empties the folder
  std::unique_ptr<Thread> emptying_;
  std::atomic<std::uint64_t> uploads_receiving_{0}, uploads_held_{0}, uploads_waiting_seconds_{0};
  bool opened_read_only_ = false;
  std::unique_ptr<Periodic> upkeep_, scrubbing_, owner_look_;
};

// What a Session holds; its Spaces share it. Thread-safe; engine, call and traceparent are set
// once.
class SessionState {
 public:
  std::shared_ptr<Engine> engine;
  ops::Call call;
  std::string traceparent;

  // Runs one call of the session.
  template <class Call>
  auto run(Verb verb, Call&& call_it) -> decltype(call_it()) {
    const keys::Patience patience(call.time_left(engine->clock()));
    return engine->run(verb, std::forward<Call>(call_it), traceparent);
  }

  // Remembers the ticket of a change. Only inside Engine::run.
  template <class Change>
  Result<Change> noted(Result<Change> change) {
    if (change.ok() && call.deferred) saw(change->ticket);
    return change;
  }
  // The last ticket, or the first loss that nobody has been told of; telling it once is enough.
  Result<Ticket> last();

 private:
  // A deferred change was made. What came of the one before is not forgotten if it was lost.
  void saw(Ticket ticket);

  std::mutex mutex_;
  Ticket last_ticket_ = 0;
  std::optional<Error> lost_;
};

// A session that looks at the past of one space.
class PastSession final : public SessionState, public Guest {
 public:
  PastSession(const SessionState& present, std::shared_ptr<const ops::Past> past);
  ~PastSession() override { engine->dismiss(*this); }
  void let_go() override { call.past.reset(); }
};

struct SpaceState {
  std::shared_ptr<SessionState> session;
  SpaceId id;
};

}  // namespace spind::engine
