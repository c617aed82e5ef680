#include "soak/soak_loads.h"

#include "base/try.h"
#include "support/store/asker.h"
#include "support/store/content.h"

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

Status handle_upload(const Space& space, std::uint64_t round) {
  const std::string bytes = content(round, 300'000);
  UploadOptions options;
  options.make_parents = true;
  options.kept = std::chrono::hours(1);
  SPIND_TRY_ASSIGN(UploadInfo upload, space.start_upload("/inbox/" + std::to_string(round % 3),
                                                         bytes.size(), options));
  const std::string_view all = bytes;
  const std::size_t half = all.size() / 2;
  SPIND_TRY_ASSIGN(upload, space.append_upload(upload.id, 0, all.substr(0, half)));
  if (round % 5 == 0) return {};  // forgotten: it expires
  if (round % 5 == 1) {
    SPIND_TRY(space.abort_upload(upload.id));
    return {};
  }
  SPIND_TRY_ASSIGN(upload, space.append_upload(upload.id, half, all.substr(half)));
  FinishUploadOptions finish;
  finish.hold = round % 5 != 2;
  SPIND_TRY(space.finish_upload(upload.id, finish));
  if (round % 5 == 3) SPIND_TRY(space.release_upload(upload.id));
  if (round % 5 == 4) SPIND_TRY(space.quarantine_upload(upload.id));
  if (round % 5 == 4) SPIND_TRY(space.abort_upload(upload.id));
  return {};
}

// What a kill or a full disk left is finished, held or quarantined for ever.
Status discard_held(const Space& space) {
  SPIND_TRY_ASSIGN(const PageOf<UploadInfo> uploads, space.uploads());
  for (const UploadInfo& upload : uploads.items)
    if (upload.state != UploadState::receiving) SPIND_TRY(space.abort_upload(upload.id));
  return {};
}

Status handle_trash(const Space& space, std::uint64_t round) {
  SPIND_TRY(space.put("/desk/paper", content(round, 30'000), {.make_parents = true}));
  SPIND_TRY(space.put("/desk/note", "round " + std::to_string(round)));
  SPIND_TRY_ASSIGN(const Written removed, space.remove("/desk"));
  RestoreOptions back;
  back.on_conflict = OnConflict::replace;
  if (round % 3 != 0) SPIND_TRY(space.restore(Ref::node(removed.node), back));
  if (round % 4 == 0) SPIND_TRY(space.empty_trash());
  SPIND_TRY(space.trash());
  return {};
}

Status handle_versions(const Session& session, const Space& space, std::uint64_t round) {
  SPIND_TRY_ASSIGN(const Written first, space.put("/book", content(round, 20'000)));
  SPIND_TRY(space.mark_version("/book", first.version, {.pinned = true, .label = "draft"}));
  SPIND_TRY(space.put("/book", content(round, 25'000)));
  SPIND_TRY(space.restore_version("/book", first.version));
  SPIND_TRY(space.mark_version("/book", first.version, {.pinned = false, .label = ""}));
  SPIND_TRY(space.versions("/book"));
  SPIND_TRY(space.add_tags("/book", {"round " + std::to_string(round % 2)}));
  SPIND_TRY(space.remove_tags("/book", {"round " + std::to_string((round + 1) % 2)}));
  SPIND_TRY(space.tagged("round 1"));
  SPIND_TRY(space.set_favourite("/book", round % 2 == 0));
  SPIND_TRY(session.favourites());
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

Status tidy_desk(const Session& session, const Space& space, std::uint64_t round) {
  SPIND_TRY(discard_held(space));
  SPIND_TRY(handle_upload(space, round));
  SPIND_TRY(handle_trash(space, round));
  return handle_versions(session, space, round);
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
