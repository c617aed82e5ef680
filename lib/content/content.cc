#include "content/content.h"

#include <algorithm>
#include <mutex>

#include "base/try.h"
#include "content/carrier.h"
#include "content/collector.h"
#include "content/content_check.h"
#include "content/file_packs.h"
#include "content/piece_reader.h"
#include "content/piece_source.h"
#include "content/piece_upload.h"
#include "content/place_check.h"
#include "content/reseal.h"
#include "content/staged_uploader.h"
#include "model/keys.h"
#include "model/records.h"

namespace spind::content {
namespace {

constexpr std::size_t kAdoptedAtOnce = 1000;  // pieces in one commit

// Refuses writes when the device is nearly full, after a sync of a pack failed, or when the blobs
// are another's.
// Thread-safe.
class WriteGuard {
 public:
  explicit WriteGuard(const Setup& setup)
      : files_(setup.files),
        folder_(setup.pack_folder),
        far_(setup.gather.has_value()),
        reserve_bytes_(setup.free_space_reserve_bytes),
        log_(setup.log) {}

  Status room(std::uint64_t bytes) {
    SPIND_TRY(health());
    return far_ ? Status() : local_room(bytes);
  }

  // Whatever is to be written there.
  Status local_room(std::uint64_t bytes) {
    if (folder_.empty() || reserve_bytes_ == 0) return {};
    SPIND_TRY_ASSIGN(const FolderSpace space, files_->space(folder_));
    if (space.free_bytes >= reserve_bytes_ && space.free_bytes - reserve_bytes_ >= bytes) return {};
    return Error{.code = Code::no_space,
                 .text = "the device is full but for its reserve",
                 .path = folder_,
                 .limit = reserve_bytes_,
                 .used = space.free_bytes};
  }

  void poison(const std::string& what, const Error& error) {
    {
      const std::lock_guard lock(mutex_);
      if (!health_.ok()) return;
      health_ = Error{.code = Code::unavailable,
                      .text = what + ", so the store must be opened anew: " + error.text,
                      .path = error.path};
    }
    if (log_) log_(LogLevel::error, what + ": " + error.to_string());
  }

  void stop(const Error& why) {
    const std::lock_guard lock(mutex_);
    if (health_.ok()) health_ = why;
  }

  Status health() {
    const std::lock_guard lock(mutex_);
    if (health_.ok()) return {};
    return health_.error();
  }

 private:
  Files* const files_;
  const std::string folder_;
  const bool far_;  // what comes is stored elsewhere
  const std::uint64_t reserve_bytes_;
  const LogCallback log_;
  std::mutex mutex_;
  Status health_;
};

class VaultContent final : public Content {
 public:
  VaultContent(const Setup& setup, std::unique_ptr<WriteGuard> guard,
               std::unique_ptr<FilePacks> file_packs)
      : clock_(*setup.clock),
        guard_(std::move(guard)),
        codec_(setup.memory_bytes / 8),
        // Enough for one pack, however little there is in all.
        gathered_(std::max<std::uint64_t>(moving_bytes(setup) / 8, 4 << 20)),
        packs_(setup.gather ? far_packs(setup, std::move(file_packs)) : std::move(file_packs)),
        vaults_(*setup.kv, *setup.blobs, packs_.get(), setup.compress ? &codec_ : nullptr,
                PieceKeys(setup.keys, setup.random != nullptr ? *setup.random : Random::system()),
                clock_, setup.gather.has_value(),
                [this](std::uint64_t bytes) { return guard_->room(bytes); }),
        claims_(clock_),
        // Each part is enough for one piece of its kind, however little there is in all.
        small_pieces_(std::max<std::uint64_t>(moving_bytes(setup) / 4, 2 << 20)),
        large_pieces_(large_bytes(setup)),
        reading_(std::max<std::uint64_t>(moving_bytes(setup) / 4, 2 << 20), clock_),
        workers_(*setup.threads, setup.gather ? kFarWorkerCount : kWorkerCount),
        resources_{vaults_,  claims_,  small_pieces_, large_pieces_,
                   reading_, workers_, codec_,        reading_ahead(setup)} {}
  ~VaultContent() override {
    uploader_.reset();
    vaults_.close();
  }

  Status start(const Setup& setup) {
    SPIND_TRY(find_left_open(vaults_.kv(), collector_));
    if (setup.read_only) {
      guard_->stop(*setup.read_only);
      return staged_ != nullptr ? staged_->find_local(vaults_.kv()) : Status();
    }
    if (staged_ == nullptr) return remove_brought();
    SPIND_TRY(staged_->find_local(vaults_.kv()));
    // What a crash left of local packs, so that it is on its way at once. Where that fails, the
    // next collection does it, as with all else that a crash left.
    if (staged_->backlog_bytes() > 0)
      (void)Collector(vaults_, claims_, clock_, collector_, CollectOptions()).sweep_left_packs();
    uploader_ = std::make_unique<StagedUploader>(StagedUploader::Setup{
        resources_, *staged_, [this] { return guard_->health(); }, setup.log});
    SPIND_TRY(uploader_->start());
    if (setup.staged_period.count() > 0 && (setup.staged || uploader_->has_work()))
      uploader_->run_every(*setup.threads, setup.staged_period);
    return {};
  }

  std::unique_ptr<Upload> upload(const Owner& owner, std::uint8_t checksums_wanted,
                                 Interrupt interrupt) override {
    return std::make_unique<PieceUpload>(resources_, owner, checksums_wanted, std::move(interrupt));
  }

  Result<Stored> adopt(const Owner& owner, std::span<const model::PieceId> pieces) override {
    SPIND_TRY(guard_->health());
    const model::VaultId vault = model::vault_of(owner.vault);
    SPIND_TRY(vaults_.keys().at_hand(vault));
    Stored adopted;
    adopted.claim = claims_.claim(owner.space);
    for (; !pieces.empty(); pieces = pieces.subspan(std::min(pieces.size(), kAdoptedAtOnce))) {
      const auto some = pieces.first(std::min(pieces.size(), kAdoptedAtOnce));
      for (const model::PieceId& piece : some) adopted.claim->add(vault, piece);
      SPIND_TRY_ASSIGN(const kv::Ticket ticket, vaults_.adopt(vault, owner.space, some));
      adopted.claim->rests_on(ticket);
    }
    return adopted;
  }

  std::unique_ptr<Carrier> carrier(kv::SnapshotRef snapshot, const Owner& from, const Owner& to,
                                   CarrierHooks hooks) override {
    return std::make_unique<PieceCarrier>(resources_, std::move(snapshot), from, to,
                                          std::move(hooks));
  }

  Status room(std::uint64_t bytes) override { return guard_->room(bytes); }

  Status verify(const Stored& stored) override {
    if (stored.claim == nullptr) return {};
    for (const kv::Ticket ticket : stored.claim->tickets()) {
      const std::optional<Status> verdict = vaults_.kv().verdict(ticket);
      if (verdict && !verdict->ok())
        return Error{.code = Code::aborted,
                     .text = "what the vault noted of the upload was lost with a full device"};
    }
    return stored.claim->check();
  }

  Result<std::unique_ptr<Source>> source(kv::SnapshotRef snapshot, const Owner& owner,
                                         const model::ContentRef& content,
                                         std::uint64_t size_bytes) override {
    using Opened = Result<std::unique_ptr<Source>>;
    if (content.kind == model::ContentKind::inline_bytes) {
      SPIND_TRY_ASSIGN(const std::string row, attachment(*snapshot, owner, content));
      SPIND_TRY_ASSIGN(const std::string_view bytes, model::decode_inline(row));
      if (bytes.size() != size_bytes) return wrong_size();
      return Opened(std::make_unique<InlineSource>(std::string(bytes)));
    }
    if (content.kind == model::ContentKind::empty)
      return size_bytes == 0 ? Opened(std::make_unique<InlineSource>("")) : Opened(wrong_size());
    std::vector<model::Piece> pieces = {{content.piece, size_bytes}};
    if (content.kind == model::ContentKind::manifest) {
      SPIND_TRY_ASSIGN(const std::string row, attachment(*snapshot, owner, content));
      SPIND_TRY_ASSIGN(pieces, model::decode_manifest(row));
    }
    std::uint64_t sum = 0;
    for (const model::Piece& piece : pieces) sum += piece.size_bytes;
    if (sum != size_bytes) return wrong_size();
    return source(std::move(snapshot), owner, std::move(pieces));
  }

  Result<std::unique_ptr<Source>> source(kv::SnapshotRef snapshot, const Owner& owner,
                                         std::vector<model::Piece> pieces) override {
    for (const model::Piece& piece : pieces)
      if (piece.size_bytes == 0 || piece.size_bytes > kPieceBytesMax) return wrong_size();
    return Result<std::unique_ptr<Source>>(std::make_unique<PieceSource>(
        resources_, model::vault_of(owner.vault), std::move(pieces), std::move(snapshot)));
  }

  Result<ResealReport> reseal(const model::VaultId& vault, const ResealOptions& options) override {
    SPIND_TRY(guard_->health());
    return Resealer(resources_, clock_, vault, options).run();
  }

  void begin_new_packs() override {
    if (packs_ != nullptr) packs_->begin_new();
  }

  Result<FlushStagedReport> flush_staged(const FlushStagedOptions& options) override {
    if (uploader_ == nullptr) return FlushStagedReport();
    return uploader_->flush(options);
  }

  Result<CollectReport> collect(const CollectOptions& options) override {
    return Collector(vaults_, claims_, clock_, collector_, options).run();
  }

  std::unique_lock<std::mutex> collector_lock() override {
    return std::unique_lock(collector_.running, std::defer_lock);
  }

  Status visit_pieces(const kv::Snapshot& snapshot, bool read_bytes,
                      const std::function<Status(const PieceState&)>& visit) override {
    return ContentCheck(resources_, snapshot, read_bytes, visit).run();
  }

  Status visit_places(const kv::Snapshot& snapshot, const PlaceVisitor& visitor) override {
    return PlaceCheck(resources_, snapshot, visitor).run();
  }

  Result<std::optional<PieceState>> read_next(const kv::Snapshot& snapshot,
                                              std::string& position) override {
    return PieceReader(resources_, snapshot).read_next(position);
  }

  Result<bool> holds(const kv::Snapshot& snapshot, const Owner& owner,
                     const model::PieceId& piece) override {
    const model::VaultId vault = model::vault_of(owner.vault);
    SPIND_TRY_ASSIGN(const auto listed,
                     snapshot.get(kv::Family::content, model::ledger_vault_key(vault)));
    SPIND_TRY_ASSIGN(const auto row,
                     snapshot.get(kv::Family::content, model::piece_key(vault, piece)));
    SPIND_TRY_ASSIGN(const auto holder, snapshot.get(kv::Family::content,
                                                     model::holder_key(vault, piece, owner.space)));
    return listed.has_value() && row.has_value() && holder.has_value();
  }

  Status make_keys(const std::string& vault) override {
    if (!vaults_.keys().seal()) return {};
    SPIND_TRY(guard_->health());
    return vaults_.note(model::vault_of(vault), vault);
  }
  Status keys_at_hand(const std::string& vault) override {
    if (!vaults_.keys().seal()) return {};
    return vaults_.keys().at_hand(model::vault_of(vault));
  }
  Result<bool> is_destroyed(const std::string& vault) override {
    return vaults_.keys().is_destroyed(model::vault_of(vault));
  }

  Metrics metrics() override {
    const ContentCounts& counts = vaults_.counts();
    const SyncCounts syncs = packs_ != nullptr ? packs_->sync_counts() : SyncCounts{};
    return {.bytes_written = counts.bytes_stored,
            .bytes_read = counts.bytes_read,
            .bytes_gathered = counts.bytes_gathered,
            .pieces_stored = counts.pieces_stored,
            .pieces_shared = counts.pieces_shared,
            .pack_syncs = syncs.syncs,
            .pack_sync_appends = syncs.appends_synced,
            .memory_bytes = codec_.memory_bytes() + gathered_.used_bytes() +
                            small_pieces_.used_bytes() + large_pieces_.used_bytes() +
                            reading_.used_bytes(),
            .staged_backlog_bytes = staged_ != nullptr ? staged_->backlog_bytes() : 0,
            .corruptions = counts.corruptions,
            .packs_rewritten = counts.packs_rewritten,
            .moved_bytes = counts.moved_bytes,
            .blobs_removed = counts.blobs_removed,
            .blob_removals = counts.blob_removals,
            .pieces_waiting = collector_.pieces_waiting,
            .pieces_waiting_seconds = collector_.waiting_seconds};
  }

  void stop_writing(const Error& why) override { guard_->stop(why); }
  Status health() override { return guard_->health(); }

 private:
  // What the codec leaves of the memory.
  std::uint64_t moving_bytes(const Setup& setup) const {
    return setup.memory_bytes - std::min(setup.memory_bytes, codec_.memory_bytes_max());
  }

  // Half of that, without what packs are gathered in.
  std::uint64_t large_bytes(const Setup& setup) const {
    const std::uint64_t half = moving_bytes(setup) / 2;
    const std::uint64_t gathering = setup.gather ? gathered_.all_bytes() : 0;
    return std::max(half - std::min(half, gathering), stored_size(kPieceBytesMax));
  }

  // Few requests for what is far away: each costs who serves it as much as a MiB does.
  static ReadingAhead reading_ahead(const Setup& setup) {
    if (!setup.gather) return {};
    return {.windows = 16, .window_frames = kReadFramesMax, .far = true};
  }

  // With a folder of their own, small pieces may lie there first.
  std::unique_ptr<Packs> far_packs(const Setup& setup, std::unique_ptr<FilePacks> local) {
    auto far =
        std::make_unique<ObjectPacks>(*setup.kv, *setup.blobs, clock_, gathered_, *setup.gather);
    if (local == nullptr) return far;
    const StagedPacks::Options options{
        .backlog_bytes_max = setup.staged ? setup.staged->backlog_bytes_max : 0,
        .local_room = [this](std::uint64_t bytes) { return guard_->local_room(bytes); }};
    auto staged = std::make_unique<StagedPacks>(std::move(local), std::move(far), options);
    staged_ = staged.get();
    return staged;
  }

  // A store that was staged, and lives in its folder now, may have left some for the last readers.
  Status remove_brought() {
    SPIND_TRY_ASSIGN(const auto numbers, brought_packs(*vaults_.kv().durable()));
    if (numbers.empty() || packs_ == nullptr) return {};
    SPIND_TRY(packs_->remove(numbers));
    return erase_brought(vaults_.kv(), numbers);
  }

  static Error wrong_size() {
    return {.code = Code::corruption, .text = "the content is not as long as its version says"};
  }

  static Result<std::string> attachment(const kv::Snapshot& snapshot, const Owner& owner,
                                        const model::ContentRef& content) {
    SPIND_TRY_ASSIGN(auto row,
                     snapshot.get(kv::Family::attachment,
                                  model::attachment_key(owner.space, content.attachment)));
    if (!row) return Error{.code = Code::corruption, .text = "the row with the content is missing"};
    return *std::move(row);
  }

  Clock& clock_;
  const std::unique_ptr<WriteGuard> guard_;
  FrameCodec codec_;
  MemoryBudget gathered_;          // packs on their way; whoever waits for it holds no other of it
  StagedPacks* staged_ = nullptr;  // what packs_ is, where small pieces may be staged
  const std::unique_ptr<Packs> packs_;
  Vaults vaults_;
  Claims claims_;
  MemoryBudget small_pieces_, large_pieces_;
  ReadingShares reading_;
  WorkerPool workers_;
  Resources resources_;
  CollectorMemory collector_{clock_};
  std::unique_ptr<StagedUploader> uploader_;
};

}  // namespace

Result<std::unique_ptr<Content>> Content::open(const Setup& setup) {
  auto guard = std::make_unique<WriteGuard>(setup);
  std::unique_ptr<FilePacks> packs;
  if (!setup.pack_folder.empty()) {
    // A pack that is on its way elsewhere takes no more, and is not one of the blobs yet.
    const bool far = setup.gather.has_value();
    const auto on_sync_failure = [guard = guard.get()](const Error& error) {
      guard->poison("a sync of a pack failed", error);
    };
    SPIND_TRY_ASSIGN(packs,
                     FilePacks::open(*setup.kv, *setup.files, setup.pack_folder, on_sync_failure,
                                     {.resumes = !far,
                                      .first_number = setup.first_pack,
                                      .changes = far ? nullptr : setup.changes}));
  }
  auto content = std::make_unique<VaultContent>(setup, std::move(guard), std::move(packs));
  SPIND_TRY(content->start(setup));
  return std::unique_ptr<Content>(std::move(content));
}

}  // namespace spind::content
