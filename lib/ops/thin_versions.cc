#include "ops/thin_versions.h"

#include "base/limits.h"
#include "base/try.h"
#include "model/keys.h"
#include "ops/commit.h"
#include "ops/ops.h"
#include "ops/thinning.h"

namespace spind::ops {
namespace {

using kv::Family;
using model::SpaceRow;

// Goes through the earlier versions of all files that nobody has marked, oldest first in each file.
// A row that cannot be read is passed over: a check tells of it.
class UnmarkedVersions {
 public:
  UnmarkedVersions(const kv::View& view, const SpaceId& space, NodeId first)
      : versions_(view.scan(Family::state, model::versions_prefix(space, first),
                            model::end_of(model::row_prefix(space, SpaceRow::version)))),
        marks_(view.scan(Family::state, model::marks_prefix(space, first),
                         model::end_of(model::row_prefix(space, SpaceRow::mark)))),
        prefix_bytes_(model::row_prefix(space, SpaceRow::version).size()) {
    find();
  }

  bool valid() const { return versions_->valid(); }
  NodeId node() const { return node_; }
  const model::VersionRecord& version() const { return version_; }
  std::uint64_t rows() const { return rows_; }  // seen so far
  void next() {
    versions_->next();
    find();
  }
  Status status() const {
    SPIND_TRY(versions_->status());
    return marks_->status();
  }

 private:
  void find() {
    for (; versions_->valid(); versions_->next()) {
      ++rows_;
      const std::string_view key = versions_->key().substr(prefix_bytes_);
      if (marked(key)) continue;
      auto version = model::decode_version(versions_->value());
      if (!version.ok()) continue;
      node_ = model::last_u64_in(key.substr(0, 8));
      version_ = std::move(version).value();
      return;
    }
  }
  // Both kinds of keys end with a node and a number, and lie in the order of them.
  bool marked(std::string_view version) {
    while (marks_->valid() && marks_->key().substr(prefix_bytes_) < version) marks_->next();
    return marks_->valid() && marks_->key().substr(prefix_bytes_) == version;
  }

  std::unique_ptr<kv::Cursor> versions_, marks_;
  const std::size_t prefix_bytes_;
  std::uint64_t rows_ = 0;
  NodeId node_ = 0;
  model::VersionRecord version_;
};

Status may_thin(const Call& call, const model::SpaceRecord& info) {
  return permit(call, info, {kRootNode}, 0, access::kRestoreFileVersion | access::kDelete,
                Ref("/"));
}

// Whether neither it nor a folder above it was removed: what was keeps its versions.
Result<bool> hangs(space::NodeSource& source, NodeId node) {
  for (std::size_t climbed = 0; node != kRootNode; ++climbed) {
    if (climbed > kClimbMax) return false;
    auto locator = source.locate(node);
    if (locator.code() == Code::not_found) return false;
    if (!locator.ok()) return std::move(locator).error();
    if (locator->trash.entry != 0) return false;
    node = locator->parent;
  }
  return true;
}

class SpaceThinning {
 public:
  SpaceThinning(const Context& context, const Call& call, Entered& entered, const ThinRun& run)
      : context_(context),
        call_(call),
        run_(run),
        reading_(entered.reading),
        space_(entered.reading.space()),
        policy_(entered.info->versions),
        rule_(policy_, run.now_ns),
        ahead_(entered.reading.snapshot(), space_, run.first),
        at_(entered.reading.snapshot(), space_, run.first) {}

  Result<Thinned> run(EntryNumber seen) {
    seen_ = seen;
    while (at_.valid() && at_.rows() < run_.rows_max) SPIND_TRY(look_at_file());
    SPIND_TRY(at_.status());
    SPIND_TRY(ahead_.status());
    SPIND_TRY(remove());
    if (at_.valid()) thinned_.next = at_.node();
    return thinned_;
  }

 private:
  struct Item {
    NodeId node = 0;
    VersionNumber number = 0;
  };

  // One cursor counts what is not outlasted of the file, the other one comes behind and judges.
  Status look_at_file() {
    const NodeId file = at_.node();
    std::uint64_t count = 0;
    while (ahead_.valid() && ahead_.node() == file) count += take(ahead_).outlasted ? 0 : 1;
    SPIND_TRY(ahead_.status());   // else there were fewer to count than there are to judge
    std::optional<bool> hanging;  // asked for where something is to go
    while (at_.valid() && at_.node() == file) {
      const Seen seen = take(at_);
      if (!seen.outlasted && !rule_.is_beyond(seen.written_ns, --count)) continue;
      if (!hanging) {
        SPIND_TRY_ASSIGN(hanging, hangs(reading_, file));
      }
      if (*hanging) SPIND_TRY(add({file, seen.number}, seen.size_bytes));
    }
    return {};
  }

  struct Seen {
    VersionNumber number = 0;
    std::uint64_t size_bytes = 0;
    std::int64_t written_ns = 0;
    bool outlasted = false;
  };
  // The version at which the cursor stands, which goes on.
  Seen take(UnmarkedVersions& at) const {
    const NodeId file = at.node();
    Seen seen{at.version().number, at.version().size_bytes, at.version().written_ms * 1'000'000};
    at.next();
    std::optional<std::int64_t> next_ns;
    if (at.valid() && at.node() == file) next_ns = at.version().written_ms * 1'000'000;
    seen.outlasted = rule_.is_outlasted(seen.written_ns, next_ns);
    return seen;
  }

  Status add(const Item& item, std::uint64_t size_bytes) {
    items_.push_back(item);
    rows_ += 4 + 2 * static_cast<std::size_t>(size_bytes / kPieceBytesMax);
    const bool full = items_.size() >= kThinVersionsBatch || rows_ >= kThinRowsBatch;
    return full ? remove() : Status();
  }

  Status remove() {
    SPIND_TRY(go_on());
    if (items_.empty()) return {};
    const Request request{
        .space = space_, .type = model::EntryType::versions_thinned, .uses_reserve = true};
    VersionsThinned removed;
    SPIND_TRY_ASSIGN(const Written written,
                     commit(context_, call_, request, [&](space::State& state, const Moment&) {
                       removed = {};
                       return decide(state, removed);
                     }));
    thinned_.versions.versions += removed.versions;
    thinned_.versions.bytes += removed.bytes;
    thinned_.versions.ticket = std::max(thinned_.versions.ticket, written.ticket);
    items_.clear();
    rows_ = 0;
    return {};
  }

  Status go_on() const {
    SPIND_TRY(call_.interrupted(context_.clock));
    const ThinOptions& options = run_.options;
    if ((options.cancel && options.cancel->cancelled()) ||
        (options.progress && !options.progress({thinned_.versions.versions, 0})))
      return Error{.code = Code::cancelled, .text = "thinning versions was cancelled"};
    return {};
  }

  // Those that are still there, where the space is as it was when they were chosen: a rewind may
  // have taken the newer versions for whose sake they go.
  Result<Decision> decide(space::State& state, VersionsThinned& removed) const {
    Decision decision{.visible = false};
    SPIND_TRY_ASSIGN(const model::SpaceRecord* info, state.info());
    SPIND_TRY(may_thin(call_, *info));
    SPIND_TRY_ASSIGN(const bool rewound, rewound_since(state));
    if (info->state != SpaceStatus::active || info->versions != policy_ || rewound) return decision;
    NodeId file = 0;
    bool hanging = false;
    for (const Item& item : items_) {
      if (file != item.node) {
        file = item.node;
        SPIND_TRY_ASSIGN(hanging, hangs(state, file));
      }
      SPIND_TRY_ASSIGN(const auto version, state.version(item.node, item.number));
      SPIND_TRY_ASSIGN(const model::MarkRecord mark, state.mark(item.node, item.number));
      if (!hanging || !version || !mark.says_nothing()) continue;
      model::VersionRemoved change;
      change.node = item.node;
      change.version.number = item.number;
      decision.changes.push_back(std::move(change));
      ++removed.versions;
      removed.bytes += version->size_bytes;
    }
    return decision;
  }

  Result<bool> rewound_since(space::State& state) const {
    const auto cursor =
        state.rows().scan(Family::state, model::rewind_key(space_, seen_ + 1),
                          model::end_of(model::row_prefix(space_, SpaceRow::rewind)));
    const bool found = cursor->valid();
    SPIND_TRY(cursor->status());
    return found;
  }

  const Context& context_;
  const Call& call_;
  const ThinRun& run_;
  space::Reading& reading_;
  const SpaceId space_;
  const VersionPolicy policy_;
  const ThinningRule rule_;
  UnmarkedVersions ahead_, at_;
  EntryNumber seen_ = 0;  // the last entry that the snapshot has
  std::vector<Item> items_;
  std::size_t rows_ = 0;
  Thinned thinned_;
};

}  // namespace

Result<Thinned> thin_space(const Context& context, const Call& call, const SpaceId& space,
                           const ThinRun& run) {
  SPIND_TRY_ASSIGN(Entered entered, enter(context, call, space));
  SPIND_TRY(may_thin(call, *entered.info));
  if (entered.info->versions.thinning == Thinning::keep_all) return Thinned{};
  SPIND_TRY_ASSIGN(const model::Head head, entered.reading.head());
  return SpaceThinning(context, call, entered, run).run(head.entry);
}

Result<VersionsThinned> thin_versions(const Context& context, const Call& call,
                                      const SpaceId& space, std::optional<std::int64_t> now_ns,
                                      const ThinOptions& options) {
  SPIND_TRY(may_change(call));
  // What a deferred session wrote just now belongs to it.
  SPIND_TRY(context.kv.catch_up(call.deadline_monotonic_ns));
  SPIND_TRY_ASSIGN(const Thinned thinned,
                   thin_space(context, call, space, {.now_ns = now_ns, .options = options}));
  return thinned.versions;
}

}  // namespace spind::ops
