// Power cuts under the key-value store over RocksDB: what was waited for is there, what is there is
// a prefix of what was committed, and no durable snapshot had shown what is gone.
#include <algorithm>
#include <array>
#include <chrono>
#include <mutex>
#include <numeric>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "kv/rocksdb/rocksdb_store.h"
#include "powercut/power_cut_disk.h"
#include "powercut/power_cut_files.h"
#include "powercut/power_cut_fs.h"
#include "support/harness.h"

using namespace spind;
using namespace spind::kv;

namespace {

constexpr int kPartitions = 4;
constexpr int kWriters = 6;
using Counts = std::array<std::uint64_t, kPartitions>;

std::string partition_name(int partition) { return "p" + std::to_string(partition); }

std::string row_key(const std::string& partition, std::uint64_t number) {
  std::string digits = std::to_string(number);
  return partition + "/row/" + std::string(20 - digits.size(), '0') + digits;
}

// Any value can be told from its number.
std::string row_value(std::uint64_t number) {
  return std::to_string(number) +
         std::string(number * 2654435761u % 3000, static_cast<char>('a' + number % 26));
}

std::uint64_t count_in(const View& view, const std::string& partition) {
  const auto count = view.get(Family::state, partition + "/count");
  REQUIRE(count.ok());
  return *count ? std::stoull(**count) : 0;
}

struct Commits {
  Ticket ticket;
  std::array<std::uint64_t, kPartitions> after;  // 0 where the commit did not touch the partition
};

// What was promised until a power cut.
struct Promises {
  Counts acknowledged{}, seen{};
  std::vector<Commits> commits;
};

// Writers and a reader, until the power is cut.
class Run {
 public:
  Run(Store& store, std::uint64_t seed) : store_(store), seed_(seed) {}

  Promises until_cut(spind::test::PowerCutDisk& disk) {
    std::vector<std::thread> threads;
    for (int t = 0; t < kWriters; ++t) threads.emplace_back([this, t] { write(t); });
    threads.emplace_back([this, &disk] {
      while (!disk.is_cut()) look();
    });
    for (std::thread& thread : threads) thread.join();
    look();
    return std::move(promises_);
  }

 private:
  void write(int thread) {
    std::mt19937_64 random(seed_ + static_cast<std::uint64_t>(thread));
    for (;;) {
      std::vector<std::string> partitions{partition_name(int(random() % kPartitions))};
      if (random() % 4 == 0) partitions.push_back(partition_name(int(random() % kPartitions)));
      Commits commit{};
      const Answer answer = store_.update(partitions, [&](Transaction& transaction) -> Outcome {
        commit = {};
        for (int p = 0; p < kPartitions; ++p)
          if (transaction.owns(partition_name(p))) commit.after[size_t(p)] = add(transaction, p);
        return Commit{};
      });
      if (!answer.status.ok()) return;
      commit.ticket = answer.ticket;
      note(commit);
      if (random() % 8 == 0) continue;
      if (!store_.wait(answer.ticket).ok()) return;
      const std::lock_guard lock(mutex_);
      for (size_t p = 0; p < kPartitions; ++p)
        promises_.acknowledged[p] = std::max(promises_.acknowledged[p], commit.after[p]);
    }
  }

  static std::uint64_t add(Transaction& transaction, int number) {
    const std::string partition = partition_name(number);
    const std::uint64_t next = count_in(transaction, partition) + 1;
    const std::string key = row_key(partition, next);
    transaction.put(Family::state, partition + "/count", std::to_string(next));
    transaction.put(Family::journal, key, row_value(next));
    transaction.put(Family::attachment, key, row_value(next + 1));
    transaction.put(Family::content, key, row_value(next).substr(0, 100));
    return next;
  }

  void note(const Commits& commit) {
    const std::lock_guard lock(mutex_);
    promises_.commits.push_back(commit);
  }

  void look() {
    const SnapshotRef snapshot = store_.durable();
    for (int p = 0; p < kPartitions; ++p) {
      const std::uint64_t count = count_in(*snapshot, partition_name(p));
      const std::lock_guard lock(mutex_);
      promises_.seen[size_t(p)] = std::max(promises_.seen[size_t(p)], count);
    }
  }

  Store& store_;
  const std::uint64_t seed_;
  std::mutex mutex_;
  Promises promises_;
};

// Every row up to the count is there and right, and none is past it.
std::uint64_t check_partition(const View& view, const std::string& partition) {
  const std::uint64_t count = count_in(view, partition);
  for (Family family : {Family::journal, Family::attachment, Family::content}) {
    std::uint64_t number = 0;
    auto cursor = view.scan(family, partition + "/row/", partition + "/row0");
    for (; cursor->valid(); cursor->next()) {
      ++number;
      REQUIRE(cursor->key() == row_key(partition, number));
      const std::string expected = family == Family::attachment ? row_value(number + 1)
                                   : family == Family::content  ? row_value(number).substr(0, 100)
                                                                : row_value(number);
      REQUIRE(cursor->value() == expected);
    }
    REQUIRE(cursor->status().ok());
    REQUIRE(number == count);
  }
  return count;
}

// All commits up to some ticket are there, and none after it.
void check_prefix(std::vector<Commits> commits, const Counts& found) {
  std::sort(commits.begin(), commits.end(),
            [](const Commits& a, const Commits& b) { return a.ticket < b.ticket; });
  bool gone = false;
  for (const Commits& commit : commits) {
    for (size_t p = 0; p < kPartitions; ++p) {
      if (commit.after[p] == 0) continue;
      const bool there = commit.after[p] <= found[p];
      CHECK_FALSE((there && gone));
      gone |= !there;
    }
  }
}

void check_promises(Store& store, const Promises& promises) {
  const SnapshotRef snapshot = store.durable();
  Counts found{};
  for (size_t p = 0; p < kPartitions; ++p) {
    found[p] = check_partition(*snapshot, partition_name(int(p)));
    CHECK(found[p] >= promises.acknowledged[p]);
    CHECK(found[p] >= promises.seen[p]);
  }
  check_prefix(promises.commits, found);
}

}  // namespace

TEST_CASE("power cut: what was waited for is there, and all of it is a prefix of the commits") {
  spind::test::TemporaryFolder folder;
  const std::string root = folder / "disk";
  std::mt19937_64 random(spind::test::seed());
  const std::uint64_t cuts = spind::test::scaled(10, 40, 1000);
  std::uint64_t acknowledged = 0, cuts_while_opening = 0;
  Promises promises;
  for (std::uint64_t cut = 0; cut <= cuts; ++cut) {
    const std::uint64_t seed = random();
    CAPTURE(seed);
    spind::test::PowerCutDisk disk(root);
    disk.during_sync = [] { std::this_thread::sleep_for(std::chrono::microseconds(100)); };
    if (cut < cuts) disk.cut_after(1 + random() % (random() % 4 == 0 ? 150 : 800), seed);
    spind::test::PowerCutFiles files(disk);
    auto opened = open_rocksdb({.path = root + "/kv",
                                .memory_budget_bytes = 8 << 20,
                                .files = files,
                                .file_system = spind::test::power_cut_file_system(disk)});
    if (!opened.ok()) {
      CAPTURE(opened.error().to_string());
      REQUIRE(disk.is_cut());
      ++cuts_while_opening;
    } else {
      check_promises(**opened, promises);
      if (cut < cuts) promises = Run(**opened, seed).until_cut(disk);
      acknowledged += std::accumulate(promises.acknowledged.begin(), promises.acknowledged.end(),
                                      std::uint64_t{0});
      opened->reset();
    }
    disk.apply();
  }
  MESSAGE("cuts " << cuts << ", while opening " << cuts_while_opening << ", last count "
                  << acknowledged);
}
