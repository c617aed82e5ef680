#include "blob/layer/mirror_journal.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>

#include "support/harness.h"
#include "unit/blob/faulty_files.h"

namespace spind {
namespace {

using test::FaultyFiles;
using test::FileCall;
using Kind = MirrorChangeKind;

const std::vector<std::string> kBackends = {"north", "south"};

struct Journaled {
  Result<std::unique_ptr<MirrorJournal>> try_open() {
    journal.reset();
    return MirrorJournal::open(files, folder / "mirror", kBackends, notes_max);
  }
  void open() { journal = try_open().value(); }
  std::string file() const {
    std::ifstream in(folder / "mirror/journal", std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void write_file(const std::string& bytes) const {
    std::ofstream(folder / "mirror/journal", std::ios::binary) << bytes;
  }
  // "north:-a south:+b" is: north lacks a, south holds b though it was removed; "!" is behind.
  std::string told() const {
    return journal->look([](const MirrorState& state) {
      std::string text;
      for (const auto& [name, backend] : state.backends()) {
        text += name + ":" + (backend.behind ? "!" : "");
        for (const auto& [blob, note] : backend.notes) text += (note.lingering ? '+' : '-') + blob;
        text += ' ';
      }
      return text;
    });
  }
  test::TemporaryFolder folder;
  FaultyFiles files;
  std::size_t notes_max = 1000;
  std::unique_ptr<MirrorJournal> journal;
};

TEST_CASE(
    "mirror journal: what was noted is there after a restart, the last word about each name") {
  Journaled j;
  j.open();
  CHECK(j.told() == "north: south: ");
  REQUIRE(
      j.journal->apply({{Kind::missing, "north", "a", 7}, {Kind::missing, "south", "b", 8}}).ok());
  REQUIRE(j.journal->apply({{Kind::lingering, "south", "b"}}).ok());
  REQUIRE(j.journal->apply({{Kind::missing, "south", "c", 1}}).ok());
  REQUIRE(j.journal->apply({{Kind::even, "south", "c"}}).ok());
  for (int i = 0; i < 3; ++i) {
    CHECK(j.told() == "north:-a south:+b ");
    j.journal->look([](const MirrorState& state) {
      CHECK(state.find("north")->missing_bytes == 7);
      CHECK(state.find("south")->missing_bytes == 0);
      CHECK(state.find("south")->lingering == 1);
      return 0;
    });
    j.open();
  }
  REQUIRE(j.journal->apply({{Kind::behind, "south"}}).ok());
  j.open();
  CHECK(j.told() == "north:-a south:! ");
  REQUIRE(j.journal->apply({{Kind::in_step, "south"}}).ok());
  j.open();
  CHECK(j.told() == "north:-a south: ");
}

TEST_CASE("mirror journal: an end that was torn was told to nobody, and costs nothing before it") {
  Journaled j;
  j.open();
  REQUIRE(j.journal->apply({{Kind::missing, "north", "a", 7}}).ok());
  const std::string before = j.file();
  REQUIRE(j.journal->apply({{Kind::lingering, "south", "some/longer/name"}}).ok());
  const std::string after = j.file();
  REQUIRE(after.size() > before.size());
  for (std::size_t size = before.size(); size < after.size(); ++size) {
    for (const std::size_t zeros : {std::size_t{0}, after.size() - size}) {
      CAPTURE(size);
      j.journal.reset();
      j.write_file(after.substr(0, size) + std::string(zeros, '\0'));
      j.open();
      CHECK(j.told() == "north:-a south: ");
    }
  }
  j.journal.reset();
  j.write_file(after);
  j.open();
  CHECK(j.told() == "north:-a south:+some/longer/name ");
}

TEST_CASE("mirror journal: damage before its end is said, whatever it is") {
  Journaled j;
  j.open();
  REQUIRE(j.journal->apply({{Kind::missing, "north", "a", 7}}).ok());
  j.open();  // so it was written anew
  REQUIRE(j.journal->apply({{Kind::missing, "north", "b", 7}}).ok());
  const std::string whole = j.file();
  REQUIRE(j.journal->apply({{Kind::missing, "north", "c", 7}}).ok());
  const std::string bytes = j.file();
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const char bit : {'\x01', '\x10', '\x80'}) {
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(damaged[at] ^ bit);
      j.write_file(damaged);
      CHECK(j.try_open().code() == Code::corruption);
    }
  }
}

TEST_CASE(
    "mirror journal: a change that fails at any call is not made, and one that is made stays") {
  for (int fail_at = 0; fail_at < 12; ++fail_at) {
    for (const bool once : {true, false}) {
      CAPTURE(fail_at);
      Journaled j;
      j.open();
      REQUIRE(j.journal->apply({{Kind::missing, "north", "a", 7}}).ok());
      int calls = 0;
      j.files.set([&](FileCall, const std::string&) -> std::optional<Error> {
        const int call = calls++;
        if (once ? call != fail_at : call < fail_at) return std::nullopt;
        return Error{Code::io_error, "the device fails"};
      });
      std::string expected = "north:-a";
      for (const std::string name : {"b", "c"}) {
        if (j.journal->apply({{Kind::missing, "north", name, 7}}).ok()) expected += "-" + name;
      }
      expected += " south: ";
      CHECK(j.told() == expected);
      j.files.set(nullptr);
      REQUIRE(j.journal->apply({{Kind::missing, "south", "d", 7}}).ok());
      expected.insert(expected.size() - 1, "-d");
      CHECK(j.told() == expected);
      j.open();
      CHECK(j.told() == expected);
    }
  }
}

TEST_CASE("mirror journal: it is written anew before it is mostly of no use") {
  Journaled j;
  j.open();
  const std::string name(200, 'n');
  std::uintmax_t longest = 0;
  std::vector<MirrorChange> many;
  for (int i = 0; i < 50; ++i) many.push_back({Kind::missing, "north", name, 7});
  for (int i = 0; i < 300; ++i) {
    REQUIRE(j.journal->apply(many).ok());
    longest = std::max(longest, std::filesystem::file_size(j.folder / "mirror/journal"));
  }
  CHECK(longest > 1'000'000);
  CHECK(longest < 1'100'000);
  CHECK(j.told() == "north:-" + name + " south: ");
  j.open();
  CHECK(j.told() == "north:-" + name + " south: ");
}

TEST_CASE("mirror journal: more notes than allowed make a backend behind, but never the last one") {
  Journaled j;
  j.notes_max = 2;
  j.open();
  REQUIRE(
      j.journal->apply({{Kind::missing, "north", "a", 1}, {Kind::missing, "south", "a", 1}}).ok());
  REQUIRE(
      j.journal->apply({{Kind::missing, "north", "b", 1}, {Kind::missing, "south", "b", 1}}).ok());
  const Status both =
      j.journal->apply({{Kind::missing, "north", "c", 1}, {Kind::missing, "south", "c", 1}});
  CHECK(both.code() == Code::unavailable);
  CHECK(j.told() == "north:-a-b south:-a-b ");
  REQUIRE(
      j.journal->apply({{Kind::lingering, "north", "b"}}).ok());  // of one that has a note already
  REQUIRE(j.journal->apply({{Kind::lingering, "north", "c"}}).ok());
  CHECK(j.told() == "north:! south:-a-b ");
  CHECK(j.journal->apply({{Kind::missing, "south", "c", 1}}).code() == Code::unavailable);
  REQUIRE(j.journal->apply({{Kind::even, "south", "a"}}).ok());
  REQUIRE(j.journal->apply({{Kind::missing, "south", "c", 1}}).ok());
  CHECK(j.told() == "north:! south:-b-c ");
}

TEST_CASE("mirror journal: names that clash with what is noted are known") {
  MirrorState state;
  state.apply({Kind::joined, "north"});
  state.apply({Kind::missing, "north", "a/b", 1});
  state.apply({Kind::lingering, "north", "c"});
  CHECK(state.clashes("a", false));
  CHECK(state.clashes("a/b/c/d", false));
  CHECK(!state.clashes("a/b", false));
  CHECK(!state.clashes("a-", false));
  CHECK(!state.clashes("c/d", false));
  CHECK(state.clashes("c/d", true));
}

}  // namespace
}  // namespace spind
