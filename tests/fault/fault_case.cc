#include "fault/fault_case.h"

#include <algorithm>
#include <fstream>
#include <stdexcept>

#include "base/try.h"
#include "support/store/content.h"
#include "support/store/feed.h"
#include "support/store/request.h"
#include "support/store/sample.h"

namespace spind::test {
namespace {

constexpr std::uint64_t kPieces = (8 << 20) + 1;  // two objects

// A case that makes one request of the space.
FaultCase on_space(std::string name, Request request) {
  const bool changing = changes(request.verb);
  const auto ask = [request = std::move(request)](TestStore& store) -> Status {
    SPIND_TRY_ASSIGN(const Session session, store.store().session({.user = "ada"}));
    SPIND_TRY_ASSIGN(const Space space, session.space_by_alias("faults"));
    Answer answer = run(space, request);
    if (answer.code != Code::ok) return Error{.code = answer.code, .text = answer.text};
    return {};
  };
  return {std::move(name), ask, changing};
}

FaultCase put(std::string name, const char* path, std::uint64_t size_bytes, Verb verb = Verb::put) {
  Request request{.verb = verb, .ref = path, .content_seed = 77, .size_bytes = size_bytes};
  request.options.make_parents = true;
  return on_space(std::move(name), request);
}

constexpr std::uint64_t kStreamed = 78;  // seed of the two below

Status put_stream(TestStore& store) {
  SPIND_TRY_ASSIGN(const Session session, store.store().session({.user = "ada"}));
  SPIND_TRY_ASSIGN(const Space space, session.space_by_alias("faults"));
  const std::string bytes = content(kStreamed, kObject);
  std::size_t given = 0;
  const auto source = [&](std::span<std::uint8_t> out) -> Result<std::size_t> {
    const std::size_t count = std::min({out.size(), bytes.size() - given, std::size_t{100'000}});
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(given), count, out.begin());
    given += count;
    return count;
  };
  SPIND_TRY(space.put_stream("/new/stream", source, {.make_parents = true}));
  return {};
}

std::string local_file_beside(const TestStore& store) { return store.folder() + ".local"; }

void make_local_file(TestStore& store) {
  std::ofstream(local_file_beside(store), std::ios::binary) << content(kStreamed, kObject);
}

Status put_local_file(TestStore& store) {
  SPIND_TRY_ASSIGN(const Session session, store.store().session({.user = "ada"}));
  SPIND_TRY_ASSIGN(const Space space, session.space_by_alias("faults"));
  SPIND_TRY(space.put_local_file("/new/local", local_file_beside(store),
                                 {.mtime_ns = 5, .make_parents = true}));
  return {};
}

Status reopen(TestStore& store) {
  store.close();
  return store.open();
}

Status create_space(TestStore& store) {
  SPIND_TRY_ASSIGN(const Session session, store.store().session({.user = "ada"}));
  Result<Space> made = session.create_space({.alias = "made"});
  if (made.code() == Code::already_exists) return {};  // by an earlier try
  if (!made.ok()) return std::move(made).error();
  return {};
}

Status update_space(TestStore& store) {
  SPIND_TRY_ASSIGN(const Session session, store.store().session({.user = "ada"}));
  SPIND_TRY_ASSIGN(const Space space, session.space_by_alias("faults"));
  SPIND_TRY(space.update({.description = "changed"}));
  return {};
}

Status list_spaces(TestStore& store) {
  SPIND_TRY_ASSIGN(const Session session, store.store().session({.user = "ada"}));
  SPIND_TRY_ASSIGN(const PageOf<SpaceInfo> page, session.list_spaces());
  if (page.items.empty()) return Error{.code = Code::corruption, .text = "no space is listed"};
  return {};
}

// Follows the space from the beginning, as far as it goes.
Status follow(TestStore& store) {
  SPIND_TRY_ASSIGN(const Session session, store.store().session({.user = "ada"}));
  SPIND_TRY_ASSIGN(const Space space, session.space_by_alias("faults"));
  std::string cursor;
  SPIND_TRY_ASSIGN(const auto events, read_feed(space, cursor, 2));
  if (events.size() < 7) return Error{.code = Code::corruption, .text = "an event is missing"};
  SPIND_TRY(space.cursor_now());
  SPIND_TRY(space.cursor_after(3));
  return {};
}

Status wait(TestStore& store) {
  SPIND_TRY_ASSIGN(const Session session, store.store().session({.user = "ada"}));
  SPIND_TRY_ASSIGN(const Space space, session.space_by_alias("faults"));
  SPIND_TRY_ASSIGN(const RootVersion now, space.root_version());
  SPIND_TRY(space.wait(now.number - 1, std::chrono::milliseconds(0)));
  SPIND_TRY(space.watch(now.number));
  return {};
}

Status check(TestStore& store) {
  SPIND_TRY_ASSIGN(const CheckReport report, store.store().check({.read_content = true}));
  // A byte that cannot be read is a finding, and no reason to end the check.
  if (report.findings_total != 0)
    return Error{.code = Code::io_error, .text = report.findings.front().text};
  return {};
}

Status scrub(TestStore& store) {
  SPIND_TRY_ASSIGN(const ScrubReport report, store.store().scrub());
  if (report.findings_total != 0)
    return Error{.code = Code::io_error, .text = report.findings.front().text};
  return {};
}

Status collect(TestStore& store) {
  SPIND_TRY(store.store().collect({.grace = std::chrono::seconds(0)}));
  return {};
}

// Lets go of something of each kind that the floor keeps.
void let_go(TestStore& store) {
  const Space space = store.space("faults");
  const auto must = [](const auto& result) {
    if (!result.ok()) throw std::runtime_error(result.error().to_string());
  };
  const Written deep = run(space, {.verb = Verb::put,
                                   .ref = "/gone again/a/b",
                                   .content_seed = 9,
                                   .size_bytes = kPacked,
                                   .options = {.make_parents = true, .request_id = "deep"}})
                           .written;
  must(space.remove_version("/folder/old", 1));
  must(space.remove_version("/folder/old", 2));
  must(space.empty_trash());
  must(space.rewind({.entry = deep.entry}));
  must(space.rewind({.entry = deep.entry + 3}));
  must(space.purge(Ref::node(space.remove("/gone again").value().node)));
}

Status forget(TestStore& store) {
  SPIND_TRY_ASSIGN(const Session session, store.store().session({.user = "ada"}));
  SPIND_TRY_ASSIGN(const Space space, session.space_by_alias("faults"));
  CollectOptions options{.grace = std::chrono::seconds(0)};
  options.forget = space.id();
  SPIND_TRY(store.store().collect(options));
  SPIND_TRY_ASSIGN(const SpaceInfo info, space.info());
  if (info.floor != info.entry)
    return Error{.code = Code::corruption, .text = "the floor did not move"};
  return {};
}

// Does something with the item of the trash that lies above the others; nothing if an earlier try
// did it.
FaultCase on_trash(std::string name, std::function<Status(const Space&, const Ref&)> change) {
  const auto run = [change = std::move(change)](TestStore& store) -> Status {
    SPIND_TRY_ASSIGN(const Session session, store.store().session({.user = "ada"}));
    SPIND_TRY_ASSIGN(const Space space, session.space_by_alias("faults"));
    SPIND_TRY_ASSIGN(const PageOf<TrashItem> page, space.trash({.count_max = 1}));
    return page.items.empty() ? Status() : change(space, Ref::node(page.items.front().node.id));
  };
  return {std::move(name), run};
}

Status empty_trash(TestStore& store) {
  SPIND_TRY_ASSIGN(const Session session, store.store().session({.user = "ada"}));
  SPIND_TRY_ASSIGN(const Space space, session.space_by_alias("faults"));
  SPIND_TRY(space.empty_trash());
  return {};
}

// So that each of them has one thing to drop.
void keep_one_version(TestStore& store) {
  const Space space = store.space("faults");
  const VersionPolicy policy{.thinning = Thinning::count_and_age, .count_max = 1};
  if (!space.update({.versions = policy}).ok()) throw std::runtime_error("no version policy");
}

void keep_no_trash(TestStore& store) {
  const Space space = store.space("faults");
  if (!space.update({.trash = TrashPolicy{0}}).ok()) throw std::runtime_error("no trash policy");
}

// Opened anew, since a sweep that waited has set the clocks apart, and age would say nothing.
Status collect_old_trash(TestStore& store) {
  SPIND_TRY(reopen(store));
  return collect(store);
}

Status thin_versions(TestStore& store) {
  SPIND_TRY_ASSIGN(const Session session, store.store().session({.user = "ada"}));
  SPIND_TRY_ASSIGN(const Space space, session.space_by_alias("faults"));
  SPIND_TRY(space.thin_versions());
  return {};
}

// Nothing if an earlier try did it.
Status purge_space(TestStore& store) {
  SPIND_TRY_ASSIGN(const Session session, store.store().session({.user = "ada"}));
  const Result<Space> space = session.space_by_alias("disabled");
  if (space.code() == Code::not_found) return {};
  if (!space.ok()) return space.error();
  SPIND_TRY(space->purge());
  if (session.space(space->id()).code() != Code::not_found)
    return Error{.code = Code::corruption, .text = "a purged space is found"};
  return {};
}

// Its floor has passed all of it when something is collected.
void purge_another_space(TestStore& store) {
  const auto must = [](const auto& result) {
    if (!result.ok()) throw std::runtime_error(result.error().to_string());
  };
  SpaceOptions going{.alias = "going"};
  going.floor.keep_ns = 0;
  const Space space = store.session().create_space(going).value();
  for (const auto& [path, size_bytes] : {std::pair{"/a", kPacked + 9}, {"/b", std::uint64_t{30}}})
    must(space.put(path, content(11, size_bytes)));
  must(space.remove("/b"));
  must(space.disable());
  must(space.purge());
}

Status look_back(TestStore& store) {
  SPIND_TRY_ASSIGN(const Session session, store.store().session({.user = "ada"}));
  SPIND_TRY_ASSIGN(const Space space, session.space_by_alias("faults"));
  SPIND_TRY_ASSIGN(const Space past, space.at({.entry = 5}));
  SPIND_TRY_ASSIGN(const std::string old, past.get("/folder/old"));
  if (old != content(4, kPacked + 1))
    return Error{.code = Code::corruption, .text = "the past is another one"};
  return {};
}

Status tagged(TestStore& store) {
  SPIND_TRY_ASSIGN(const Session session, store.store().session({.user = "ada"}));
  SPIND_TRY_ASSIGN(const Space space, session.space_by_alias("faults"));
  SPIND_TRY_ASSIGN(const Page page, space.tagged("old"));
  if (page.items.size() != 1) return Error{.code = Code::corruption, .text = "a tag is missing"};
  return {};
}

Status set_favourite(TestStore& store) {
  SPIND_TRY_ASSIGN(const Session session, store.store().session({.user = "ada"}));
  SPIND_TRY_ASSIGN(const Space space, session.space_by_alias("faults"));
  SPIND_TRY(space.set_favourite("/folder/inline", true));
  return space.set_favourite("/other/file", false);
}

Status favourites(TestStore& store) {
  SPIND_TRY_ASSIGN(const Session session, store.store().session({.user = "ada"}));
  SPIND_TRY_ASSIGN(const PageOf<Favourite> page, session.favourites());
  if (page.items.empty()) return Error{.code = Code::corruption, .text = "a favourite is missing"};
  return {};
}

// Of a space of its own, since the others are looked at through theirs.
Status disable_and_enable(TestStore& store) {
  SPIND_TRY_ASSIGN(const Session session, store.store().session({.user = "ada"}));
  SPIND_TRY_ASSIGN(const Space space, session.space_by_alias("disabled"));
  SPIND_TRY(space.enable());
  SPIND_TRY(space.stat("/"));
  SPIND_TRY(space.disable());
  if (space.stat("/").code() == Code::ok)
    return Error{.code = Code::corruption, .text = "a disabled space answers"};
  return {};
}

Status rewind(TestStore& store) {
  SPIND_TRY_ASSIGN(const Session session, store.store().session({.user = "ada"}));
  SPIND_TRY_ASSIGN(const Space space, session.space_by_alias("faults"));
  SPIND_TRY(space.rewind({.entry = 3}));
  return {};
}

FaultCase copy(std::string name, const char* from, const char* to, bool takes_ids) {
  Request request{.verb = Verb::copy, .ref = from, .to = to, .on_conflict = OnConflict::replace};
  request.options.make_parents = true;
  FaultCase fault_case = on_space(std::move(name), request);
  fault_case.takes_ids = takes_ids;
  return fault_case;
}

// From the other space that there is, so that the vault has to be told of what is shared.
Status copy_from(TestStore& store) {
  SPIND_TRY_ASSIGN(const Session session, store.store().session({.user = "ada"}));
  SPIND_TRY_ASSIGN(const Space space, session.space_by_alias("faults"));
  SPIND_TRY_ASSIGN(const Space other, session.space_by_alias("others"));
  SPIND_TRY(space.copy_from(other, "/", "/from the other"));
  return {};
}

// Into a vault of its own; with content that is kept in each way.
Status copy_to_another_vault(TestStore& store) {
  SPIND_TRY_ASSIGN(const Session session, store.store().session({.user = "ada"}));
  SPIND_TRY_ASSIGN(const Space space, session.space_by_alias("faults"));
  SpaceOptions options{.alias = "apart"};
  options.vault = VaultRule::own;
  Result<Space> apart = session.space_by_alias("apart");
  if (apart.code() == Code::not_found) apart = session.create_space(options);
  if (!apart.ok()) return apart.error();
  SPIND_TRY(apart->copy_from(space, "/folder", "/copy", {.on_conflict = OnConflict::replace}));
  SPIND_TRY_ASSIGN(const std::string copied, apart->get("/copy/object"));
  SPIND_TRY_ASSIGN(const std::string original, space.get("/folder/object"));
  if (copied == original) return {};
  return Error{.code = Code::corruption, .text = "the copy has other bytes"};
}

// Does something with one of the two uploads, of which the second is complete; nothing if an
// earlier try did it.
FaultCase on_upload(std::string name, std::size_t which,
                    std::function<Status(const Space&, const UploadInfo&)> change) {
  const auto run = [which, change = std::move(change)](TestStore& store) -> Status {
    SPIND_TRY_ASSIGN(const Session session, store.store().session({.user = "ada"}));
    SPIND_TRY_ASSIGN(const Space space, session.space_by_alias("faults"));
    SPIND_TRY_ASSIGN(const PageOf<UploadInfo> page, space.uploads());
    return page.items.size() < 2 ? Status() : change(space, page.items[which]);
  };
  return {std::move(name), run, true};
}

void hold_upload(TestStore& store) {
  const Space space = store.space("faults");
  const UploadId complete = space.uploads().value().items.at(1).id;
  if (!space.finish_upload(complete, {.hold = true}).ok())
    throw std::runtime_error("an upload cannot be held");
}

Status read_upload(const Space& space, const UploadInfo& upload) {
  SPIND_TRY_ASSIGN(Reader reader, space.upload_reader(upload.id, {.inspect = true}));
  std::string bytes;
  std::vector<std::uint8_t> part(15'000);
  for (;;) {
    SPIND_TRY_ASSIGN(const std::size_t count, reader.read(part));
    if (count == 0) break;
    bytes.append(part.begin(), part.begin() + static_cast<std::ptrdiff_t>(count));
  }
  if (bytes != content(10, 40'000))
    return Error{.code = Code::corruption, .text = "an upload came back with other bytes"};
  return {};
}

Status start_upload(TestStore& store) {
  SPIND_TRY_ASSIGN(const Session session, store.store().session({.user = "ada"}));
  SPIND_TRY_ASSIGN(const Space space, session.space_by_alias("faults"));
  SPIND_TRY(space.start_upload("/new/upload", 100, {.make_parents = true}));
  return {};
}

Status list_uploads(TestStore& store) {
  SPIND_TRY_ASSIGN(const Session session, store.store().session({.user = "ada"}));
  SPIND_TRY_ASSIGN(const Space space, session.space_by_alias("faults"));
  SPIND_TRY_ASSIGN(const PageOf<UploadInfo> page, space.uploads());
  if (page.items.size() != 2) return Error{.code = Code::corruption, .text = "uploads are missing"};
  SPIND_TRY(space.upload(page.items.front().id));
  return {};
}

void add_upload_cases(std::vector<FaultCase>& cases) {
  cases.push_back({"start_upload", start_upload});
  cases.push_back({"uploads", list_uploads, false});
  cases.push_back(
      on_upload("append", 0, [](const Space& space, const UploadInfo& upload) -> Status {
        SPIND_TRY(space.append_upload(upload.id, upload.offset, content(9, 1'000)));
        return {};
      }));
  cases.push_back(
      on_upload("append and join", 0, [](const Space& space, const UploadInfo& upload) -> Status {
        SPIND_TRY(space.append_upload(upload.id, upload.offset, content(9, 30'000)));
        return {};
      }));
  cases.push_back(
      on_upload("finish_upload", 1, [](const Space& space, const UploadInfo& upload) -> Status {
        SPIND_TRY(space.finish_upload(upload.id));
        return {};
      }));
  cases.push_back(on_upload("hold", 1, [](const Space& space, const UploadInfo& upload) -> Status {
    SPIND_TRY(space.finish_upload(upload.id, {.hold = true}));
    return {};
  }));
  cases.push_back(
      on_upload("abort_upload", 1, [](const Space& space, const UploadInfo& upload) -> Status {
        SPIND_TRY(space.abort_upload(upload.id));
        return {};
      }));
  const auto held = [&](FaultCase one) -> FaultCase& {
    one.prepare = hold_upload;
    return cases.emplace_back(std::move(one));
  };
  held(on_upload("release_upload", 1, [](const Space& space, const UploadInfo& upload) -> Status {
    SPIND_TRY(space.release_upload(upload.id));
    return {};
  }));
  held(
      on_upload("quarantine_upload", 1, [](const Space& space, const UploadInfo& upload) -> Status {
        SPIND_TRY(space.quarantine_upload(upload.id));
        return {};
      }));
  held(on_upload("upload_reader", 1, read_upload)).changes_space = false;
}

std::vector<FaultCase> make_cases() {
  std::vector<FaultCase> cases = {
      {"open", reopen, false},
      {"create_space", create_space, false},
      {"update_space", update_space, false},
      {"list_spaces", list_spaces, false},
      {"changes", follow, false},
      {"root_version, wait, watch", wait, false},
      {"check", check, false},
      {"scrub", scrub, false},
      {"collect", collect, false},
      put("put inline", "/new/inline", 100),
      put("put packed", "/new/packed", kPacked),
      put("put object", "/new/object", kObject),
      put("writer pieces", "/new/pieces", kPieces, Verb::write),
      {"put_stream", put_stream},
      {"put_local_file", put_local_file, true, make_local_file},
      put("overwrite inline", "/folder/inline", 200),
      put("overwrite object", "/folder/object", kPacked),
  };
  cases.push_back(on_space("stat", {.verb = Verb::stat, .ref = "/folder/inline"}));
  cases.push_back(on_space("path", {.verb = Verb::path, .ref = Ref::node(3)}));
  cases.push_back(on_space("list", {.verb = Verb::list, .ref = "/folder", .page = 2}));
  cases.push_back(on_space("walk", {.verb = Verb::walk}));
  for (const char* file : {"inline", "packed", "object"})
    cases.push_back(
        on_space(std::string("get ") + file,
                 {.verb = Verb::get, .ref = std::string("/folder/") + file, .page = 1}));
  cases.push_back(
      on_space("get earlier version", {.verb = Verb::get, .ref = "/folder/old", .version = 1}));
  Request folder{.verb = Verb::make_folder, .ref = "/new/a/b"};
  folder.options.make_parents = true;
  cases.push_back(on_space("make_folder", folder));
  cases.push_back(on_space("move", {.verb = Verb::move, .ref = "/folder", .to = "/other/folder"}));
  cases.push_back(on_space(
      "move and replace",
      {.verb = Verb::move, .ref = "/folder/inline", .to = "/folder/object", .replace = true}));
  cases.push_back(copy("copy file", "/folder/packed", "/new/packed", false));
  cases.push_back(copy("copy folder", "/folder", "/new/folder", true));
  cases.push_back(copy("copy folder and replace", "/folder", "/other", true));
  cases.push_back({"copy from another space", copy_from, true, {}, true});
  cases.push_back({"copy to another vault", copy_to_another_vault, false});
  cases.push_back(on_space("remove", {.verb = Verb::remove, .ref = "/folder"}));
  cases.push_back(
      on_space("set_mtime", {.verb = Verb::set_mtime, .ref = "/folder/inline", .mtime_ns = 5}));
  cases.push_back(on_space("versions", {.verb = Verb::versions, .ref = "/folder/old", .page = 1}));
  cases.push_back(on_space("restore version of a piece",
                           {.verb = Verb::restore_version, .ref = "/folder/old", .version = 1}));
  cases.push_back(on_space("restore version, inline",
                           {.verb = Verb::restore_version, .ref = "/folder/old", .version = 2}));
  cases.push_back(on_space("remove version",
                           {.verb = Verb::remove_version, .ref = "/folder/old", .version = 1}));
  cases.push_back(on_space("mark version", {.verb = Verb::mark_version,
                                            .ref = "/folder/old",
                                            .version = 1,
                                            .mark = {.pinned = true, .label = "first"}}));
  cases.push_back(on_space("properties", {.verb = Verb::properties, .ref = "/folder/old"}));
  cases.push_back(
      on_space("set_properties", {.verb = Verb::set_properties,
                                  .ref = "/folder/old",
                                  .properties = {{"colour", std::nullopt}, {"tag:new", ""}}}));
  cases.push_back({"tagged", tagged, false});
  cases.push_back({"set_favourite", set_favourite, false});
  cases.push_back({"favourites", favourites, false});
  cases.push_back({"disable, enable", disable_and_enable, false});
  cases.push_back(on_trash("restore", [](const Space& space, const Ref& item) -> Status {
    SPIND_TRY(space.restore(item));
    return {};
  }));
  cases.push_back(
      on_trash("restore and replace", [](const Space& space, const Ref& item) -> Status {
        SPIND_TRY(space.restore(item, {.to = "/other", .on_conflict = OnConflict::replace}));
        return {};
      }));
  cases.push_back(on_trash("restore from below", [](const Space& space, const Ref& item) -> Status {
    SPIND_TRY(space.restore(Ref::below(item.start(), "old"), {.make_parents = true}));
    return {};
  }));
  cases.push_back(on_trash("purge", [](const Space& space, const Ref& item) -> Status {
    SPIND_TRY(space.purge(item));
    return {};
  }));
  cases.push_back({"empty_trash", empty_trash});
  cases.push_back({"thin_versions", thin_versions, true, keep_one_version});
  cases.push_back({"collect and thin", collect, true, keep_one_version});
  cases.push_back({"collect old trash", collect_old_trash, true, keep_no_trash});
  cases.push_back({"purge space", purge_space, false});
  cases.push_back({"collect a purged space", collect, false, purge_another_space});
  cases.push_back({"at", look_back, false});
  cases.push_back({"rewind", rewind, true});
  cases.push_back({"collect and forget", forget, false, let_go});
  add_upload_cases(cases);
  for (FaultCase& one : upkeep_cases()) cases.push_back(std::move(one));
  for (FaultCase& one : keys_cases()) cases.push_back(std::move(one));
  return cases;
}

}  // namespace

const std::vector<FaultCase>& fault_cases() {
  static const std::vector<FaultCase> cases = make_cases();
  return cases;
}

}  // namespace spind::test
