#include "ops/commit.h"

#include <algorithm>

#include "base/limits.h"
#include "base/try.h"
#include "journal/journal.h"
#include "model/keys.h"
#include "space/apply.h"

namespace spind::ops {
namespace {

using model::Entry;

// What the first call with a request id answered, as its entry tells it.
struct Retold {
  Written& written;
  EntryNumber number;

  void operator()(const model::SpaceCreated&) { written.node = kRootNode; }
  void operator()(const model::SpaceUpdated&) { written.node = kRootNode; }
  void operator()(const model::NodeAdded& change) {
    written.node = change.node.id;
    tell(change.node.current);
  }
  void operator()(const model::VersionAdded& change) {
    written.node = change.node;
    tell(change.version);
  }
  void operator()(const model::NodeMoved& change) { written.node = change.node; }
  void operator()(const model::NodeTrashed& change) { written.node = change.node; }
  void operator()(const model::MtimeSet& change) { written.node = change.node; }
  void operator()(const model::Unchanged& change) { written.node = change.node; }
  void operator()(const model::VersionRemoved& change) {
    written.node = change.node;
    written.version = change.version.number;
  }
  void operator()(const model::VersionMarked& change) {
    written.node = change.node;
    written.version = change.number;
  }
  void operator()(const model::NodeRestored& change) { written.node = change.node; }
  void operator()(const model::NodePurged& change) { written.node = change.node; }
  void operator()(const model::Rewound&) { written.node = kRootNode; }
  void operator()(const model::SubtreeStaged& change) { written.node = change.top.id; }
  void operator()(const model::SubtreeAttached& change) { written.node = change.node; }
  void operator()(const model::StagingPurged& change) { written.node = change.node; }
  void operator()(const model::PropertiesSet& change) { written.node = change.node; }
  // The verbs that these belong to make their own answers of it.
  void operator()(const model::UploadStarted&) { written.node = number; }
  void operator()(const model::UploadChanged& change) {
    written.size_bytes = change.after.received_bytes();
    written.sha256 = change.after.sha256;
  }
  void operator()(const model::UploadEnded&) {}

  void tell(const model::VersionRecord& version) {
    written.version = version.number;
    written.size_bytes = version.size_bytes;
    written.sha256 = version.sha256;
  }
};

class CommitBody {
 public:
  CommitBody(const Context& context, const Call& call, const Request& request, const Decide& decide)
      : context_(context), call_(call), request_(request), decide_(decide) {}

  kv::Outcome operator()(kv::Transaction& rows) {
    written = {};
    Status done = run(rows);
    if (!done.ok()) return std::move(done).error();
    return kv::Commit{};
  }

  Written written;

 private:
  Status run(kv::Transaction& rows) {
    SPIND_TRY(call_.interrupted(context_.clock));
    space::State state(rows, request_.space);
    Entry entry;
    SPIND_TRY_ASSIGN(const bool repeated, begin(rows, state, entry));
    if (repeated) return {};
    SPIND_TRY_ASSIGN(Decision decision,
                     decide_(state, Moment{entry.number, entry.wall_ns, entry.time_ns}));
    written = decision.written;
    entry.visible = decision.visible;
    if (decision.changes.empty()) {
      if (request_.request_id.empty()) return {};
      // The repeat is to answer that there was nothing to do, whatever has come since.
      entry.visible = false;
      decision.changes.push_back(model::Unchanged{written.node});
    }
    if (request_.uses_reserve) rows.use_reserve();
    return write(rows, state, entry, std::move(decision));
  }

  // Takes number and times from the head. True if the request id was seen before: then `written` is
  // what the first call answered.
  Result<bool> begin(kv::Transaction& rows, space::State& state, Entry& entry) {
    entry.number = 1;
    entry.wall_ns = entry.time_ns = context_.clock.wall_ns();
    entry.epoch = context_.epoch;
    if (request_.creates_space) return false;
    SPIND_TRY_ASSIGN(const model::Head* head, state.head());
    SPIND_TRY_ASSIGN(const model::SpaceRecord* info, state.info());
    SPIND_TRY(may_enter(call_, *info, request_.space, request_.wanted));
    if (head->epoch != context_.epoch)
      return Error{.code = Code::unavailable, .text = "the space has another owner now"};
    entry.number = head->entry + 1;
    entry.time_ns = std::max(entry.wall_ns, head->time_ns);
    entry.previous = head->chain;
    if (request_.request_id.empty()) return false;
    SPIND_TRY_ASSIGN(const auto seen, state.request(call_.who.user, request_.request_id));
    if (!seen) return false;
    SPIND_TRY(retell(rows, *seen));
    return true;
  }

  Status retell(kv::Transaction& rows, EntryNumber number) {
    SPIND_TRY_ASSIGN(const Entry first, journal::read(rows, request_.space, number));
    if (first.type != request_.type)
      return Error{.code = Code::conflict, .text = "the request id was used for another request"};
    for (const model::Change& change : first.changes) std::visit(Retold{written, number}, change);
    written.entry = first.visible ? number : 0;
    written.repeated = true;
    return {};
  }

  Status write(kv::Transaction& rows, space::State& state, Entry& entry, Decision decision) {
    entry.type = request_.type;
    context_.random.fill(entry.salt);
    entry.principal = call_.who.user;
    entry.application = call_.who.application;
    entry.request_id = request_.request_id;
    entry.changes = std::move(decision.changes);
    entry.manifests = std::move(decision.manifests);
    SPIND_TRY(space::complete(state, entry));
    // The rows of a space may be sealed with the keys of its tenant, whom its record names.
    if (const auto* created = std::get_if<model::SpaceCreated>(&entry.changes.front()))
      rows.put(kv::Family::state, model::info_key(request_.space), model::encode(created->space));
    for (std::uint32_t i = 0; i < decision.attachments.size(); ++i)
      rows.put(kv::Family::attachment, model::attachment_key(request_.space, {entry.number, i}),
               decision.attachments[i]);
    const model::Digest chain = journal::append(rows, request_.space, entry);
    SPIND_TRY(space::apply(state, entry, chain));
    if (request_.also) SPIND_TRY(request_.also(rows, state));
    state.flush();
    written.entry = entry.visible ? entry.number : 0;
    return {};
  }

  const Context& context_;
  const Call& call_;
  const Request& request_;
  const Decide& decide_;
};

}  // namespace

Result<Written> commit(const Context& context, const Call& call, const Request& request,
                       const Decide& decide) {
  SPIND_TRY(may_change(call));
  if (request.request_id.size() > kRequestIdBytesMax)
    return Error{.code = Code::limit_exceeded,
                 .text = "the request id is too long",
                 .path = {},
                 .limit = kRequestIdBytesMax,
                 .used = request.request_id.size()};
  CommitBody body(context, call, request, decide);
  std::vector<std::string> partitions{model::space_partition(request.space)};
  if (!request.also_owned.empty()) partitions.push_back(request.also_owned);
  kv::Answer answer = context.kv.update(std::move(partitions), std::ref(body));
  if (answer.status.ok()) body.written.ticket = answer.ticket;
  const bool may_defer = call.deferred && answer.status.ok();
  if (!may_defer) SPIND_TRY(context.kv.wait(answer.ticket, call.deadline_monotonic_ns));
  SPIND_TRY(std::move(answer.status));
  return body.written;
}

}  // namespace spind::ops
