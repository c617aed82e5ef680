#include "soak/soak_loads.h"

#include "base/try.h"
#include "support/store/asker.h"

namespace spind::test {
namespace {

constexpr std::uint64_t kRequests = 60;
constexpr std::uint32_t kCopies = 6;

// No answer of a healthy store, whatever is asked.
Status must_be_healthy(const Answer& answer) {
  if (answer.code == Code::corruption || answer.code == Code::io_error)
    return Error{.code = answer.code, .text = answer.text};
  return {};
}

Status purge_space(const Session& session, const SpaceInfo& info) {
  SPIND_TRY_ASSIGN(const Space space, session.space(info.id));
  if (info.state == SpaceStatus::active) SPIND_TRY(space.disable());
  SPIND_TRY(space.purge());
  return {};
}

}  // namespace

bool is_full_device(const Error& error) {
  return error.code == Code::no_space || error.code == Code::unavailable ||
         error.code == Code::aborted;
}

bool is_overtaken(const Error& error) {
  switch (error.code) {
    case Code::not_found:
    case Code::conflict:
    case Code::precondition_failed:
    case Code::cursor_too_old:
    case Code::limit_exceeded: return true;  // the last for views of too much
    default: return false;
  }
}

Status ask_around(const Session& session, std::uint64_t seed) {
  SpaceOptions options;
  options.floor.keep_ns = 0;
  SPIND_TRY_ASSIGN(const Space space, session.create_space(options));
  Asker asker(seed, kCopies);
  for (std::uint64_t i = 0; i < kRequests; ++i) {
    const Answer answer = run(space, asker.next());
    SPIND_TRY(must_be_healthy(answer));
    asker.hear(answer);
  }
  SPIND_TRY(session.wait());
  SPIND_TRY(space.disable());
  SPIND_TRY(space.purge());
  return {};
}

Status Follower::look() {
  SPIND_TRY(follow());
  SPIND_TRY_ASSIGN(Walk walk, space_.walk("/"));
  for (int i = 0; i < 20; ++i) {
    SPIND_TRY_ASSIGN(const std::optional<Walk::Item> item, walk.next());
    if (!item) break;
    if (item->node.kind == NodeKind::folder) {
      SPIND_TRY(space_.list(Ref::node(item->node.id)));
      continue;
    }
    SPIND_TRY_ASSIGN(Reader reader, space_.reader(Ref::node(item->node.id)));
    std::vector<std::uint8_t> some(10'000);
    SPIND_TRY(reader.read(some));
  }
  return look_back();
}

Status Follower::follow() {
  SPIND_TRY_ASSIGN(const Watch watch, space_.watch(0));
  const Result<ChangePage> page = space_.changes(cursor_);
  if (page.code() == Code::cursor_too_old) {
    SPIND_TRY_ASSIGN(cursor_, space_.cursor_now());
    return {};
  }
  if (!page.ok()) return page.error();
  cursor_ = page->cursor;
  if (page->more) return {};
  const Result<RootVersion> next = space_.wait(page->number, std::chrono::seconds(3));
  if (!next.ok() && next.code() != Code::deadline_exceeded) return next.error();
  return {};
}

Status Follower::look_back() {
  SPIND_TRY_ASSIGN(const SpaceInfo info, space_.info());
  const EntryNumber back = std::min<EntryNumber>(info.entry - info.floor, 5);
  SPIND_TRY_ASSIGN(const Space before, space_.at({.entry = info.entry - back}));
  SPIND_TRY(before.list("/"));
  return {};
}

Status purge_forgotten(const Session& session) {
  SPIND_TRY_ASSIGN(const PageOf<SpaceInfo> spaces, session.list_spaces());
  for (const SpaceInfo& info : spaces.items) {
    if (!info.alias.empty()) continue;
    Status purged = purge_space(session, info);
    // Until a store that was full is opened anew, it shows what was durable by then; that a purge
    // which had failed has survived is seen only after that.
    if (!purged.ok() && purged.code() != Code::not_found) return purged;
  }
  return {};
}

}  // namespace spind::test
