#include "base/try.h"
#include "model/keys.h"
#include "ops/commit.h"
#include "ops/ops.h"
#include "ops/waiting_uploads.h"

namespace spind::ops {
namespace {

// Going back takes all that came since from everybody, and gives back what others had let go of.
constexpr access::Permissions kToRewind = access::kUpdateGrant | access::kDelete |
                                          access::kInitiateFileUpload | access::kMove |
                                          access::kRestoreFileVersion | access::kRestoreRecycleItem;

Result<Decision> decide(space::State& state, const Call& call, const Point& to) {
  SPIND_TRY_ASSIGN(const model::SpaceRecord* info, state.info());
  SPIND_TRY(permit(call, *info, {kRootNode}, 0, kToRewind, Ref("/")));
  SPIND_TRY_ASSIGN(const model::Head* head, state.head());
  SPIND_TRY_ASSIGN(const EntryNumber number, find_entry(state.rows(), state.space(), *head, to));
  Decision decision;
  decision.written.node = kRootNode;
  if (number != head->entry) decision.changes.push_back(model::Rewound{number});
  return decision;
}

}  // namespace

Result<Written> rewind(const Context& context, const Call& call, const SpaceId& space,
                       const Point& to, const RewindOptions& options) {
  const Request request{.space = space,
                        .type = model::EntryType::rewound,
                        .request_id = options.request_id,
                        .also_owned = model::waiting_uploads_key(space),
                        .also = note_uploads};
  GrowingLease memory(context.past_memory);
  return commit(context, call, request, [&](space::State& state, const Moment&) {
    state.set_guard([&](const Progress& progress, std::size_t bytes) -> Status {
      SPIND_TRY(call.interrupted(context.clock));
      if (options.progress && !options.progress(progress))
        return Error{.code = Code::cancelled, .text = "the caller cancelled it"};
      return memory.grow_to(bytes);
    });
    return decide(state, call, to);
  });
}

}  // namespace spind::ops
