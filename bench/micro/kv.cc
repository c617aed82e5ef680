// What the key-value store costs over raw RocksDB: durable commits of a lean create, with and
// without ownership, overlay and group sync.
//
//   spind-bench-kv FOLDER [SECONDS [raw|ours THREADS SPACES]]
//
// prints thousands of commits a second and what each costs.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <rocksdb/db.h>
#include <sys/resource.h>

#include "kv/rocksdb/rocksdb_store.h"

namespace {

using namespace spind;
using namespace spind::kv;
using SteadyClock = std::chrono::steady_clock;

constexpr std::uint64_t kMemoryBytes = std::uint64_t{256} << 20;

struct Piece {
  Family family;
  std::size_t bytes;
};
// Node record, locator, version, journal row, content.
constexpr Piece kPieces[] = {{Family::state, 120},
                             {Family::state, 30},
                             {Family::state, 80},
                             {Family::journal, 250},
                             {Family::attachment, 4096}};

std::string key_of(const std::string& space, char kind, std::uint64_t number) {
  std::string key = space + kind;
  for (int shift = 56; shift >= 0; shift -= 8) key += static_cast<char>(number >> shift);
  return key;
}

std::string space_name(std::uint64_t space) {
  std::string name(16, 's');
  name[0] = static_cast<char>('0' + space / 10);
  name[1] = static_cast<char>('0' + space % 10);
  return name;
}

std::string noise(std::size_t bytes, std::uint64_t seed) {
  std::string text(bytes, '\0');
  for (char& c : text) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    c = static_cast<char>(seed >> 56);
  }
  return text;
}

struct Cost {
  double per_second = 0;
  double cpu_us = 0;    // a commit's, background work included: what a busy machine can compare
  double switches = 0;  // a commit's
};

rusage usage() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return used;
}

double cpu_us(const rusage& used) {
  return 1e6 * static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
         static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

Cost cost(int threads, double seconds, const std::function<void(std::uint64_t)>& commit) {
  std::atomic<bool> done{false};
  std::atomic<std::uint64_t> commits{0};
  std::vector<std::thread> running;
  const rusage before = usage();
  const auto start = SteadyClock::now();
  for (int t = 0; t < threads; ++t) {
    running.emplace_back([&, t] {
      for (std::uint64_t i = 0; !done; ++i) {
        commit(static_cast<std::uint64_t>(t) << 40 | i);
        ++commits;
      }
    });
  }
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  done = true;
  for (std::thread& thread : running) thread.join();
  const double elapsed = std::chrono::duration<double>(SteadyClock::now() - start).count();
  const rusage after = usage();
  const auto count = static_cast<double>(commits);
  return {count / elapsed, (cpu_us(after) - cpu_us(before)) / count,
          static_cast<double>(after.ru_nvcsw - before.ru_nvcsw) / count};
}

void must(bool ok, const char* what) {
  if (ok) return;
  std::fprintf(stderr, "failed: %s\n", what);
  std::exit(1);
}

Cost raw(const std::string& folder, int threads, std::uint64_t spaces, double seconds) {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.db_write_buffer_size = kMemoryBytes / 3;
  options.write_buffer_size = kMemoryBytes / 12;
  options.enable_blob_files = true;
  options.min_blob_size = 1024;
  options.max_background_jobs = 2;
  options.enable_write_thread_adaptive_yield = std::getenv("YIELD") != nullptr;
  rocksdb::DB* db = nullptr;
  must(rocksdb::DB::Open(options, folder, &db).ok(), "open");
  const std::unique_ptr<rocksdb::DB> owner(db);
  const std::string content = noise(4096, 1);
  const Cost result = cost(threads, seconds, [&](std::uint64_t number) {
    const std::string space = space_name((number * 7 + (number >> 40)) % spaces);
    rocksdb::WriteBatch batch;
    char kind = 'a';
    for (const Piece& piece : kPieces)
      (void)batch.Put(key_of(space, kind++, number), {content.data(), piece.bytes});
    (void)batch.Put(space + "head", {content.data(), 60});
    rocksdb::WriteOptions write;
    write.sync = true;
    must(db->Write(write, &batch).ok(), "write");
  });
  return result;
}

Cost ours(const std::string& folder, int threads, std::uint64_t spaces, double seconds) {
  auto opened = open_rocksdb({.path = folder, .memory_budget_bytes = kMemoryBytes});
  must(opened.ok(), "open");
  const std::unique_ptr<Store> store = std::move(opened).value();
  const std::string content = noise(4096, 1);
  const Cost result = cost(threads, seconds, [&](std::uint64_t number) {
    const std::string space = space_name((number * 7 + (number >> 40)) % spaces);
    const Answer answer = store->update({space}, [&](Transaction& transaction) -> Outcome {
      (void)transaction.get(Family::state, space + "head");
      for (char kind : {'a', 'b', 'c', 'd'})
        (void)transaction.get(Family::state, key_of(space, kind, number));
      char kind = 'a';
      for (const Piece& piece : kPieces)
        transaction.put(piece.family, key_of(space, kind++, number), {content.data(), piece.bytes});
      transaction.put_announced(Family::state, space + "root", {content.data(), 120});
      transaction.put(Family::state, space + "head", {content.data(), 60});
      return Commit{};
    });
    must(answer.status.ok() && store->wait(answer.ticket).ok(), "commit");
  });
  const Store::Metrics metrics = store->metrics();
  std::printf("    group %.1f, stalls %.0f ms, memory %.0f MiB\n",
              static_cast<double>(metrics.sync_group_commits) / static_cast<double>(metrics.syncs),
              static_cast<double>(metrics.stall_micros) / 1e3,
              static_cast<double>(metrics.memory_bytes) / 1048576);
  return result;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const std::string folder = std::string(argv[1]) + "/kv-micro";
  const double seconds = argc > 2 ? std::atof(argv[2]) : 3;
  const auto in_fresh_folder = [&](const auto& measure, int threads, std::uint64_t spaces) {
    std::filesystem::remove_all(folder);
    const Cost result = measure(folder, threads, spaces, seconds);
    std::filesystem::remove_all(folder);
    return result;
  };
  const auto print = [](const char* name, const Cost& row) {
    std::printf("    %-4s %6.2f k/s, %5.1f us of cpu, %.2f switches\n", name, row.per_second / 1e3,
                row.cpu_us, row.switches);
  };
  if (argc > 5) {
    const bool limit = std::string(argv[3]) == "raw";
    const int threads = std::atoi(argv[4]);
    const auto spaces = static_cast<std::uint64_t>(std::atoi(argv[5]));
    print(argv[3], in_fresh_folder(limit ? raw : ours, threads, spaces));
    return 0;
  }
  for (const auto& [threads, spaces] : {std::pair{1, 1u}, {32, 1u}, {32, 64u}}) {
    for (int round = 0; round < 2; ++round) {
      const Cost limit = in_fresh_folder(raw, threads, spaces);
      const Cost mine = in_fresh_folder(ours, threads, spaces);
      std::printf("%2d threads, %2u spaces: ratio %.2f, of cpu %.2f\n", threads, spaces,
                  mine.per_second / limit.per_second, limit.cpu_us / mine.cpu_us);
      print("raw", limit);
      print("ours", mine);
    }
  }
}
