#include "journal/journal.h"

#include <doctest/doctest.h>

#include "base/hash.h"
#include "kv/memory/memory_store.h"
#include "model/keys.h"

namespace spind::journal {
namespace {

using kv::Family;

const SpaceId kSpace{{1, 2, 3}};
const SpaceId kNext{{1, 2, 4}};
constexpr EntryNumber kEntries = 5;

// A journal of five entries, with that of another space behind it, and hands to damage it.
class Fixture {
 public:
  Fixture() {
    for (EntryNumber number = 1; number <= kEntries; ++number) append_to(kSpace, number);
    chain_ = {};
    append_to(kNext, 1);
  }

  kv::SnapshotRef view() { return store_->durable(); }
  Result<model::Entry> read(EntryNumber number) { return journal::read(*view(), kSpace, number); }

  void update(const std::function<void(kv::Transaction&)>& write) {
    const std::vector<std::string> both{model::space_partition(kSpace),
                                        model::space_partition(kNext)};
    const kv::Answer answer = store_->update(both, [&](kv::Transaction& rows) -> kv::Outcome {
      write(rows);
      return kv::Commit{};
    });
    REQUIRE(answer.status.ok());
    REQUIRE(store_->wait(answer.ticket).ok());
  }
  void put(const std::string& key, std::string_view value) {
    update([&](kv::Transaction& rows) { rows.put(Family::journal, key, value); });
  }
  void erase(const std::string& key) {
    update([&](kv::Transaction& rows) { rows.erase(Family::journal, key); });
  }
  std::string row(const std::string& key) {
    return view()->get(Family::journal, key).value().value();
  }

  // The numbers that a walk gives before it ends, and how it ends.
  std::pair<std::vector<EntryNumber>, Code> walk(EntryNumber first) {
    const kv::SnapshotRef snapshot = view();
    Walker walker(*snapshot, kSpace, first);
    std::vector<EntryNumber> numbers;
    for (;;) {
      auto entry = walker.next();
      if (!entry.ok()) return {numbers, entry.code()};
      if (!*entry) return {numbers, Code::ok};
      CHECK((*entry)->principal == "ada");
      numbers.push_back((*entry)->number);
    }
  }

  static model::Entry entry(EntryNumber number, const model::Digest& previous) {
    model::Entry entry;
    entry.number = number;
    entry.type = model::EntryType::touched;
    entry.time_ns = static_cast<std::int64_t>(number) * 10;
    entry.previous = previous;
    entry.principal = "ada";
    entry.salt.fill(static_cast<std::uint8_t>(number));
    return entry;
  }

  void append_to(const SpaceId& space, EntryNumber number) {
    update([&](kv::Transaction& rows) { chain_ = append(rows, space, entry(number, chain_)); });
  }

 private:
  std::unique_ptr<kv::Store> store_ =
      kv::open_memory({.threads = Threads::system(), .clock = Clock::system()}).value();
  model::Digest chain_{};
};

using Numbers = std::vector<EntryNumber>;

TEST_CASE_FIXTURE(Fixture, "journal: an entry is read as it was appended") {
  const auto first = read(1);
  REQUIRE(first.ok());
  CHECK(*first == entry(1, {}));
  const auto third = read(3);
  REQUIRE(third.ok());
  CHECK(third->previous == sha256(as_bytes(row(model::skeleton_key(kSpace, 2)))));
  CHECK(read(0).code() == Code::not_found);
  CHECK(read(kEntries + 1).code() == Code::not_found);
}

TEST_CASE_FIXTURE(Fixture, "journal: a commit reads what it has appended") {
  update([&](kv::Transaction& rows) {
    append(rows, kSpace, entry(6, {}));
    CHECK(journal::read(rows, kSpace, 6).ok());
    CHECK(read(6).code() == Code::not_found);
  });
  CHECK(read(6).ok());
}

TEST_CASE_FIXTURE(Fixture, "journal: an entry without its own payload is corruption") {
  const std::string other = row(model::payload_key(kSpace, 2));
  erase(model::payload_key(kSpace, 3));
  CHECK(read(3).code() == Code::corruption);
  put(model::payload_key(kSpace, 3), other);
  CHECK(read(3).code() == Code::corruption);
  CHECK(read(2).ok());
}

TEST_CASE_FIXTURE(Fixture, "journal: an erased entry is gone, a walk ends before it") {
  update([](kv::Transaction& rows) { journal::erase(rows, kSpace, kEntries); });
  CHECK(read(kEntries).code() == Code::not_found);
  CHECK(walk(1) == std::pair(Numbers{1, 2, 3, 4}, Code::ok));
}

TEST_CASE_FIXTURE(Fixture, "walker: gives the entries from the first on, of one space") {
  CHECK(walk(1) == std::pair(Numbers{1, 2, 3, 4, 5}, Code::ok));
  CHECK(walk(4) == std::pair(Numbers{4, 5}, Code::ok));
  CHECK(walk(6) == std::pair(Numbers{}, Code::ok));
}

TEST_CASE_FIXTURE(Fixture, "walker: ends with the hash of the last entry") {
  const kv::SnapshotRef snapshot = view();
  Walker walker(*snapshot, kSpace, 1);
  for (EntryNumber number = 1; number <= kEntries; ++number) {
    REQUIRE(walker.next().ok());
    CHECK(walker.chain() == sha256(as_bytes(row(model::skeleton_key(kSpace, number)))));
  }
  REQUIRE(walker.next().ok());
  CHECK(walker.chain() == sha256(as_bytes(row(model::skeleton_key(kSpace, kEntries)))));
}

TEST_CASE_FIXTURE(Fixture, "walker: walks what was there when it began") {
  const kv::SnapshotRef snapshot = view();
  Walker walker(*snapshot, kSpace, 5);
  update([](kv::Transaction& rows) { append(rows, kSpace, entry(6, {})); });
  CHECK(walker.next().value().has_value());
  CHECK_FALSE(walker.next().value().has_value());
}

TEST_CASE_FIXTURE(Fixture, "walker: a gap, also at the beginning, is corruption") {
  update([](kv::Transaction& rows) { journal::erase(rows, kSpace, 3); });
  CHECK(walk(1) == std::pair(Numbers{1, 2}, Code::corruption));
  CHECK(walk(3) == std::pair(Numbers{}, Code::corruption));
  CHECK(walk(4) == std::pair(Numbers{4, 5}, Code::ok));
}

TEST_CASE_FIXTURE(Fixture, "walker: a skeleton or a payload alone is corruption") {
  const std::string skeleton = row(model::skeleton_key(kSpace, 5));
  erase(model::skeleton_key(kSpace, 5));
  CHECK(walk(1) == std::pair(Numbers{1, 2, 3, 4}, Code::corruption));
  put(model::skeleton_key(kSpace, 5), skeleton);
  CHECK(walk(1).second == Code::ok);
  erase(model::payload_key(kSpace, 2));
  CHECK(walk(1) == std::pair(Numbers{1}, Code::corruption));
}

TEST_CASE_FIXTURE(Fixture, "walker: an entry out of the chain is corruption") {
  update([](kv::Transaction& rows) { append(rows, kSpace, entry(3, model::Digest{9})); });
  CHECK(walk(1) == std::pair(Numbers{1, 2}, Code::corruption));
  // From it on, nothing says what was before; the one behind it still holds the hash that it had.
  CHECK(walk(3) == std::pair(Numbers{3}, Code::corruption));
}

TEST_CASE_FIXTURE(Fixture, "walker: a strayed or a broken entry is corruption") {
  const std::string skeleton = row(model::skeleton_key(kSpace, 4));
  put(model::skeleton_key(kSpace, 2), skeleton);
  put(model::payload_key(kSpace, 2), row(model::payload_key(kSpace, 4)));
  CHECK(walk(1) == std::pair(Numbers{1}, Code::corruption));
  CHECK(walk(2) == std::pair(Numbers{}, Code::corruption));
  put(model::skeleton_key(kSpace, 4), skeleton.substr(1));
  CHECK(walk(4) == std::pair(Numbers{}, Code::corruption));
  CHECK(read(4).code() == Code::corruption);
}

// The numbers that a scan gives before it ends, and how it ends; with what the entries hold.
std::pair<std::vector<EntryNumber>, Code> scan(Fixture& fixture, EntryNumber first) {
  const kv::SnapshotRef snapshot = fixture.view();
  Scan scan(*snapshot, kSpace, first);
  std::vector<EntryNumber> numbers;
  for (;;) {
    const auto found = scan.next();
    if (!found.ok()) return {numbers, found.code()};
    if (!*found) return {numbers, Code::ok};
    const auto entry = scan.entry();
    if (!entry.ok()) return {numbers, entry.code()};
    CHECK(**entry == fixture.read(scan.skeleton().number).value());
    numbers.push_back(scan.skeleton().number);
  }
}

TEST_CASE_FIXTURE(Fixture, "scan: gives the entries from the first on, of one space") {
  CHECK(scan(*this, 1) == std::pair(Numbers{1, 2, 3, 4, 5}, Code::ok));
  CHECK(scan(*this, 4) == std::pair(Numbers{4, 5}, Code::ok));
  CHECK(scan(*this, 6) == std::pair(Numbers{}, Code::ok));
}

TEST_CASE_FIXTURE(Fixture, "scan: a gap, a missing payload and a broken row are corruption") {
  erase(model::payload_key(kSpace, 4));
  CHECK(scan(*this, 1) == std::pair(Numbers{1, 2, 3}, Code::corruption));
  update([](kv::Transaction& rows) { journal::erase(rows, kSpace, 3); });
  CHECK(scan(*this, 1) == std::pair(Numbers{1, 2}, Code::corruption));
  CHECK(scan(*this, 3) == std::pair(Numbers{}, Code::corruption));
  put(model::payload_key(kSpace, 2), row(model::payload_key(kSpace, 2)).substr(1));
  CHECK(scan(*this, 1) == std::pair(Numbers{1}, Code::corruption));
  put(model::skeleton_key(kSpace, 1), row(model::skeleton_key(kSpace, 2)));
  CHECK(scan(*this, 1) == std::pair(Numbers{}, Code::corruption));
  put(model::skeleton_key(kSpace, 1), "rubbish");
  CHECK(scan(*this, 1) == std::pair(Numbers{}, Code::corruption));
}

TEST_CASE_FIXTURE(Fixture,
                  "pages: read entries by number, up and down, and say which is not there") {
  for (EntryNumber number = kEntries + 1; number <= 100; ++number) append_to(kSpace, number);
  const kv::SnapshotRef snapshot = view();
  Pages pages(*snapshot, kSpace);
  for (const EntryNumber number : {100u, 99u, 64u, 63u, 32u, 31u, 1u, 2u, 96u, 5u}) {
    REQUIRE(pages.read(number).ok());
    CHECK(*pages.read(number) == *read(number));
    CHECK(pages.skeleton(number)->number == number);
  }
  CHECK(pages.read(0).code() == Code::not_found);
  CHECK(pages.read(101).code() == Code::not_found);
  CHECK(pages.read(1000).code() == Code::not_found);
  erase(model::payload_key(kSpace, 50));
  put(model::skeleton_key(kSpace, 40), row(model::skeleton_key(kSpace, 41)));
  put(model::payload_key(kSpace, 40), row(model::payload_key(kSpace, 41)));
  const kv::SnapshotRef damaged = view();
  Pages broken(*damaged, kSpace);
  CHECK(broken.read(50).code() == Code::corruption);
  CHECK(broken.skeleton(50).ok());
  CHECK(broken.read(40).code() == Code::corruption);
  CHECK(broken.skeleton(40).code() == Code::corruption);
  CHECK(broken.read(41).ok());
}

}  // namespace
}  // namespace spind::journal
