// A file is copied by one entry. A folder is read from one pinned snapshot and built where nobody
// sees it, by as many entries as it takes; one that all see then attaches it to its place. Content
// is referred to, or brought into the target's vault where that is another one.
#include <algorithm>

#include "base/limits.h"
#include "base/try.h"
#include "content/needs.h"
#include "model/keys.h"
#include "ops/copy_batch.h"
#include "ops/destination.h"
#include "ops/make_parents.h"
#include "ops/ops.h"
#include "ops/staging.h"

namespace spind::ops {
namespace {

// What is copied, as one snapshot has it.
struct Original {
  Entered entered;
  space::Resolved at;
  const model::NodeRecord& node() const { return *at.place.node; }
};

Result<Original> find_original(const Context& context, const CopyFrom& from,
                               const CopyOptions& options) {
  SPIND_TRY_ASSIGN(Entered entered, enter(context, from.call, from.space));
  SPIND_TRY_ASSIGN(space::Resolved at, find(entered.reading, *entered.info, from.call, from.ref,
                                            access::kStat | access::kInitiateFileDownload));
  const model::NodeRecord& node = *at.place.node;
  if (node.kind == NodeKind::folder)
    SPIND_TRY(permit(from.call, *entered.info, at.way, node.id, access::kListContainer, from.ref));
  SPIND_TRY(check_conditions(&node, entered.info->history, options.from_conditions, from.ref));
  return Original{std::move(entered), std::move(at)};
}

// The place in the target space, and what is done there to make room for the copy.
class CopyTarget {
 public:
  CopyTarget(const Call& call, const CopyFrom& from, const SpaceId& space, const Ref& to,
             const CopyOptions& options, const Original& original)
      : call_(call),
        in_place_(from.call.past == nullptr && from.space == space),
        to_(to),
        options_(options),
        original_(original) {}

  // Where the copy goes, with an id for it; none: nothing is to happen, and the answer is in the
  // decision.
  Result<std::optional<NewChild>> settle(space::State& state, const Moment& moment,
                                         Decision& decision) const {
    SPIND_TRY_ASSIGN(const model::SpaceRecord* info, state.info());
    SPIND_TRY_ASSIGN(const Destination destination,
                     find_destination(state, to_, options_.make_parents));
    const space::Resolved& at = destination.at;
    SPIND_TRY(permit(call_, *info, at.way, 0, to_add(), to_));
    SPIND_TRY(check_conditions(at.place.node.get(), info->history, options_.conditions, to_));
    if (destination.taken == nullptr) {
      SPIND_TRY_ASSIGN(NewChild child,
                       place_new_child(state, call_, moment, to_, at, destination.missing, to_add(),
                                       decision.changes));
      return std::optional(std::move(child));
    }
    SPIND_TRY(check_loops(destination.taken->id));
    SPIND_TRY_ASSIGN(auto name, settle_conflict(state, call_, original_.node().kind, destination,
                                                options_.on_conflict, decision));
    decision.written.node = destination.taken->id;
    if (!name) return std::optional<NewChild>{};
    SPIND_TRY_ASSIGN(const model::Head* head, state.head());
    return std::optional(NewChild{at.place.parent, *std::move(name), head->next_node});
  }

 private:
  access::Permissions to_add() const {
    const bool folder = original_.node().kind == NodeKind::folder;
    return folder ? access::kCreateContainer | access::kInitiateFileUpload
                  : access::kInitiateFileUpload;
  }

  Status check_loops(NodeId taken) const {
    if (!in_place_ || options_.on_conflict != OnConflict::replace) return {};
    const std::vector<NodeId>& way = original_.at.way;
    if (taken != original_.node().id && std::find(way.begin(), way.end(), taken) == way.end())
      return {};
    return Error{.code = Code::conflict,
                 .text = "nothing is replaced by a copy of itself or of what lies in it",
                 .path = to_.to_string()};
  }

  const Call& call_;
  const bool in_place_;  // the original is in this space, and there now
  const Ref& to_;
  const CopyOptions& options_;
  const Original& original_;
};

class Copy {
 public:
  Copy(const Context& context, const Call& call, const SpaceId& space, const CopyFrom& from,
       const Ref& to, const CopyOptions& options, Original original, space::SpaceRef info)
      : context_(context),
        call_(call),
        space_(space),
        options_(options),
        info_(std::move(info)),
        other_space_(space != from.space),
        original_(std::move(original)),
        from_(owner_of(*original_.entered.info, from.space)),
        target_owner_(owner_of(*info_, space)),
        other_vault_(from_.vault != target_owner_.vault),
        target_(call, from, space, to, options, original_),
        tree_(original_.entered.reading, original_.at.place, from.ref.to_string()),
        staging_(context, call, space) {
    const FolderTotals weight = original_.node().weight();
    progress_.total = other_vault_ ? weight.live_bytes : weight.files + weight.folders;
  }

  Result<Written> run() {
    if (other_vault_) SPIND_TRY(rehearse());
    if (original_.node().kind == NodeKind::file) return put_file();
    Status staged = stage();
    if (!staged.ok()) {
      staging_.give_up();
      return std::move(staged).error();
    }
    bool attached = false;
    auto written =
        commit(context_, call_, visible_request(), [&](space::State& state, const Moment& moment) {
          attached = false;
          return decide_attach(state, moment, attached);
        });
    if (!written.ok() || !attached) staging_.give_up();
    return written;
  }

 private:
  Request visible_request() const {
    return {.space = space_, .type = model::EntryType::copied, .request_id = options_.request_id};
  }

  static Error cancelled() { return {.code = Code::cancelled, .text = "the copy was cancelled"}; }

  // In any thread.
  Status interrupted() const {
    SPIND_TRY(call_.interrupted(context_.clock));
    return options_.cancel && options_.cancel->cancelled() ? Status(cancelled()) : Status();
  }

  Status go_on() {
    SPIND_TRY(interrupted());
    return options_.progress && !options_.progress(progress_) ? Status(cancelled()) : Status();
  }

  // ---- bytes ----

  // Whatever the end would refuse is refused before bytes are brought; and where nothing is to
  // happen, none are.
  Status rehearse() {
    const Request request{.space = space_, .type = model::EntryType::copied};
    const auto look = [&](space::State& state, const Moment& moment) -> Result<Decision> {
      Decision ending;
      SPIND_TRY_ASSIGN(const auto place, target_.settle(state, moment, ending));
      wanted_ = place.has_value();
      return Decision{};
    };
    SPIND_TRY(commit(context_, call_, request, look));
    return {};
  }

  Status check_wanted() const {
    if (wanted_) return {};
    return Error{.code = Code::aborted, .text = "what had the name went during the copy"};
  }

  Status fill() {
    std::unique_ptr<content::Carrier> carrier;
    if (other_vault_)
      carrier =
          context_.content.carrier(original_.entered.reading.snapshot_ref(), from_, target_owner_,
                                   {[this] { return interrupted(); },
                                    [this](std::uint64_t bytes) {
                                      progress_.done += bytes;
                                      return go_on();
                                    }});
    return batch_.fill({tree_, original_.entered.reading, carrier.get()});
  }

  // ---- pieces ----

  // Runs a commit that refers to the pieces of the batch; again, if the space did not hold one.
  template <class Run>
  Result<Written> with_pieces(const Run& run) {
    adopted_ = batch_.brought();
    adopted_pieces_.clear();
    if (other_space_) SPIND_TRY(adopt_new());
    pieces_missing_ = false;
    Result<Written> written = run();
    if (written.ok() || !pieces_missing_) return written;
    SPIND_TRY(adopt(batch_.pieces()));
    return run();
  }

  Status adopt_new() {
    const kv::SnapshotRef snapshot = context_.kv.durable();
    std::vector<model::PieceId> fresh;
    for (const model::PieceId& piece : batch_.pieces()) {
      SPIND_TRY_ASSIGN(const bool needed, content::needs(*snapshot, space_, piece));
      if (!needed) fresh.push_back(piece);
    }
    return adopt(std::move(fresh));
  }

  Status adopt(std::vector<model::PieceId> pieces) {
    if (pieces.empty()) return {};
    SPIND_TRY_ASSIGN(adopted_, context_.content.adopt(target_owner_, pieces));
    adopted_pieces_ = std::move(pieces);
    return {};
  }

  // Owning the space, what it needs stays; the rest was adopted, or brought.
  Status check_pieces(space::State& state) {
    SPIND_TRY(context_.content.verify(adopted_));
    for (const model::PieceId& piece : batch_.pieces()) {
      if (std::binary_search(adopted_pieces_.begin(), adopted_pieces_.end(), piece)) continue;
      SPIND_TRY_ASSIGN(const bool needed, content::needs(state.rows(), space_, piece));
      if (needed) continue;
      pieces_missing_ = true;
      return Error{.code = Code::aborted, .text = "the space let go of what is copied meanwhile"};
    }
    return {};
  }

  // ---- a file ----

  Result<Written> put_file() {
    SPIND_TRY(go_on());
    if (wanted_) SPIND_TRY(fill());
    auto written = with_pieces([&] {
      return commit(
          context_, call_, visible_request(),
          [&](space::State& state, const Moment& moment) { return decide_file(state, moment); });
    });
    progress_.done = progress_.total;
    if (written.ok() && options_.progress) options_.progress(progress_);
    return written;
  }

  Result<Decision> decide_file(space::State& state, const Moment& moment) {
    Decision decision;
    SPIND_TRY_ASSIGN(const auto place, target_.settle(state, moment, decision));
    if (!place) return decision;
    SPIND_TRY(check_wanted());
    SPIND_TRY(check_pieces(state));
    model::NodeRecord file = batch_.copy(0, place->id, call_, moment, decision);
    decision.written = {.node = file.id,
                        .version = file.current.number,
                        .size_bytes = file.current.size_bytes,
                        .sha256 = file.current.sha256};
    decision.changes.push_back(model::NodeAdded{place->parent, place->name, std::move(file)});
    return decision;
  }

  // ---- a folder ----

  Status stage() {
    if (!wanted_) return {};
    Call deferred = call_;
    deferred.deferred = true;
    const Request request{.space = space_, .type = model::EntryType::staged};
    for (std::size_t batches = 1;; ++batches) {
      SPIND_TRY(go_on());
      SPIND_TRY(fill());
      if (batch_.empty()) return {};
      SPIND_TRY_ASSIGN(const Written written, with_pieces([&] {
                         return commit(context_, deferred, request,
                                       [&](space::State& state, const Moment& moment) {
                                         return decide_batch(state, moment);
                                       });
                       }));
      if (staging_.top() == 0) return {};  // nothing is to happen
      staging_.grew_by(batch_.weight(), written.ticket);
      progress_.done =
          other_vault_ ? staging_.weight().live_bytes : progress_.done + batch_.nodes();
      batch_.added(first_id_);
      if (batches % kCopyUnsyncedBatches == 0)
        SPIND_TRY(context_.kv.wait(written.ticket, call_.deadline_monotonic_ns));
    }
  }

  Result<Decision> decide_batch(space::State& state, const Moment& moment) {
    const bool begins = staging_.weight() == FolderTotals{};
    Decision decision{.visible = false};
    if (begins) {
      staging_.forget();
      // Whatever the end would refuse is refused before the work is done.
      Decision ending;
      SPIND_TRY_ASSIGN(const auto place, target_.settle(state, moment, ending));
      if (!place) return decision;
    } else {
      SPIND_TRY(staging_.check(state));
    }
    SPIND_TRY(check_pieces(state));
    SPIND_TRY_ASSIGN(const model::Head* head, state.head());
    first_id_ = head->next_node;
    // The top has its name only once it is attached.
    const std::size_t first = begins ? 1 : 0;
    if (folds_names()) SPIND_TRY(batch_.check_names(state, first, first_id_));
    if (begins) {
      staging_.begin(moment.number, first_id_);
      decision.changes.push_back(
          model::SubtreeStaged{batch_.copy(0, first_id_, call_, moment, decision)});
    }
    for (std::size_t i = first; i < batch_.nodes(); ++i)
      decision.changes.push_back(
          batch_.addition(i, first_id_, staging_.entry(), call_, moment, decision));
    return decision;
  }

  bool folds_names() const {
    return info_->names == NameRule::folded && original_.entered.info->names != NameRule::folded;
  }

  Result<Decision> decide_attach(space::State& state, const Moment& moment, bool& attached) {
    Decision decision;
    SPIND_TRY_ASSIGN(const auto place, target_.settle(state, moment, decision));
    if (!place) return decision;
    SPIND_TRY(check_wanted());
    SPIND_TRY(staging_.check(state));
    decision.written.node = staging_.top();
    decision.changes.push_back(
        model::SubtreeAttached{staging_.top(), staging_.key(), place->parent, place->name});
    attached = true;
    return decision;
  }

  const Context& context_;
  const Call& call_;
  const SpaceId& space_;
  const CopyOptions& options_;
  const space::SpaceRef info_;  // of the target
  const bool other_space_;
  const Original original_;
  const content::Owner from_, target_owner_;
  const bool other_vault_;
  bool wanted_ = true;  // false: nothing is to happen, as far as was seen
  const CopyTarget target_;
  TreeReader tree_;
  Staging staging_;
  CopyBatch batch_;
  NodeId first_id_ = 0;  // of the batch
  content::Stored adopted_;
  std::vector<model::PieceId> adopted_pieces_;  // sorted
  bool pieces_missing_ = false;
  Progress progress_;
};

// Whether the commit would answer without a look at what is asked.
Result<bool> answered(const Context& context, const Call& call, const SpaceId& space,
                      const std::string& request_id) {
  if (request_id.empty()) return false;
  if (request_id.size() > kRequestIdBytesMax) return true;
  SPIND_TRY_ASSIGN(const auto seen,
                   context.kv.durable()->get(kv::Family::state,
                                             model::request_key(space, call.who.user, request_id)));
  return seen.has_value();
}

}  // namespace

Result<Written> copy(const Context& context, const Call& call, const SpaceId& space,
                     const CopyFrom& from, const Ref& to, const CopyOptions& options) {
  SPIND_TRY(may_change(call));
  // What a deferred session did just now belongs to what is copied.
  if (call.deferred || from.call.deferred)
    SPIND_TRY(context.kv.wait(context.kv.latest(), call.deadline_monotonic_ns));
  SPIND_TRY_ASSIGN(Entered entered, enter(context, call, space));
  SPIND_TRY_ASSIGN(const bool known, answered(context, call, space, options.request_id));
  if (known) {
    const Request request{
        .space = space, .type = model::EntryType::copied, .request_id = options.request_id};
    return commit(context, call, request, [](space::State&, const Moment&) -> Result<Decision> {
      return Error{.code = Code::aborted, .text = "what was answered before is not known any more"};
    });
  }
  SPIND_TRY_ASSIGN(Original original, find_original(context, from, options));
  return Copy(context, call, space, from, to, options, std::move(original), std::move(entered.info))
      .run();
}

}  // namespace spind::ops
