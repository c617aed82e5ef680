// Where the bytes lie, and how they go elsewhere: copied while the store is in use, the last of it
// when everybody is out; then one commit says where the store lives, and it is closed. The old
// place is emptied when it is open again.
#include <chrono>
#include <thread>

#include "base/try.h"
#include "content/fencing.h"
#include "content/folder_blobs.h"
#include "engine/engine.h"
#include "spind/blob_mirror.h"

namespace spind::engine {

using model::BlobMoveRow;

namespace {

// How often it is asked whether others are done.
constexpr std::chrono::milliseconds kPoll{5};

Error lies_there() {
  return {.code = Code::invalid_argument, .text = "the store's bytes lie there already"};
}

Error move_runs() {
  return {.code = Code::busy, .text = "another move of the store's bytes is under way"};
}

}  // namespace

Result<BlobStatus> Engine::blob_status() {
  BlobStatus status;
  status.in_folder = blob_owner_ == nullptr;
  status.read_only = !fence_.may_write().ok();
  status.unfenced = blob_owner_ != nullptr && !blob_owner_->fences();
  SPIND_TRY_ASSIGN(const auto row, content::blob_move_row(*kv_->durable()));
  status.move_started = row && row->state == BlobMoveRow::State::copying;
  status.left_behind = row && row->state != BlobMoveRow::State::copying;
  status.pending_bytes = move_pending_bytes_ + content_->metrics().staged_backlog_bytes;
  if (const auto* mirror = dynamic_cast<const BlobMirror*>(blobs_.get())) {
    const MirrorReport report = mirror->report();
    for (const MirrorBackendReport& backend : report.backends) status.missing += backend.missing;
    status.healed = report.healed_missing + report.healed_corrupt;
  }
  return status;
}

Interrupt Engine::until_cancelled(const std::optional<CancelToken>& cancel) const {
  return [this, cancel]() -> Status {
    if (!closing_ && (!cancel || !cancel->cancelled())) return {};
    return Error{.code = Code::cancelled, .text = "it was cancelled; it can go on later"};
  };
}

std::unique_ptr<BlobStore> Engine::folder_blobs(BlobStore& objects, const std::string& packs) {
  return std::make_unique<content::FolderBlobs>(objects, files_, packs);
}

Result<MoveBlobsReport> Engine::move_blobs(std::shared_ptr<BlobStore> to,
                                           const MoveBlobsOptions& options) {
  if (moving_.exchange(true)) return move_runs();
  const auto end = [this](std::atomic<bool>* moving) {
    move_pending_bytes_ = 0;
    move_ends_ = false;
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
                                        target != nullptr ? *target : *to, blob_changes_, options,
                                        move_pending_bytes_, [this] { return closing_.load(); },
                                        [this] { content_->begin_new_packs(); }});
    return copy_blobs(*move, options);
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
  SPIND_TRY(empty_folder(until_cancelled(options.cancel)));
  if (to != nullptr) {
    SPIND_TRY(content::clear_probes(*to));
    SPIND_TRY_ASSIGN(fences, content::try_fencing(*to, options.allow_unfenced));
  }
  CollectOptions sweep;
  sweep.rewrite_below_percent = 0;
  sweep.cancel = options.cancel;
  SPIND_TRY_ASSIGN(const CollectReport swept, content_->collect(sweep));
  (void)swept;
  SPIND_TRY(content::begin_move(*kv_, to.get(), Random::system(), until_cancelled(options.cancel)));
  return to == nullptr ? content::make_incoming(files_, folder_.incoming) : Status();
}

// Nobody is to be kept waiting for calls that take minutes, so they are waited for first.
Status Engine::copy_blobs(content::BlobMove& move, const MoveBlobsOptions& options) {
  SPIND_TRY(move.copy_while_in_use());
  const Interrupt interrupt = until_cancelled(options.cancel);
  move_ends_ = true;
  while (long_calls_ > 0) {
    SPIND_TRY(interrupt());
    std::this_thread::sleep_for(kPoll);
  }
  return move.catch_up();
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
  // From here on it lives there. Where this fails the next opening does it; a mark that is left
  // there goes with the place.
  if (to != nullptr) (void)content::clear_marks(*to);
  (void)finish_move();
  return {};
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

// Packs have to be where they belong before the store is opened: those that lie in its folder, and
// are not its own there any more, would be taken for staged.
Status Engine::finish_move() {
  if (folder_.packs.empty()) return {};
  SPIND_TRY_ASSIGN(const auto row, content::blob_move_row(*kv_->durable()));
  if (!row) return {};
  if (row->state == BlobMoveRow::State::clear_folder) {
    left_in_folder_ = true;
    first_pack_ = row->number;
  }
  if (row->state != BlobMoveRow::State::take_in) return {};
  SPIND_TRY_ASSIGN(const auto objects, default_blobs({folder_.objects, files_, false}));
  (void)content::clear_marks(*objects);  // one that is left there does no harm
  SPIND_TRY(content::take_in_packs(files_, folder_.incoming, folder_.packs));
  return content::note_move(*kv_, BlobMoveRow{BlobMoveRow::State::left_place, {}, row->number});
}

// What lay in the folder before the store moved away, if it is still there. The store may use it
// for what it stages meanwhile: that has other numbers.
Status Engine::empty_folder(const Interrupt& interrupt) {
  if (folder_.packs.empty()) return {};
  std::unique_lock lock(emptying_mutex_, std::defer_lock);
  while (!lock.try_lock()) {
    SPIND_TRY(interrupt());
    std::this_thread::sleep_for(kPoll);
  }
  SPIND_TRY_ASSIGN(const auto row, content::blob_move_row(*kv_->durable()));
  if (!row || row->state != BlobMoveRow::State::clear_folder) return {};
  SPIND_TRY_ASSIGN(const auto objects, default_blobs({folder_.objects, files_, false}));
  const auto folder = folder_blobs(*objects, folder_.packs);
  SPIND_TRY(content::clear_place(*folder, row->number, interrupt));
  return content::note_move(*kv_, std::nullopt);
}

void Engine::empty_folder_meanwhile() {
  const Status emptied = empty_folder(until_cancelled({}));
  if (emptied.ok() || emptied.code() == Code::cancelled || !log_) return;
  log_(LogLevel::warning,
       "the folder that the store moved away from is not empty: " + emptied.error().to_string());
}

// A copy of the store that was opened there meanwhile has made the place its own. That the claims
// are to go is noted before, since an empty place does not tell whose it was.
Status Engine::empty_given_place(BlobStore& place, BlobMoveRow row, const Interrupt& interrupt) {
  SPIND_TRY_ASSIGN(const auto newest, content::BlobOwner::newest_claim(place));
  if (newest == row.number) {
    SPIND_TRY(content::clear_given_place(place, interrupt));
    row.move.fill(0xff);
    SPIND_TRY(content::note_move(*kv_, row));
    SPIND_TRY(content::BlobOwner::clear_claims(place));
    return content::note_move(*kv_, std::nullopt);
  }
  SPIND_TRY_ASSIGN(const auto left, place.list("", "", 1));
  if (left.empty() && row.move != BlobMoveRow().move) return content::note_move(*kv_, std::nullopt);
  return Error{Code::conflict,
               "that is not the place that the store left, or another copy of it "
               "lives there now"};
}

Status Engine::empty_left_place(const std::shared_ptr<BlobStore>& place,
                                const EmptyLeftPlaceOptions& options) {
  SPIND_TRY(fence_.may_write());
  if (moving_.exchange(true)) return move_runs();
  const auto end = [](std::atomic<bool>* moving) { *moving = false; };
  const std::unique_ptr<std::atomic<bool>, decltype(end)> under_way(&moving_, end);
  const Interrupt interrupt = until_cancelled(options.cancel);
  if (place == nullptr) return empty_folder(interrupt);
  SPIND_TRY_ASSIGN(const auto row, content::blob_move_row(*kv_->durable()));
  if (!row || row->state != BlobMoveRow::State::left_place) return {};
  return empty_given_place(*place, *row, interrupt);
}

}  // namespace spind::engine
