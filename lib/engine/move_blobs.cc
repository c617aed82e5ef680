// Where the bytes lie, and how they go elsewhere: copied while the store is in use, and once more
// when everybody is out; then one commit says where the store lives, and it is closed.
#include "base/try.h"
#include "content/fencing.h"
#include "content/folder_blobs.h"
#include "engine/engine.h"
#include "spind/blob_mirror.h"

namespace spind::engine {

using model::BlobMoveRow;

namespace {

Error lies_there() {
  return {.code = Code::invalid_argument, .text = "the store's bytes lie there already"};
}

}  // namespace

Result<BlobStatus> Engine::blob_status() {
  BlobStatus status;
  status.in_folder = blob_owner_ == nullptr;
  status.read_only = !fence_.may_write().ok();
  status.unfenced = blob_owner_ != nullptr && !blob_owner_->fences();
  SPIND_TRY_ASSIGN(const auto row, content::blob_move_row(*kv_->durable()));
  status.move_started = row && row->state == BlobMoveRow::State::copying;
  status.pending_bytes = move_pending_bytes_ + content_->metrics().staged_backlog_bytes;
  if (const auto* mirror = dynamic_cast<const BlobMirror*>(blobs_.get())) {
    const MirrorReport report = mirror->report();
    for (const MirrorBackendReport& backend : report.backends) status.missing += backend.missing;
    status.healed = report.healed_missing + report.healed_corrupt;
  }
  return status;
}

std::unique_ptr<BlobStore> Engine::folder_blobs(BlobStore& objects, const std::string& packs) {
  return std::make_unique<content::FolderBlobs>(objects, files_, packs);
}

Result<MoveBlobsReport> Engine::move_blobs(std::shared_ptr<BlobStore> to,
                                           const MoveBlobsOptions& options) {
  if (moving_.exchange(true))
    return Error{.code = Code::busy, .text = "another move of the store's bytes is under way"};
  const auto end = [this](std::atomic<bool>* moving) {
    move_pending_bytes_ = 0;
    *moving = false;
  };
  const std::unique_ptr<std::atomic<bool>, decltype(end)> under_way(&moving_, end);
  std::unique_ptr<BlobStore> objects, from, target;  // of a folder
  std::optional<content::BlobMove> move;
  bool fences = true;
  SPIND_TRY(run(Verb::move_blobs, [&]() -> Status {
    SPIND_TRY(begin_move(to, options, fences));
    if (blob_owner_ == nullptr) from = folder_blobs(*blobs_, folder_.packs);
    if (to == nullptr) {
      SPIND_TRY_ASSIGN(objects, default_blobs({folder_.objects, files_, false}));
      target = folder_blobs(*objects, folder_.incoming);
    }
    move.emplace(content::BlobMoveSetup{*kv_, clock_, from != nullptr ? *from : *blobs_,
                                        target != nullptr ? *target : *to, options,
                                        move_pending_bytes_, [this] { return closing_.load(); }});
    return move->copy_while_in_use();
  }));
  const std::lock_guard closing(close_mutex_);
  if (kv_ == nullptr) return closed_error();
  let_all_out();
  Status moved = kv_->health();
  if (moved.ok()) moved = content_->health();
  close_content();
  MoveBlobsReport report;
  if (moved.ok()) moved = end_move(*move, to, fences, report);
  from.reset();
  close_rows();
  SPIND_TRY(std::move(moved));
  return report;
}

// What a crash left is decided on first, while it can be seen where it lies.
Status Engine::begin_move(const std::shared_ptr<BlobStore>& to, const MoveBlobsOptions& options,
                          bool& fences) {
  if (folder_.packs.empty())
    return Error{.code = Code::invalid_argument, .text = "a store in memory keeps its bytes there"};
  if (to == blobs_ || (to == nullptr && blob_owner_ == nullptr)) return lies_there();
  SPIND_TRY(claim_blobs());
  if (to != nullptr) {
    SPIND_TRY(content::clear_probes(*to));
    SPIND_TRY_ASSIGN(fences, content::try_fencing(*to, options.allow_unfenced));
  }
  CollectOptions sweep;
  sweep.rewrite_below_percent = 0;
  sweep.cancel = options.cancel;
  SPIND_TRY_ASSIGN(const CollectReport swept, content_->collect(sweep));
  (void)swept;
  SPIND_TRY(content::begin_move(*kv_, to.get(), Random::system()));
  return to == nullptr ? make_folder_durably(files_, folder_.incoming) : Status();
}

// Nobody is inside, and all that content knew is in rows.
Status Engine::end_move(content::BlobMove& move, const std::shared_ptr<BlobStore>& to, bool fences,
                        MoveBlobsReport& report) {
  if (blob_owner_ != nullptr) SPIND_TRY(blob_owner_->renew());
  SPIND_TRY(kv_->catch_up());
  SPIND_TRY_ASSIGN(const bool left_open, content::has_open_packs(*kv_->durable()));
  if (left_open)
    return Error{.code = Code::busy,
                 .text = "packs were left open; open the store, collect, and move again"};
  SPIND_TRY(move.copy_rest());
  report = move.report();
  std::optional<model::BlobOwnerRow> owner;
  if (to != nullptr) {
    SPIND_TRY_ASSIGN(owner, content::claim_copy(*to, Random::system()));
    if (!fences) SPIND_TRY(content::note_fencing(*to, fences));
  }
  SPIND_TRY_ASSIGN(const BlobMoveRow left, left_to_do(to == nullptr));
  SPIND_TRY(content::switch_place(*kv_, owner, left));
  // From here on it lives there; what is left to do is done when it is opened, where it fails now.
  if (to != nullptr) (void)content::clear_marks(*to);
  const Result<bool> finished = finish_move();
  report.old_place_emptied = finished.ok() && *finished;
  if (finished.ok() && blob_owner_ != nullptr) report.old_place_emptied = clear_left_place().ok();
  return {};
}

// A copy of the store that was opened there meanwhile has made the place its own.
Status Engine::clear_left_place() {
  SPIND_TRY_ASSIGN(const auto newest, content::BlobOwner::newest_claim(*blobs_));
  if (newest != blob_owner_->row().claim)
    return Error{.code = Code::conflict, .text = "another copy of the store lives there"};
  SPIND_TRY(content::clear_given_place(*blobs_));
  return content::note_move(*kv_, std::nullopt);
}

Result<BlobMoveRow> Engine::left_to_do(bool to_folder) {
  BlobMoveRow left;
  if (blob_owner_ != nullptr) {
    left.state = to_folder ? BlobMoveRow::State::take_in : BlobMoveRow::State::left_place;
    left.number = blob_owner_->row().claim;
    return left;
  }
  left.state = BlobMoveRow::State::clear_folder;
  SPIND_TRY_ASSIGN(left.number, content::numbers_end(*kv_->durable()));
  return left;
}

// Whether nothing is left at the old place. Packs have to be where they belong before the store is
// opened: those that lie in its folder, and are not its own there any more, would be taken for
// staged.
Result<bool> Engine::finish_move() {
  if (folder_.packs.empty()) return true;
  SPIND_TRY_ASSIGN(const auto row, content::blob_move_row(*kv_->durable()));
  if (!row || row->state == BlobMoveRow::State::copying) return true;
  if (row->state == BlobMoveRow::State::left_place) return false;
  if (row->state == BlobMoveRow::State::take_in) {
    SPIND_TRY(content::take_in_packs(files_, folder_.incoming, folder_.packs));
    SPIND_TRY(
        content::note_move(*kv_, BlobMoveRow{BlobMoveRow::State::left_place, {}, row->number}));
    return false;
  }
  SPIND_TRY_ASSIGN(const auto objects, default_blobs({folder_.objects, files_, false}));
  SPIND_TRY(content::clear_place(*folder_blobs(*objects, folder_.packs), row->number));
  SPIND_TRY(content::note_move(*kv_, std::nullopt));
  return true;
}

}  // namespace spind::engine
