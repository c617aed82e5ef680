// Following a space, and what stands in the way of it.
#include <doctest/doctest.h>

#include <thread>

#include "model/keys.h"
#include "model/records.h"
#include "support/store/test_clock.h"
#include "support/store/test_store.h"

namespace spind::test {
namespace {

// A store whose rows a test can change behind its back.
struct Opened {
  kv::Store* kv = nullptr;
  TestStore store{MetadataEngine::memory, seams()};
  Space space = store.make_space("followed");

  engine::Seams seams() {
    engine::Seams seams;
    seams.open_kv = [this](const engine::KvSetup& setup) {
      auto opened = engine::default_kv(setup);
      if (opened.ok()) kv = opened->get();
      return opened;
    };
    return seams;
  }

  template <class Record, class Decode>
  void change_row(const std::string& key, Decode decode, void (*change)(Record&)) {
    const kv::Answer answer =
        kv->update({model::space_partition(space.id())}, [&](kv::Transaction& rows) {
          Record record = decode(*rows.get(kv::Family::state, key).value()).value();
          change(record);
          rows.put_announced(kv::Family::state, key, model::encode(record));
          return kv::Outcome(kv::Commit{});
        });
    REQUIRE(kv->wait(answer.ticket).ok());
  }
};

}  // namespace

TEST_CASE("bad day: a cursor that was cut, flipped or made for another space is refused") {
  TestStore store(MetadataEngine::memory);
  const Space space = store.make_space("cursors");
  const Space other = store.make_space("other cursors");
  REQUIRE(space.put("/a", "x").ok());
  REQUIRE(other.put("/a", "x").ok());
  const std::string cursor = space.changes("", {.count_max = 1})->cursor;
  const auto refused = [&](const Space& where, const std::string& text) {
    return where.changes(text).code() == Code::invalid_argument;
  };
  for (std::size_t size = 1; size < cursor.size(); ++size)
    CHECK(refused(space, cursor.substr(0, size)));
  for (std::size_t i = 0; i < cursor.size(); ++i) {
    std::string flipped = cursor;
    flipped[i] = flipped[i] == 'A' ? 'B' : 'A';
    CHECK(refused(space, flipped));
  }
  CHECK(refused(space, cursor + "A"));
  CHECK(refused(space, std::string(100'000, 'A')));
  CHECK(refused(space, std::string("\0\xff", 2)));
  CHECK(refused(other, cursor));
  CHECK(refused(space, space.list("/", {.count_max = 1})->next + "A"));
  REQUIRE(space.put("/b", "x").ok());
  CHECK(refused(space, space.list("/", {.count_max = 1})->next));
  CHECK(space.list("/", {.after = cursor}).code() == Code::invalid_argument);
  CHECK(space.changes(cursor).ok());
}

TEST_CASE("bad day: a cursor from before the space was restored is too old") {
  Opened opened;
  const Space& space = opened.space;
  REQUIRE(space.put("/a", "x").ok());
  const std::string before = space.changes("", {.count_max = 1})->cursor;
  const std::uint64_t history = space.root_version()->history;
  opened.change_row<model::SpaceRecord>(model::info_key(space.id()), model::decode_space,
                                        [](model::SpaceRecord& record) { ++record.history; });
  CHECK(space.root_version()->history == history + 1);
  CHECK(space.changes(before).code() == Code::cursor_too_old);
  CHECK(space.changes(space.cursor_now().value()).ok());
}

TEST_CASE("bad day: a cursor from below the floor is too old") {
  Opened opened;
  const Space& space = opened.space;
  for (const char* name : {"/a", "/b", "/c"}) REQUIRE(space.put(name, "x").ok());
  const std::string at_2 = space.cursor_after(2).value();
  const std::string at_3 = space.cursor_after(3).value();
  opened.change_row<model::Head>(model::head_key(space.id()), model::decode_head,
                                 [](model::Head& head) { head.floor = 3; });
  CHECK(space.changes("").code() == Code::cursor_too_old);
  CHECK(space.changes(at_2).code() == Code::cursor_too_old);
  CHECK(space.cursor_after(2).code() == Code::cursor_too_old);
  CHECK(space.changes(at_3)->events.at(0).name == "c");
  CHECK(space.changes(at_2).error().retryable() == false);
}

TEST_CASE("bad day: a journal with a gap or a flipped bit is corruption") {
  Opened opened;
  const Space& space = opened.space;
  for (const char* name : {"/a", "/b", "/c"}) REQUIRE(space.put(name, "x").ok());
  const auto damage = [&](const std::string& key, bool erase) {
    const kv::Answer answer =
        opened.kv->update({model::space_partition(space.id())}, [&](kv::Transaction& rows) {
          std::string row = *rows.get(kv::Family::journal, key).value();
          row[row.size() / 2] = static_cast<char>(row[row.size() / 2] ^ 1);
          if (erase)
            rows.erase(kv::Family::journal, key);
          else
            rows.put(kv::Family::journal, key, row);
          return kv::Outcome(kv::Commit{});
        });
    REQUIRE(opened.kv->wait(answer.ticket).ok());
    CHECK(space.changes("").code() == Code::corruption);
  };
  const std::string at_4 = space.cursor_after(4).value();
  damage(model::payload_key(space.id(), 4), false);
  CHECK(space.changes(at_4).ok());
  damage(model::payload_key(space.id(), 3), true);
  damage(model::skeleton_key(space.id(), 2), false);
  damage(model::skeleton_key(space.id(), 1), true);
}

TEST_CASE("bad day: a mark that was cut, flipped, from another opening or fell out is refused") {
  TestStore store(MetadataEngine::memory, {}, {});
  const Space space = store.make_space("marks");
  const std::string mark = store.store().changed_spaces("")->mark;
  const auto code = [&](const std::string& text) {
    return store.store().changed_spaces(text).code();
  };
  for (std::size_t size = 1; size < mark.size(); ++size)
    CHECK(code(mark.substr(0, size)) == Code::invalid_argument);
  for (std::size_t i = 0; i < mark.size(); ++i) {
    std::string flipped = mark;
    flipped[i] = flipped[i] == 'A' ? 'B' : 'A';
    CHECK(code(flipped) == Code::invalid_argument);
  }
  CHECK(code(space.cursor_now().value()) == Code::invalid_argument);
  CHECK(store.store().changed_spaces(mark, 0).code() == Code::invalid_argument);
  CHECK(store.store().changed_spaces(mark, 10'001).code() == Code::invalid_argument);
  CHECK(code(mark) == Code::ok);
  store.reopen();
  CHECK(code(mark) == Code::cursor_too_old);
  CHECK(code(store.store().changed_spaces("")->mark) == Code::ok);
}

TEST_CASE("bad day: waiting ends when its time or the session's is over, or the caller cancels") {
  TestClock clock;
  TestStore store(MetadataEngine::memory, seams_with(clock));
  const SpaceId id = store.make_space("waiting").id();
  const auto space = [&](SessionOptions options) {
    options.user = "ada";
    return store.store().session(options).value().space(id).value();
  };
  using std::chrono::milliseconds;
  CHECK(space({}).wait(1, milliseconds(0)).code() == Code::deadline_exceeded);
  CHECK(space({}).wait(1, milliseconds(-5)).code() == Code::deadline_exceeded);
  CHECK(space({}).wait(0, milliseconds(-5))->number == 1);
  const auto ends = [&](const SessionOptions& options, const std::function<void()>& interrupt) {
    const Space waiting = space(options);
    Code code = Code::ok;
    std::thread thread([&] { code = waiting.wait(1, milliseconds::max()).code(); });
    interrupt();
    thread.join();
    return code;
  };
  CancelToken token;
  CHECK(ends({.cancel = token}, [&] { token.cancel(); }) == Code::cancelled);
  CHECK(ends({.timeout = std::chrono::minutes(1)}, [&] { clock.wait(61'000'000'000); }) ==
        Code::deadline_exceeded);
}

}  // namespace spind::test
