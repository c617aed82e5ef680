#include "support/store/side_loads.h"

#include <unistd.h>

#include "base/try.h"
#include "spind/key_provider.h"
#include "support/store/content.h"
#include "support/store/ledger.h"

namespace spind::test {
namespace {

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

Status handle_trash(const Space& space, std::uint64_t round) {
  SPIND_TRY(space.put("/desk/paper", content(round, 30'000), {.make_parents = true}));
  SPIND_TRY(space.put("/desk/note", "round " + std::to_string(round)));
  SPIND_TRY_ASSIGN(const Written removed, space.remove("/desk"));
  RestoreOptions back;
  back.on_conflict = OnConflict::replace;
  if (round % 3 != 0) {
    SPIND_TRY(space.restore(Ref::node(removed.node), back));
  } else {
    back.to = Ref("/note");
    SPIND_TRY(space.restore(Ref::below(removed.node, "note"), back));
  }
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

// The source changes meanwhile. What would be an object of another vault is passed over, so that
// objects are easy to count.
Status copy_here(const Space& space, const Space& source, std::uint64_t round) {
  const std::string from = writer_folder(static_cast<std::uint32_t>(round % kWriters)) + "/a/" +
                           std::to_string(round % 12);
  const Result<NodeInfo> there = source.stat(from);
  if (there.code() == Code::not_found) return {};
  if (!there.ok()) return there.error();
  if (there->size_bytes > 1'000'000) return {};
  CopyOptions options;
  options.on_conflict = OnConflict::replace;
  options.from_conditions.if_match = there->etag();
  const Result<Written> copied = space.copy_from(source, from, "/copy", options);
  const bool overtaken = copied.code() == Code::not_found || copied.code() == Code::aborted ||
                         copied.code() == Code::precondition_failed;
  if (!copied.ok() && !overtaken) return copied.error();
  return {};
}

Status close_and_open(const Space& space) {
  SPIND_TRY(space.disable());
  const Result<NodeInfo> root = space.stat("/");
  if (root.ok()) return Error{.code = Code::corruption, .text = "a disabled space shows its nodes"};
  if (root.code() != Code::not_found) return root.error();
  SPIND_TRY(space.enable());
  return {};
}

// Of a name that no earlier run of this load has used.
Status destroy_a_tenant(const Store& store, std::uint64_t round) {
  SessionOptions who{.user = "ada"};
  who.tenant = "passing " + std::to_string(::getpid()) + " " + std::to_string(round);
  SPIND_TRY_ASSIGN(const Session session, store.session(who));
  SPIND_TRY_ASSIGN(const Space space, session.create_space({.alias = "passing"}));
  SPIND_TRY(space.put("/note", "inline"));
  SPIND_TRY(space.put("/paper", content(round, 30'000)));
  SPIND_TRY(store.destroy_vault(who.tenant));
  const Result<std::string> read = space.get("/note");
  if (read.code() == Code::key_unavailable) return {};
  return Error{.code = Code::corruption, .text = "what was destroyed answers"};
}

Status open_again(const Space& space) {
  SPIND_TRY_ASSIGN(const SpaceInfo info, space.info());
  if (info.state == SpaceStatus::disabled) SPIND_TRY(space.enable());
  return {};
}

}  // namespace

Result<Space> forgetful_space(const Session& session) {
  constexpr const char* kForgetfulSpace = "forgetful";
  Result<Space> space = session.space_by_alias(kForgetfulSpace);
  if (space.code() != Code::not_found) return space;
  SpaceOptions options{.alias = kForgetfulSpace};
  options.floor = {INT64_MAX, 8};
  return session.create_space(options);
}

Status let_go(const Space& forgetful, std::uint64_t round) {
  const std::string folder = "/" + std::to_string(round % 3);
  for (const std::uint64_t size_bytes : {40'000u, 100u, 50'000u}) {
    const std::string bytes = content(round, size_bytes);
    SPIND_TRY(forgetful.put(folder + "/deep/file", bytes, {.make_parents = true}));
    SPIND_TRY(forgetful.put("/kept", bytes));
  }
  SPIND_TRY_ASSIGN(const Written kept, forgetful.put("/kept", "now"));
  SPIND_TRY(forgetful.remove_version("/kept", kept.version - 1));
  SPIND_TRY(forgetful.remove_version("/kept", kept.version - 2));
  SPIND_TRY(forgetful.remove_version("/kept", kept.version - 3));
  SPIND_TRY_ASSIGN(const Written removed, forgetful.remove(folder));
  if (round % 5 == 0) SPIND_TRY(forgetful.rewind({.entry = removed.entry - 3}));
  if (round % 5 == 0) SPIND_TRY(forgetful.rewind({.entry = removed.entry}));
  SPIND_TRY(forgetful.purge(Ref::node(removed.node)));
  return {};
}

Result<Space> desk_space(const Session& session) {
  constexpr const char* kDeskSpace = "desk";
  Result<Space> space = session.space_by_alias(kDeskSpace);
  if (space.code() != Code::not_found) return space;
  SpaceOptions options{.alias = kDeskSpace};
  options.vault = VaultRule::own;
  options.floor = {INT64_MAX, 60};
  options.versions = {.thinning = Thinning::count_and_age, .count_max = 3};
  return session.create_space(options);
}

Status tidy_desk(const Session& session, const Space& desk, const Space& source,
                 std::uint64_t round) {
  SPIND_TRY(open_again(desk));
  SPIND_TRY(discard_held(desk));
  SPIND_TRY(handle_upload(desk, round));
  SPIND_TRY(handle_trash(desk, round));
  SPIND_TRY(handle_versions(session, desk, round));
  SPIND_TRY(copy_here(desk, source, round));
  if (round % 4 == 3) SPIND_TRY(close_and_open(desk));
  return {};
}

Status discard_held(const Space& space) {
  SPIND_TRY_ASSIGN(const PageOf<UploadInfo> uploads, space.uploads());
  for (const UploadInfo& upload : uploads.items)
    if (upload.state != UploadState::receiving) SPIND_TRY(space.abort_upload(upload.id));
  return {};
}

Status come_and_go(const Session& session, std::uint64_t round, std::uint64_t file_bytes) {
  SpaceOptions options;
  options.floor.keep_ns = 0;
  options.trash.keep_ns = 0;
  options.versions = {.thinning = Thinning::count_and_age, .count_max = 1};
  SPIND_TRY_ASSIGN(const Space space, session.create_space(options));
  for (std::uint64_t i = 0; i < 20; ++i)
    SPIND_TRY(
        space.put("/file " + std::to_string(i % 3), content(round + i, i % 2 * file_bytes + 9)));
  SPIND_TRY(space.remove("/file 1"));
  if (round % 2 == 0) SPIND_TRY(space.thin_versions());
  SPIND_TRY(space.disable());
  SPIND_TRY(space.purge());
  return {};
}

Status look_after(const Store& store) {
  constexpr std::uint64_t kScrubbedBytes = 1 << 20;
  SPIND_TRY(store.collect(
      {.grace = std::chrono::seconds(0), .rewrite_below_percent = 80, .rewrite_rate_bytes = 0}));
  ScrubOptions options;
  options.progress = [](const Progress& progress) { return progress.done < kScrubbedBytes; };
  const Result<ScrubReport> scrubbed = store.scrub(options);
  if (!scrubbed.ok() && scrubbed.code() != Code::cancelled) return scrubbed.error();
  if (scrubbed.ok() && scrubbed->findings_total + scrubbed->findings_before != 0)
    return Error{.code = Code::corruption, .text = "a scrub found damage"};
  return {};
}

Status change_keys(const Store& store, const std::string& key_file, std::uint64_t round) {
  // Of a store that was made without keys; no other has anything to be done.
  const auto encrypted = store.encrypt_vault("default");
  if (!encrypted.ok() && encrypted.code() != Code::not_found) return encrypted.error();
  if (round % 4 == 0) {
    SPIND_TRY(add_key(key_file));
    SPIND_TRY(store.rewrap_vaults());
  }
  if (round % 4 == 1) {
    const auto rotated = store.rotate_vault("default", {.data_key = true});
    if (!rotated.ok() && rotated.code() != Code::not_found) return rotated.error();
  }
  if (round % 4 == 2) {
    const auto resealed = store.reseal_vault("default");
    if (!resealed.ok() && resealed.code() != Code::not_found) return resealed.error();
  }
  if (round % 16 == 3) SPIND_TRY(destroy_a_tenant(store, round));
  return {};
}

}  // namespace spind::test
