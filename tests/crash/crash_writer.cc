// Writes into a store until it is killed, and tells what it has begun and what was acknowledged:
//
//   crash_writer FOLDER BLOBS KEYS SEED STEP…  the next step of each writer; BLOBS: empty, a folder, or
//                                              "s3://BUCKET/PREFIX ENDPOINT", with what s3/bucket.h
//                                              says of the bucket; behind "staged " small
//                                              files are staged in FOLDER first; KEYS is empty or a file
//
// A thread beside them lets go of things, another one of whole spaces, a third one tidies a desk; a
// fourth one collects, rewrites packs, scrubs and copies the store, and the store's own upkeep runs
// without a pause. With keys a fifth one changes them. The last writer defers: it begins sixteen
// steps, then waits once for all of them.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "base/try.h"
#include "s3/bucket.h"
#include "spind/blob_layers.h"
#include "spind/blob_places.h"
#include "spind/key_provider.h"
#include "spind/s3.h"
#include "support/store/aftermath.h"
#include "support/store/few_heaps.h"
#include "support/store/side_loads.h"
#include "support/store/worker_record.h"

namespace spind::test {
namespace {

constexpr std::uint64_t kDeferredBatch = 16;
constexpr std::uint64_t kPackedBytes = 250'000;
constexpr std::string_view kStagedWord = "staged ";
// So little that it is often more than may wait.
constexpr std::uint64_t kStagedBytesMax = 1 << 20;

struct Task {
  std::uint64_t seed;
  std::uint32_t writer;
  std::uint64_t step;
};

void fail(const Task& task, std::uint64_t step, const Error& error) {
  std::fprintf(stderr, "crash_writer: writer %u step %llu: %s\n", task.writer,
               static_cast<unsigned long long>(step), error.to_string().c_str());
  tell({WorkerRecord::Kind::failed, task.writer, step});
  std::_Exit(3);
}

void write_for_ever(const Session& session, const Space& space, Task task) {
  const bool deferred = task.writer == kWriters - 1;
  for (std::uint64_t step = task.step;; ++step) {
    tell({WorkerRecord::Kind::begun, task.writer, step});
    const Status taken = take(space, writer_step(task.seed, task.writer, step));
    if (!taken.ok()) fail(task, step, taken.error());
    if (deferred) {
      if ((step + 1) % kDeferredBatch != 0) continue;
      const Status durable = session.wait();
      if (!durable.ok()) fail(task, step, durable.error());
    }
    tell({WorkerRecord::Kind::acknowledged, task.writer, step});
  }
}

// Kills also meet the erasing of what a floor has passed.
void let_go_for_ever(const Session& session, const Task& task) {
  const Result<Space> space = forgetful_space(session);
  if (!space.ok()) fail(task, 0, space.error());
  for (std::uint64_t round = 0;; ++round) {
    const Status gone = let_go(*space, round);
    if (!gone.ok()) fail(task, 0, gone.error());
  }
}

void come_and_go_for_ever(const Session& session, const Task& task) {
  for (std::uint64_t round = 0;; ++round) {
    const Status gone = come_and_go(session, round, kPackedBytes);
    if (!gone.ok()) fail(task, 0, gone.error());
  }
}

void tidy_for_ever(const Session& session, const Space& ledger, const Task& task) {
  const Result<Space> desk = desk_space(session);
  if (!desk.ok()) fail(task, 0, desk.error());
  for (std::uint64_t round = task.step;; ++round) {
    const Status done = tidy_desk(session, *desk, ledger, round);
    if (!done.ok()) fail(task, 0, done.error());
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
  }
}

// Whatever a kill leaves, what is called "copied" was acknowledged, and is whole.
Status copy_store(const Store& store, const std::string& folder) {
  const std::string begun = folder + " copy", done = folder + " copied",
                    before = folder + " before";
  std::filesystem::remove_all(begun);
  std::filesystem::remove_all(before);
  SPIND_TRY(store.checkpoint(begun));
  if (std::filesystem::exists(done)) std::filesystem::rename(done, before);
  std::filesystem::rename(begun, done);
  return {};
}

void look_after_for_ever(const Store& store, const Task& task) {
  for (;;) {
    const Status done = look_after(store);
    if (!done.ok()) fail(task, 0, done.error());
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

void copy_for_ever(const Store& store, const std::string& folder, std::chrono::milliseconds pause,
                   const Task& task) {
  for (;;) {
    std::this_thread::sleep_for(pause);
    const Status done = copy_store(store, folder);
    if (!done.ok()) fail(task, 0, done.error());
  }
}

void change_keys_for_ever(const Store& store, const std::string& keys, const Task& task) {
  for (std::uint64_t round = task.step;; ++round) {
    const Status done = change_keys(store, keys, round);
    if (!done.ok()) fail(task, 0, done.error());
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

bool in_bucket(const std::string& where) { return where.starts_with("s3://"); }

// What is done again and again until it works: the writer takes no error for an answer.
Result<BlobStorePtr> blobs_in_bucket(const std::string& where) {
  const std::size_t space = where.find(' ');
  SPIND_TRY_ASSIGN(const S3Options place, parse_s3_url(where.substr(0, space)));
  S3Options options = given_bucket();
  options.prefix = place.prefix;
  const std::string endpoint = where.substr(space + 1);
  if (endpoint != options.endpoint)
    options.path_style = true;  // a proxy, where no bucket has a name
  options.endpoint = endpoint;
  options.wait_first = std::chrono::milliseconds(1);
  options.attempts_max = 20;
  options.retry_reserve_max = 1e9;
  options.part_bytes = 5u << 20;  // so that some go in parts
  SPIND_TRY_ASSIGN(auto bucket, open_s3(options));
  return BlobStorePtr(std::move(bucket));
}

// Where requests fail now and then, also after they were carried out.
BlobStorePtr blobs_in_folder(const std::string& folder, std::uint64_t seed) {
  const FaultOptions faults{.seed = seed, .errors = 50, .lost_answers = 50, .torn_puts = 20};
  RetryOptions retry{.attempts_max = 20, .reserve_max = 1e9};
  retry.wait_first = std::chrono::milliseconds(1);
  return with_retry(with_faults(folder_blobs(folder).value(), faults), retry);
}

Result<BlobStorePtr> blobs_in(const std::string& where, std::uint64_t seed) {
  if (where.empty()) return BlobStorePtr();
  if (in_bucket(where)) return blobs_in_bucket(where);
  return blobs_in_folder(where, seed);
}

// What the driver forks for another store holds the lock of this one, which the driver has just
// closed, until it has become a writer itself.
Result<Store> open_store(const std::string& folder, const StoreOptions& options) {
  constexpr int kTriesMax = 500;
  Result<Store> store = Store::open(folder, options);
  for (int tries = 1; store.code() == Code::busy && tries < kTriesMax; ++tries) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    store = Store::open(folder, options);
  }
  return store;
}

int run(const std::string& folder, std::string blobs, const std::string& keys, Task first,
        const std::vector<std::uint64_t>& steps) {
  StoreOptions options{.create = true};
  if (blobs.starts_with(kStagedWord)) {
    blobs.erase(0, kStagedWord.size());
    options.durability = Durability::staged;
    options.staged_bytes_max = kStagedBytesMax;
    options.staged_period = std::chrono::milliseconds(10);
  }
  Result<BlobStorePtr> place = blobs_in(blobs, first.seed + steps[0]);
  if (!place.ok()) fail(first, 0, place.error());
  options.blobs = *std::move(place);
  options.memory_bytes = in_bucket(blobs) ? kMeasuredMemoryBytes : kWorkerMemoryBytes;
  options.free_space_reserve_bytes = 0;
  options.upkeep_period = std::chrono::milliseconds(5);
  options.allow_unfenced = true;  // what a proxy spoils may look like a server that cannot
  if (!keys.empty()) options.keys = key_file(keys).value();
  options.encrypt_existing = !keys.empty();
  Result<Store> store = open_store(folder, options);
  if (!store.ok()) fail(first, 0, store.error());
  std::vector<std::thread> threads;
  std::optional<Space> ledger;
  for (std::uint32_t writer = 0; writer < kWriters; ++writer) {
    Task task = first;
    task.writer = writer;
    task.step = steps[writer];
    SessionOptions who{.user = "ada"};
    who.deferred = writer == kWriters - 1;
    Session session = store->session(who).value();
    Result<Space> space = session.space_by_alias(kLedgerSpace);
    if (space.code() == Code::not_found) space = session.create_space({.alias = kLedgerSpace});
    if (!space.ok()) fail(task, 0, space.error());
    ledger = *space;
    threads.emplace_back(write_for_ever, session, *space, task);
  }
  // Not the same rounds again after each kill.
  first.step = steps[0];
  threads.emplace_back(let_go_for_ever, store->session({.user = "ada"}).value(), first);
  threads.emplace_back(come_and_go_for_ever, store->session({.user = "ada"}).value(), first);
  threads.emplace_back(tidy_for_ever, store->session({.user = "ada"}).value(), *ledger, first);
  threads.emplace_back([&] { look_after_for_ever(*store, first); });
  // Only what lies in the store's folder is copied with it, and the memory of the others is
  // measured.
  const std::chrono::milliseconds pause(in_bucket(blobs) ? 2'000 : 500);
  threads.emplace_back([&] { copy_for_ever(*store, folder, pause, first); });
  if (!keys.empty()) threads.emplace_back([&] { change_keys_for_ever(*store, keys, first); });
  for (std::thread& thread : threads) thread.join();
  return 0;
}

}  // namespace
}  // namespace spind::test

int main(int argc, char** argv) {
  using namespace spind::test;
  if (argc != 5 + static_cast<int>(kWriters)) return 2;
  keep_few_heaps();
  std::vector<std::uint64_t> steps;
  for (int i = 5; i < argc; ++i) steps.push_back(std::strtoull(argv[i], nullptr, 10));
  return run(argv[1], argv[2], argv[3], {std::strtoull(argv[4], nullptr, 10), 0, 0}, steps);
}
