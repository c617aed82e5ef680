#include "engine/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "base/errno_error.h"
#include "base/limits.h"
#include "base/try.h"
#include "engine/store_metrics.h"
#include "ops/retention.h"
#include "upkeep/check.h"

namespace spind::engine {
namespace {

// How the one budget is shared out. The rest is for what calls hold while they run.
constexpr std::uint64_t kv_share(std::uint64_t bytes) { return bytes / 2; }
constexpr std::uint64_t rows_share(std::uint64_t bytes) { return bytes / 16; }
constexpr std::uint64_t content_share(std::uint64_t bytes) { return bytes / 4; }
constexpr std::uint64_t changed_share(std::uint64_t bytes) { return bytes / 64; }
constexpr std::uint64_t past_share(std::uint64_t bytes) { return bytes / 8; }
constexpr std::uint64_t all_shares(std::uint64_t bytes) {
  return kv_share(bytes) + rows_share(bytes) + content_share(bytes) + changed_share(bytes) +
         past_share(bytes);
}
static_assert(all_shares(kMemoryBytesMin) <= kMemoryBytesMin / 32 * 31);

// What a space takes of it: a node in each of two tables.
constexpr std::size_t kChangedSpaceBytes = 128;

constexpr std::uint64_t kOwnerEpoch = 1;

// So that a store with many of them opens as fast as any.
constexpr std::uint64_t kExpiredAtOpen = 1000;
constexpr std::uint64_t kEveryUpload = UINT64_MAX;

// How often it is asked whether a scrub is due, or has to go on where an earlier run left it.
constexpr std::chrono::milliseconds kScrubLook = std::chrono::minutes(1);

std::optional<content::GatherOptions> gathering(const StoreOptions& options) {
  if (options.blobs == nullptr) return std::nullopt;
  return content::GatherOptions{options.gather_window, options.gather_bytes};
}

std::optional<content::StagedOptions> staging(const StoreOptions& options) {
  if (options.durability != Durability::staged) return std::nullopt;
  return content::StagedOptions{options.staged_bytes_max};
}

constexpr std::string_view kUnfenced =
    "the place of the blobs lets several creates of one name win, so nothing tells a second store "
    "or copy apart that is opened on it: let there never be one";

std::optional<Error> why_read_only(const kv::Fence& fence) {
  const Status open = fence.may_write();
  return open.ok() ? std::nullopt : std::optional(open.error());
}

// The host may go to another working folder while the store is open.
Result<std::string> where(const std::string& folder) {
  if (folder.empty()) return folder;
  std::error_code failed;
  const std::filesystem::path whole = std::filesystem::absolute(folder, failed);
  if (failed) return errno_error(failed.value(), "find the working folder for", folder);
  return whole.string();
}

}  // namespace

Engine::Engine(const StoreOptions& options, const Seams& seams)
    : clock_(seams.clock != nullptr ? *seams.clock : Clock::system()),
      random_(seams.random != nullptr ? *seams.random : Random::system()),
      threads_(seams.threads != nullptr ? *seams.threads : Threads::system()),
      files_(seams.files != nullptr ? *seams.files : Files::system()),
      memory_bytes_(options.memory_bytes),
      opening_(Random::system().next_u64()),
      thinned_rows_a_pass_(seams.thinned_rows_a_pass),
      clocks_(clock_),
      log_(options.log),
      trace_(options.trace),
      watchers_(threads_),
      past_memory_(past_share(options.memory_bytes)) {}

Engine::~Engine() { (void)close(); }

Result<std::shared_ptr<Engine>> Engine::open(const std::string& folder, const StoreOptions& options,
                                             const Seams& seams) {
  if (options.memory_bytes < kMemoryBytesMin)
    return Error{.code = Code::invalid_argument,
                 .text = "the memory budget is too small",
                 .path = {},
                 .limit = kMemoryBytesMin,
                 .used = options.memory_bytes};
  if (options.upkeep_period.count() < 0)
    return Error{.code = Code::invalid_argument, .text = "the upkeep period is negative"};
  if (options.scrub_rate_bytes > 0 && options.scrub_period.count() <= 0)
    return Error{.code = Code::invalid_argument, .text = "the scrub period is not positive"};
  if (options.gather_window.count() < 0 || options.gather_bytes < content::kPackRoomMin ||
      options.gather_bytes > content::kPackBytesMax)
    return Error{.code = Code::invalid_argument,
                 .text = "packs are gathered for no negative time, and to 2 to 64 MiB"};
  if (options.durability == Durability::staged && options.blobs == nullptr)
    return Error{.code = Code::invalid_argument,
                 .text = "without a blob store nothing is staged; leave the durability as it is"};
  if (options.encrypt_existing && options.keys == nullptr)
    return Error{.code = Code::invalid_argument,
                 .text = "a store is encrypted with keys; give them as StoreOptions::keys"};
  if (!options.vault_secrets.empty() && options.metadata == MetadataEngine::memory &&
      !seams.open_kv)
    return Error{.code = Code::invalid_argument,
                 .text = "a store in memory keeps the secrets of its vaults there"};
  if (options.staged_period.count() <= 0)
    return Error{.code = Code::invalid_argument, .text = "the staged period is not positive"};
  std::shared_ptr<Engine> engine(new Engine(options, seams));
  SPIND_TRY(engine->start(folder, options, seams));
  return engine;
}

Status Engine::start(const std::string& given, const StoreOptions& options, const Seams& seams) {
  const bool in_memory = options.metadata == MetadataEngine::memory && !seams.open_kv;
  std::string folder = given;
  if (!in_memory) {
    SPIND_TRY_ASSIGN(folder, where(given));
    SPIND_TRY_ASSIGN(folder_, open_store_folder(files_, folder, options));
  }
  rows_ = std::make_unique<space::RowCache>(rows_share(memory_bytes_));
  changed_ =
      std::make_unique<space::ChangedSpaces>(changed_share(memory_bytes_) / kChangedSpaceBytes);
  observers_ = std::make_unique<kv::Observers>(
      std::vector<kv::Observer*>{rows_.get(), changed_.get(), &watchers_});
  opening_observer_ = std::make_unique<kv::OpeningObserver>(*observers_);
  const KvSetup kv_setup{folder_.meta,
                         kv_share(memory_bytes_),
                         options.free_space_reserve_bytes,
                         options.metadata,
                         files_,
                         clock_,
                         threads_,
                         opening_observer_.get(),
                         options.log};
  SPIND_TRY_ASSIGN(kv_, seams.open_kv ? seams.open_kv(kv_setup) : default_kv(kv_setup));
  if (options.blobs != nullptr) kv_ = kv::fence_writes(std::move(kv_), fence_);
  // A new store has its keys before it takes a place for its blobs; one that gets keys only now,
  // for ever, knows before whether it opens there at all.
  const bool keys_first = folder_.is_new || in_memory;
  if (keys_first) SPIND_TRY(open_keys(options, in_memory));
  if (folder_.is_older) SPIND_TRY(renew_store_folder(files_, folder, format()));
  SPIND_TRY(open_blobs(options, seams, in_memory));
  if (!keys_first) SPIND_TRY(open_keys(options, in_memory));
  const bool got_keys = keys_ != nullptr && !folder_.is_sealed && !keys_first;
  if (got_keys) SPIND_TRY(renew_store_folder(files_, folder, format()));
  noted_blobs_ = std::make_unique<content::NotedBlobs>(*blobs_, blob_changes_);
  const content::Setup setup{.kv = kv_.get(),
                             .blobs = noted_blobs_.get(),
                             .files = &files_,
                             .pack_folder = folder_.packs,
                             .first_pack = first_pack_,
                             .changes = &blob_changes_,
                             .gather = gathering(options),
                             .staged = staging(options),
                             .staged_period = options.staged_period,
                             .clock = &clock_,
                             .threads = &threads_,
                             .memory_bytes = content_share(memory_bytes_),
                             .compress = options.compress,
                             .keys = keys_.get(),
                             .free_space_reserve_bytes = options.free_space_reserve_bytes,
                             .read_only = why_read_only(fence_),
                             .log = options.log};
  SPIND_TRY_ASSIGN(content_, content::Content::open(setup));
  reclaimer_ = std::make_unique<upkeep::Reclaimer>(*kv_, *content_, clock_, kOwnerEpoch);
  scrubber_ = std::make_unique<upkeep::Scrubber>(*kv_, *content_, clock_);
  if (folder_.is_new) SPIND_TRY(finish_store_folder(files_, folder, format()));
  context_ = std::make_unique<ops::Context>(ops::Context{
      *kv_, *rows_, *content_, clock_, clocks_, random_, past_memory_, stagings_, kOwnerEpoch});
  if (opened_read_only_) return {};
  // Where it fails, they are as good as gone all the same, and the next sweep finds them.
  (void)expire_uploads({}, kExpiredAtOpen);
  start_upkeep(options, seams);
  return {};
}

StoreFormat Engine::format() const {
  if (keys_ == nullptr) return {};
  if (folder_.format.secrets.empty()) return {kSealedStoreFormat, {}};
  return {kSecretsElsewhereFormat, folder_.format.secrets};
}

Status Engine::open_blobs(const StoreOptions& options, const Seams& seams, bool in_memory) {
  if (options.blobs != nullptr) {
    if (in_memory)
      return Error{.code = Code::invalid_argument,
                   .text = "a store in memory keeps its content there; give it no blob store"};
    blobs_ = options.blobs;
    SPIND_TRY_ASSIGN(blob_owner_,
                     content::BlobOwner::open({*kv_, *blobs_, Random::system(), folder_.is_new,
                                               options.adopt_blobs, options.allow_unfenced}));
    if (!blob_owner_->fences() && log_) log_(LogLevel::warning, std::string(kUnfenced));
    if (const auto lost = blob_owner_->lost()) {
      opened_read_only_ = true;
      stop_writing(*lost);
      return finish_move();
    }
    blobs_->clear_leftovers();
    return finish_move();
  }
  SPIND_TRY_ASSIGN(const bool given, content::has_blob_owner(*kv_->durable()));
  if (given)
    return Error{.code = Code::invalid_argument,
                 .text = "the store's bytes lie in a blob store; give it as StoreOptions::blobs"};
  const BlobSetup setup{folder_.objects, files_, in_memory};
  SPIND_TRY_ASSIGN(blobs_, seams.open_blobs ? seams.open_blobs(setup) : default_blobs(setup));
  return finish_move();
}

Status Engine::claim_blobs() {
  if (blob_owner_ == nullptr) return {};
  Status claimed = blob_owner_->renew();
  if (claimed.code() == Code::conflict) stop_writing(claimed.error());
  return claimed;
}

// Where the blobs cannot be asked nothing is known; the next look, or the next claim, tells.
void Engine::look_at_owner(const CancelToken& cancel) {
  const Error closing{.code = Code::cancelled, .text = "the store closes"};
  const Status looked = blob_owner_->look(
      [&]() -> Status { return cancel.cancelled() ? Status(closing) : Status(); });
  if (looked.code() == Code::conflict) stop_writing(looked.error());
}

// Whoever lost its blobs to another copy of the store must not write there any more, nor
// acknowledge what the other does not know.
void Engine::stop_writing(const Error& why) {
  if (!fence_.may_write().ok()) return;
  fence_.close(why);
  if (content_ != nullptr) content_->stop_writing(why);
  const LogLevel level = opened_read_only_ ? LogLevel::warning : LogLevel::error;
  if (log_) log_(level, "nothing is written any more: " + why.to_string());
}

void Engine::start_upkeep(const StoreOptions& options, const Seams& seams) {
  if (left_in_folder_)
    emptying_ = threads_.start("spind-emptying", [this] { empty_folder_meanwhile(); });
  if (blob_owner_ != nullptr)
    owner_look_ =
        std::make_unique<Periodic>(threads_, "spind-owner", seams.owner_look,
                                   [this](const CancelToken& cancel) { look_at_owner(cancel); });
  if (options.upkeep_period.count() > 0)
    upkeep_ =
        std::make_unique<Periodic>(threads_, "spind-upkeep", options.upkeep_period,
                                   [this](const CancelToken& cancel) { look_after_store(cancel); });
  if (options.scrub_rate_bytes == 0) return;
  const auto look = std::min<std::chrono::milliseconds>(options.scrub_period, kScrubLook);
  scrubbing_ = std::make_unique<Periodic>(
      threads_, "spind-scrub", look,
      [this, options](const CancelToken& cancel) { scrub_if_due(cancel, options); });
}

Status Engine::expire_uploads(ops::Call call, std::uint64_t count_max) {
  // A wall clock that jumped says nothing about how long an upload has waited.
  const auto now_ns = believed_now();
  if (!now_ns) return {};
  call.upkeep = call.deferred = true;
  SPIND_TRY_ASSIGN(const ops::UploadQueue queue, ops::expire_uploads(*context_, call, count_max));
  // Without a sign: a damaged row may say any time.
  const std::uint64_t oldest_age_ns =
      static_cast<std::uint64_t>(*now_ns) -
      static_cast<std::uint64_t>(std::min(queue.oldest_ns, *now_ns));
  uploads_receiving_ = queue.receiving;
  uploads_held_ = queue.held;
  uploads_waiting_seconds_ = oldest_age_ns / 1'000'000'000;
  return {};
}

Status Engine::close() {
  const std::lock_guard closing(close_mutex_);
  let_all_out();
  Status health = kv_ != nullptr ? kv_->health() : Status();
  if (health.ok() && content_ != nullptr) health = content_->health();
  close_content();
  close_rows();
  // One that never wrote has nothing to tell.
  if (!health.ok() && !opened_read_only_) return health.error();
  return {};
}

void Engine::let_all_out() {
  closing_ = true;
  emptying_.reset();
  owner_look_.reset();
  if (scrubber_ != nullptr) scrubber_->stop();
  scrubbing_.reset();
  upkeep_.reset();
  watchers_.close();
  for (std::uint64_t running = running_.load(); running != 0; running = running_.load())
    running_.wait(running);
  const std::lock_guard lock(guests_mutex_);
  for (Guest* guest : guests_) guest->let_go();
  guests_.clear();
}

void Engine::close_content() {
  context_.reset();
  scrubber_.reset();
  reclaimer_.reset();
  content_.reset();
}

void Engine::close_rows() {
  blob_owner_.reset();
  noted_blobs_.reset();
  blobs_.reset();
  kv_.reset();
  space_rows_.reset();
  keys_.reset();
  opening_observer_.reset();
  observers_.reset();
  changed_.reset();
  rows_.reset();
  folder_.secrets_lock.reset();
  folder_.lock.reset();
}

void Engine::admit(Guest& guest) {
  const std::lock_guard lock(guests_mutex_);
  guests_.insert(&guest);
}

void Engine::dismiss(Guest& guest) {
  // Inside, so that the store is not closed under what the guest still holds.
  const Inside inside(*this);
  if (inside.admitted()) guest.let_go();
  const std::lock_guard lock(guests_mutex_);
  if (guests_.erase(&guest) == 1 && !inside.admitted()) guest.let_go();
}

// First what policies drop, then what spaces let go of, and at last the bytes that nothing refers
// to.
Result<CollectReport> Engine::collect(const CollectOptions& options,
                                      std::optional<std::uint64_t> versions_max) {
  std::uint64_t steps = 0;
  CollectOptions counted = options;
  if (options.progress)
    counted.progress = [&](const Progress&) { return options.progress({++steps, 0}); };
  // What is wrong with one space keeps nothing of the others; it is told at the end.
  Status damage;
  const auto past_damage = [&damage](Status done) -> Status {
    if (done.ok() || !ops::is_damage(done.error())) return done;
    if (damage.ok()) damage = std::move(done);
    return {};
  };
  SPIND_TRY(claim_blobs());
  ops::Call call;
  call.cancel = options.cancel;
  SPIND_TRY(expire_uploads(call, kEveryUpload));
  SPIND_TRY(past_damage(ops::purge_staging(*context_, options.cancel)));
  ops::Retired retired;
  Status kept = ops::keep_to_policies(
      *context_, {believed_now(), versions_max, counted.progress, options.cancel}, retired);
  retired_trash_items_ += retired.trash_items;
  retired_versions_ += retired.versions;
  SPIND_TRY(past_damage(std::move(kept)));
  CollectReport reclaimed;
  SPIND_TRY(past_damage(reclaimer_->run(counted, reclaimed)));
  SPIND_TRY_ASSIGN(CollectReport report, content_->collect(counted));
  SPIND_TRY(std::move(damage));
  report.entries = reclaimed.entries;
  report.nodes = reclaimed.nodes;
  report.versions = reclaimed.versions;
  report.spaces = reclaimed.spaces;
  report.locked_spaces = reclaimed.locked_spaces;
  report.trash_items = retired.trash_items;
  report.thinned = retired.versions;
  return report;
}

// How far it came is a row of the store.
Result<ScrubReport> Engine::scrub(const ScrubOptions& options) {
  SPIND_TRY(fence_.may_write());
  return scrubber_->run(options);
}

Result<FlushStagedReport> Engine::flush_staged(const FlushStagedOptions& options) {
  SPIND_TRY(fence_.may_write());
  return content_->flush_staged(options);
}

// One repair at a time: each mends by the difference to what it saw.
Result<CheckReport> Engine::check(const CheckOptions& options) {
  const upkeep::Subject subject{*kv_, *content_, clock_};
  if (!options.repair) return upkeep::check(subject, options);
  SPIND_TRY(fence_.may_write());
  if (repairing_.exchange(true))
    return Error{.code = Code::busy, .text = "another repair of the store is under way"};
  const auto end = [](std::atomic<bool>* repairing) { *repairing = false; };
  const std::unique_ptr<std::atomic<bool>, decltype(end)> under_way(&repairing_, end);
  return upkeep::check(subject, options);
}

void Engine::look_after_store(const CancelToken& cancel) {
  CollectOptions options;
  options.cancel = cancel;
  const auto done = collect(options, thinned_rows_a_pass_);
  if (!done.ok() && done.code() != Code::cancelled && log_)
    log_(LogLevel::warning, "upkeep: " + done.error().to_string());
}

void Engine::scrub_if_due(const CancelToken& cancel, const StoreOptions& options) {
  ScrubOptions scrub;
  scrub.rate_bytes = options.scrub_rate_bytes;
  scrub.cancel = cancel;
  if (log_)
    scrub.found = [this](const CheckFinding& finding) {
      log_(LogLevel::error, fmt::format("scrub: {} in space {}, node {}: {}", finding.kind,
                                        finding.space.to_string(), finding.node, finding.text));
    };
  const auto done = scrubber_->run_if_due(scrub, options.scrub_period.count());
  if (!done.ok() && done.code() != Code::cancelled && log_)
    log_(LogLevel::warning, "scrub: " + done.error().to_string());
}

Error Engine::closed_error() { return {.code = Code::unavailable, .text = "the store is closed"}; }

Error Engine::move_ends_error() {
  return {.code = Code::busy,
          .text = "the store's bytes are about to lie elsewhere; try again when it is open there"};
}

std::string Engine::metrics() {
  const Inside inside(*this);
  if (!inside.admitted()) return {};
  std::string out;
  verbs_.print(out);
  print_store_metrics({kv_->metrics(),
                       content_->metrics(),
                       reclaimer_->metrics(),
                       scrubber_->metrics(),
                       *rows_,
                       past_memory_.used_bytes(),
                       memory_bytes_,
                       content_->health().ok(),
                       !fence_.may_write().ok(),
                       retired_trash_items_,
                       retired_versions_,
                       {uploads_receiving_, uploads_held_, uploads_waiting_seconds_}},
                      out);
  out += blobs_->metrics_text();
  return out;
}

Status Engine::health() {
  const Inside inside(*this);
  if (!inside.admitted()) return closed_error();
  SPIND_TRY(kv_->health());
  return content_->health();
}

PastSession::PastSession(const SessionState& present, std::shared_ptr<const ops::Past> past) {
  engine = present.engine;
  call = present.call;
  call.past = std::move(past);
  traceparent = present.traceparent;
  engine->admit(*this);
}

void SessionState::saw(Ticket ticket) {
  const std::lock_guard lock(mutex_);
  // A loss takes all that was not yet durable, so the last ticket before it tells of it.
  if (last_ticket_ != 0 && !lost_) {
    const auto verdict = engine->kv().verdict(last_ticket_);
    if (verdict && !verdict->ok()) lost_ = verdict->error();
  }
  last_ticket_ = std::max(last_ticket_, ticket);
}

Result<Ticket> SessionState::last() {
  const std::lock_guard lock(mutex_);
  if (!lost_) return last_ticket_;
  Error error = std::move(*lost_);
  lost_.reset();
  return error;
}

}  // namespace spind::engine
