// Bodies that wait for the same partition are run by one thread and committed together.
#include <sys/types.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <deque>
#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "unit/kv/store_kinds.h"

using namespace spind;
using namespace spind::kv;
using namespace spind::kv::test;

namespace {

// Keeps the partition "a" until it is opened, so that a line forms behind it.
class Gate {
 public:
  explicit Gate(Store& store)
      : holder_([this, &store] {
          const Answer answer = store.update({"a"}, [this](Transaction&) -> Outcome {
            inside_ = true;
            inside_.notify_all();
            open_.wait(false);
            return Commit{};
          });
          CHECK(answer.status.ok());
        }) {
    inside_.wait(false);
  }
  ~Gate() { holder_.join(); }

  void open() {
    open_ = true;
    open_.notify_all();
  }

 private:
  std::atomic<bool> inside_{false}, open_{false};
  std::thread holder_;
};

// Or at its end.
bool asleep(pid_t thread) {
  std::ifstream file("/proc/self/task/" + std::to_string(thread) + "/stat");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const std::size_t name_end = text.rfind(") ");
  const bool ended = name_end == std::string::npos;
  return ended || text.at(name_end + 2) == 'S';
}

// Updates of the partition "a" that stand in its line in the order given.
class Line {
 public:
  explicit Line(Store& store) : store_(store) {}
  ~Line() { join(); }

  // What a body throws is answered as `aborted`.
  void add(Body body) {
    Answer& answer = answers_.emplace_back();
    std::atomic<pid_t> started{0};
    threads_.emplace_back([this, &answer, &started, body = std::move(body)] {
      started = gettid();
      try {
        answer = store_.update({"a"}, body);
      } catch (const std::runtime_error&) {
        answer.status = Error{Code::aborted, "it threw"};
      }
    });
    // Nothing tells from outside who stands in a line, but behind the gate there is nothing else to
    // fall asleep on.
    while (started == 0 || !asleep(started))
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  const std::deque<Answer>& join() {
    for (std::thread& thread : threads_)
      if (thread.joinable()) thread.join();
    return answers_;
  }

 private:
  Store& store_;
  std::vector<std::thread> threads_;
  std::deque<Answer> answers_;  // which stay where they are
};

// The last it was told of each row.
class LastRows final : public Observer {
 public:
  void publishing(Ticket, std::span<const Row> rows) override {
    for (const Row& row : rows) rows_[row.key] = row.value.value_or("");
  }
  void published(Ticket) override {}
  const std::map<std::string, std::string>& rows() const { return rows_; }

 private:
  std::map<std::string, std::string> rows_;
};

Body append(const std::string& letter) {
  return [letter](Transaction& transaction) -> Outcome {
    transaction.put_announced(Family::state, "a text",
                              read(transaction, "a text").value_or("") + letter);
    return Commit{};
  };
}

}  // namespace

TEST_CASE_TEMPLATE("turns: each body sees what those before it wrote, refusals leave nothing", Kind,
                   STORE_KINDS) {
  LastRows mirror;
  Kind store(&mirror);
  REQUIRE(put(*store, "a text", "").status.ok());
  Gate gate(*store);
  Line line(*store);
  line.add(append("1"));
  line.add(append("2"));
  line.add([](Transaction& transaction) -> Outcome {
    CHECK(read(transaction, "a text") == "12");
    transaction.put_announced(Family::state, "a text", "refused");
    transaction.put(Family::state, "a refused", "");
    return Error{Code::conflict, "refused"};
  });
  line.add(append("3"));
  line.add([](Transaction& transaction) -> Outcome {
    if (!transaction.owns("b")) return Need{{"b"}};
    transaction.put(Family::state, "b text", *read(transaction, "a text"));
    return Commit{};
  });
  line.add([](Transaction&) -> Outcome { return Commit{}; });
  line.add(append("4"));
  gate.open();
  const std::deque<Answer>& answers = line.join();
  for (std::size_t i = 0; i < 7; ++i) {
    CAPTURE(i);
    CHECK(answers[i].status.code() == (i == 2 ? Code::conflict : Code::ok));
    CHECK(store->wait(answers[i].ticket).ok());
  }
  const SnapshotRef durable = store->durable();
  CHECK(read(*durable, "a text") == "1234");
  CHECK(read(*durable, "a refused") == std::nullopt);
  CHECK(read(*durable, "b text").value().starts_with("123"));
  CHECK(mirror.rows().at("a text") == "1234");
}

TEST_CASE_TEMPLATE("turns: a scan shows the rows of bodies before, and what they erased not", Kind,
                   STORE_KINDS) {
  Kind store;
  for (const char* key : {"a1", "a2", "a3"}) REQUIRE(put(*store, key, "stored").status.ok());
  Gate gate(*store);
  Line line(*store);
  line.add([](Transaction& transaction) -> Outcome {
    transaction.erase(Family::state, "a1");
    transaction.put(Family::state, "a2", "before");
    transaction.put(Family::state, "a4", "before");
    return Commit{};
  });
  std::vector<std::pair<std::string, std::string>> seen;
  line.add([&seen](Transaction& transaction) -> Outcome {
    transaction.put(Family::state, "a4", "own");
    transaction.put(Family::state, "a0", "own");
    seen = rows(transaction, "a", "b");
    return Commit{};
  });
  gate.open();
  line.join();
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"a0", "own"}, {"a2", "before"}, {"a3", "stored"}, {"a4", "own"}};
  CHECK(seen == expected);
  REQUIRE(store->wait(store->latest()).ok());
  CHECK(rows(*store->durable(), "a", "b") == expected);
}

TEST_CASE_TEMPLATE("turns: much that is written is committed in parts, in order", Kind,
                   STORE_KINDS) {
  Kind store;
  Gate gate(*store);
  Line line(*store);
  for (int i = 0; i < 6; ++i) {
    line.add([i](Transaction& transaction) -> Outcome {
      transaction.put(Family::attachment, "a large" + std::to_string(i),
                      std::string(600'000, static_cast<char>('0' + i)));
      transaction.put(Family::state, "a last", std::to_string(i));
      return Commit{};
    });
  }
  gate.open();
  for (const Answer& answer : line.join()) CHECK(store->wait(answer.ticket).ok());
  const SnapshotRef durable = store->durable();
  CHECK(read(*durable, "a last") == "5");
  for (int i = 0; i < 6; ++i)
    CHECK(durable->get(Family::attachment, "a large" + std::to_string(i)).value()->size() ==
          600'000);
}

TEST_CASE_TEMPLATE("turns: what a body throws reaches who brought it, and nobody else", Kind,
                   STORE_KINDS) {
  Kind store;
  REQUIRE(put(*store, "a text", "").status.ok());
  Gate gate(*store);
  Line line(*store);
  line.add(append("1"));
  line.add([](Transaction& transaction) -> Outcome {
    transaction.put(Family::state, "a text", "thrown away");
    throw std::runtime_error("no memory");
  });
  line.add(append("2"));
  gate.open();
  const std::deque<Answer>& answers = line.join();
  for (std::size_t i = 0; i < 3; ++i) {
    CAPTURE(i);
    CHECK(answers[i].status.code() == (i == 1 ? Code::aborted : Code::ok));
    CHECK(store->wait(answers[i].ticket).ok());
  }
  CHECK(read(*store->durable(), "a text") == "12");
  CHECK(put(*store, "a text", "goes on").status.ok());
}
