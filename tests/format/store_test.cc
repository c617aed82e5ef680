// Whole small stores, as they were written then, open and read today.
#include <doctest/doctest.h>

#include <fstream>

#include "format/golden.h"
#include "spind/store.h"
#include "support/harness.h"

namespace spind::test {
namespace {

const StoreOptions kOptions{
    .create = false, .memory_bytes = 64ull << 20, .free_space_reserve_bytes = 1 << 20};

// Bytes that do not repeat, so that pieces differ.
std::string content(std::size_t size_bytes) {
  std::string out(size_bytes, '\0');
  std::uint32_t state = 12345;
  for (char& byte : out) {
    state = state * 1664525 + 1013904223;
    byte = static_cast<char>(state >> 24);
  }
  return out;
}

constexpr std::size_t kObjectBytes = (1 << 20) + 1000;  // too large for a pack

// What both stores hold: two spaces, and in the first one what is inline, packed and empty, an
// earlier version, a removed folder and a moved one.
Space write_tree(const Session& ada) {
  const Space space = ada.create_space({.alias = "ada", .names = NameRule::folded}).value();
  space.put("/inline.txt", "first", {.mtime_ns = 1}).value();
  space.put("/inline.txt", "second", {.mtime_ns = 2}).value();
  space.put("/a/b/packed.bin", content(40'000), {.make_parents = true}).value();
  space.put("/empty", "").value();
  space.make_folder("/removed").value();
  space.put("/removed/gone.txt", "gone").value();
  space.remove("/removed").value();
  space.move("/a/b", "/moved").value();
  ada.create_space({.kind = SpaceKind::project, .alias = "maths"}).value();
  return space;
}

// And in the second one also an object, a request that had nothing to do, and a piece that two
// spaces share.
void write_more(const Session& ada, const Space& space) {
  space.put("/object.bin", content(40'001)).value();
  space.put("/object.bin", content(kObjectBytes)).value();
  space.make_folder("/moved", {.exist_ok = true, .request_id = "moved-7"}).value();
  const Space maths = ada.space_by_alias("maths").value();
  maths.put("/numbers.txt", "1 2 3").value();
  maths.put("/shared.bin", content(40'000)).value();
}

enum class Golden { store_1, store_2 };

void write_store(const std::string& folder, Golden which) {
  StoreOptions options = kOptions;
  options.create = true;
  Store store = Store::open(folder, options).value();
  const Session ada = store.session({.user = "ada", .tenant = "school-12"}).value();
  const Space space = write_tree(ada);
  if (which == Golden::store_2) write_more(ada, space);
}

// A copy of a store that was written so, without the folder's info logs, when there was nothing but
// spaces, files and their versions: store-1 by one of the first libraries of format 1, store-2 by
// the last one that had no other verbs.
struct Earlier {
  explicit Earlier(Golden which) : store(open_copy(which)) {}

  Store open_copy(Golden which) const {
    const auto golden = golden_folder() / (which == Golden::store_1 ? "store-1" : "store-2");
    if (!std::filesystem::exists(golden) && may_write_golden()) write_store(golden.string(), which);
    REQUIRE(std::filesystem::exists(golden));
    const auto copied = folder.path() / "store";
    std::filesystem::copy(golden, copied, std::filesystem::copy_options::recursive);
    return Store::open(copied.string(), kOptions).value();
  }

  std::uint64_t findings() { return store.check({.read_content = true}).value().findings_total; }

  TemporaryFolder folder;
  Store store;
  Session ada = store.session({.user = "ada", .tenant = "school-12"}).value();
  Space space = ada.space_by_alias("ada").value();
};

struct Earlier1 : Earlier {
  Earlier1() : Earlier(Golden::store_1) {}
};
struct Earlier2 : Earlier {
  Earlier2() : Earlier(Golden::store_2) {}
};

TEST_CASE_TEMPLATE("format: a store of format 1 opens, reads and checks clean", From, Earlier1,
                   Earlier2) {
  From earlier;
  const Space& space = earlier.space;
  CHECK(space.get("/inline.txt").value() == "second");
  CHECK(space.get("/inline.txt", {.version = 1}).value() == "first");
  CHECK(space.get("/moved/packed.bin").value() == content(40'000));
  CHECK(space.get("/empty").value().empty());
  CHECK(space.stat("/removed").code() == Code::not_found);
  CHECK(space.make_folder("/MOVED").code() == Code::already_exists);
  CHECK(space.versions("/inline.txt").value().items.size() == 2);
  // Its row does not say who and when; the journal does.
  const std::vector<TrashItem> trash = space.trash().value().items;
  REQUIRE(trash.size() == 1);
  CHECK(trash[0].path == "/removed");
  CHECK(trash[0].removed_by == "ada");
  CHECK(trash[0].removed_ns > 0);
  CHECK(earlier.ada.space_by_alias("maths").ok());
  CHECK(earlier.findings() == 0);
  CHECK(space.restore(Ref::node(trash[0].node.id)).ok());
  CHECK(space.get("/removed/gone.txt").value() == "gone");
  CHECK(space.remove_version("/inline.txt", 1).ok());
  CHECK(earlier.findings() == 0);
}

TEST_CASE_FIXTURE(Earlier2, "format: objects, shared pieces and remembered requests of format 1") {
  CHECK(space.get("/object.bin").value() == content(kObjectBytes));
  CHECK(space.get("/object.bin", {.version = 1}).value() == content(40'001));
  const Space maths = ada.space_by_alias("maths").value();
  CHECK(maths.get("/numbers.txt").value() == "1 2 3");
  CHECK(maths.get("/shared.bin").value() == content(40'000));
  const Written again =
      space.make_folder("/moved", {.exist_ok = true, .request_id = "moved-7"}).value();
  CHECK(again.repeated);
  CHECK(again.entry == 0);
  CHECK(again.node == space.stat("/moved").value().id);
  CHECK(space.remove("/moved", {.request_id = "moved-7"}).code() == Code::conflict);
  // It is an entry like any other to those who undo and rewind, and nothing to those who follow.
  const EntryNumber last = space.info()->entry;
  CHECK(space.info()->visible == last - 1);
  CHECK(space.at({.entry = last - 1}).value().stat("/moved").ok());
  CHECK(space.changes(space.cursor_after(last - 1).value()).value().events.empty());
  REQUIRE(space.remove("/moved").ok());
  REQUIRE(space.rewind({.entry = last - 2}).ok());
  CHECK(space.get("/object.bin").value() == content(40'001));
  CHECK(space.stat("/moved").ok());
  CHECK(findings() == 0);
}

TEST_CASE_TEMPLATE("format: a store of format 1 does all that came later", From, Earlier1,
                   Earlier2) {
  From earlier;
  const Store& store = earlier.store;
  const Space& space = earlier.space;
  const EntryNumber last = space.info()->entry;
  CHECK(space.at({.entry = 2}).value().get("/inline.txt").value() == "first");
  REQUIRE(space.copy("/moved", "/copied").ok());
  REQUIRE(space.set_properties("/inline.txt", {{"colour", "red"}}).ok());
  REQUIRE(space.set_favourite("/inline.txt", true).ok());
  const UploadId upload = space.start_upload("/uploaded", 3).value().id;
  REQUIRE(space.append_upload(upload, 0, "abc").ok());
  REQUIRE(space.finish_upload(upload).ok());
  REQUIRE(space.restore_version("/inline.txt", 1).ok());
  CHECK(store.scrub().value().findings_total == 0);
  CHECK(earlier.findings() == 0);
  REQUIRE(space.rewind({.entry = last}).ok());
  CHECK(space.get("/inline.txt").value() == "second");
  CHECK(space.stat("/copied").code() == Code::not_found);
  CHECK(earlier.findings() == 0);

  SpaceChange policies;
  policies.trash = TrashPolicy{0};
  policies.versions = VersionPolicy{.thinning = Thinning::count_and_age, .count_max = 1};
  REQUIRE(space.update(policies).ok());
  REQUIRE(store.collect({.forget = space.id()}).ok());
  CHECK(space.trash().value().items.empty());
  CHECK(space.at({.entry = last}).code() == Code::cursor_too_old);
  CHECK(earlier.findings() == 0);
  const Space maths = earlier.ada.space_by_alias("maths").value();
  REQUIRE(maths.disable().ok());
  REQUIRE(maths.purge().ok());
  REQUIRE(store.collect({.forget = maths.id()}).ok());
  CHECK(earlier.ada.space_by_alias("maths").code() == Code::not_found);
  CHECK(earlier.findings() == 0);
}

std::string format_file(const std::string& store) {
  std::ifstream in(store + "/FORMAT");
  return std::string(std::istreambuf_iterator<char>(in), {});
}

// What was stored before lies beside what is stored now, in the same packs.
TEST_CASE_TEMPLATE("format: a store of format 1 becomes one of format 2 and keeps both kinds", From,
                   Earlier1, Earlier2) {
  From earlier;
  const Space& space = earlier.space;
  CHECK(format_file(earlier.folder / "store") == "spind store\nformat 2\n");
  const std::string prose = [] {
    std::string text;
    while (text.size() < 300'000) text += std::to_string(text.size()) + " Zeilen\n";
    return text;
  }();
  REQUIRE(space.put("/prose.txt", prose).ok());
  REQUIRE(space.put("/new object.txt", prose + prose + prose + prose).ok());
  REQUIRE(space.put("/again.bin", content(40'000)).ok());  // shared with what was there
  REQUIRE(earlier.store.close().ok());
  earlier.store = Store::open(earlier.folder / "store", kOptions).value();
  const Space again = earlier.store.session({.user = "ada", .tenant = "school-12"})
                          .value()
                          .space_by_alias("ada")
                          .value();
  CHECK(again.get("/prose.txt").value() == prose);
  CHECK(again.get("/new object.txt").value().size() == 4 * prose.size());
  CHECK(again.get("/again.bin").value() == content(40'000));
  CHECK(earlier.findings() == 0);
  CHECK(earlier.store.scrub().value().findings_total == 0);
  REQUIRE(again.remove("/moved").ok());
  REQUIRE(again.remove("/again.bin").ok());
  REQUIRE(again.empty_trash().ok());
  REQUIRE(earlier.store.collect({.grace = std::chrono::seconds(0), .forget = again.id()}).ok());
  CHECK(again.get("/prose.txt").value() == prose);
  CHECK(earlier.findings() == 0);
}

TEST_CASE("format: a store of another format is refused, and the text says what to do") {
  const TemporaryFolder folder;
  write_store(folder / "store", Golden::store_1);
  std::ofstream(folder / "store/FORMAT") << "spind store\nformat 99\n";
  const auto opened = Store::open(folder / "store", kOptions);
  REQUIRE(opened.code() == Code::unsupported);
  CHECK(opened.error().text.find("format 99") != std::string::npos);
  std::ofstream(folder / "store/FORMAT") << "something else\n";
  CHECK(Store::open(folder / "store", kOptions).code() == Code::corruption);
}

}  // namespace
}  // namespace spind::test
