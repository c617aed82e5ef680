// Writes into a store until it is killed, and tells what it has begun and what was acknowledged:
//
//   crash_writer FOLDER SEED FD STEP…      the next step of each writer
//
// A thread beside them lets go of things, another one of whole spaces; a third one collects, rewrites
// packs and scrubs, and the store's own upkeep runs without a pause. The last writer defers: it begins sixteen steps, then waits once for all of them.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "base/try.h"
#include "crash/crash_record.h"
#include "support/store/aftermath.h"
#include "support/store/content.h"
#include "support/store/upkeep_step.h"

namespace spind::test {
namespace {

constexpr std::uint64_t kDeferredBatch = 16;

struct Task {
  std::uint64_t seed;
  int pipe;
  std::uint32_t writer;
  std::uint64_t step;
};

// Records are smaller than PIPE_BUF, so those of several threads do not mix.
void tell(const Task& task, CrashRecord::Kind kind, std::uint64_t step) {
  const CrashRecord record{.kind = kind, .writer = task.writer, .step = step};
  if (::write(task.pipe, &record, sizeof record) != sizeof record) std::_Exit(4);
}

void fail(const Task& task, std::uint64_t step, const Error& error) {
  std::fprintf(stderr, "crash_writer: writer %u step %llu: %s\n", task.writer,
               static_cast<unsigned long long>(step), error.to_string().c_str());
  tell(task, CrashRecord::Kind::failed, step);
  std::_Exit(3);
}

void write_for_ever(const Session& session, const Space& space, Task task) {
  const bool deferred = task.writer == kWriters - 1;
  for (std::uint64_t step = task.step;; ++step) {
    tell(task, CrashRecord::Kind::begun, step);
    const Status taken = take(space, writer_step(task.seed, task.writer, step));
    if (!taken.ok()) fail(task, step, taken.error());
    if (deferred) {
      if ((step + 1) % kDeferredBatch != 0) continue;
      const Status durable = session.wait();
      if (!durable.ok()) fail(task, step, durable.error());
    }
    tell(task, CrashRecord::Kind::acknowledged, step);
  }
}

constexpr const char* kForgetfulSpace = "forgetful";

// In a space that keeps next to nothing of its past, so that kills also meet the erasing of what its
// floor has passed. Packs and attachments only: the objects in the folder are counted.
Status let_go_for_ever(const Space& space) {
  for (std::uint64_t round = 0;; ++round) {
    const std::string folder = "/" + std::to_string(round % 3);
    for (const std::uint64_t size_bytes : {40'000u, 100u, 50'000u}) {
      const std::string bytes = content(round, size_bytes);
      SPIND_TRY(space.put(folder + "/deep/file", bytes, {.make_parents = true}));
      SPIND_TRY(space.put("/kept", bytes));
    }
    SPIND_TRY_ASSIGN(const Written kept, space.put("/kept", "now"));
    SPIND_TRY(space.remove_version("/kept", kept.version - 1));
    SPIND_TRY(space.remove_version("/kept", kept.version - 2));
    SPIND_TRY(space.remove_version("/kept", kept.version - 3));
    SPIND_TRY_ASSIGN(const Written removed, space.remove(folder));
    if (round % 5 == 0) SPIND_TRY(space.rewind({.entry = removed.entry - 3}));
    if (round % 5 == 0) SPIND_TRY(space.rewind({.entry = removed.entry}));
    SPIND_TRY(space.purge(Ref::node(removed.node)));
  }
}

void come_and_go_for_ever(const Session& session, const Task& task) {
  for (std::uint64_t round = 0;; ++round) {
    const Status gone = come_and_go(session, round);
    if (!gone.ok()) fail(task, 0, gone.error());
  }
}

void look_after_for_ever(const Store& store, const Task& task) {
  for (;;) {
    const Status done = look_after(store);
    if (!done.ok()) fail(task, 0, done.error());
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

void let_go(const Session& session, const Task& task) {
  Result<Space> space = session.space_by_alias(kForgetfulSpace);
  if (space.code() == Code::not_found) {
    SpaceOptions options{.alias = kForgetfulSpace};
    options.floor = {INT64_MAX, 8};
    space = session.create_space(options);
  }
  if (!space.ok()) fail(task, 0, space.error());
  const Status ended = let_go_for_ever(*space);
  if (!ended.ok()) fail(task, 0, ended.error());
}

int run(const std::string& folder, Task first, const std::vector<std::uint64_t>& steps) {
  StoreOptions options{.create = true};
  options.memory_bytes = 256ull << 20;
  options.free_space_reserve_bytes = 0;
  options.upkeep_period = std::chrono::milliseconds(5);
  Result<Store> store = Store::open(folder, options);
  if (!store.ok()) fail(first, 0, store.error());
  std::vector<std::thread> threads;
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
    threads.emplace_back(write_for_ever, session, *space, task);
  }
  threads.emplace_back(let_go, store->session({.user = "ada"}).value(), first);
  threads.emplace_back(come_and_go_for_ever, store->session({.user = "ada"}).value(), first);
  threads.emplace_back([&] { look_after_for_ever(*store, first); });
  for (std::thread& thread : threads) thread.join();
  return 0;
}

}  // namespace
}  // namespace spind::test

int main(int argc, char** argv) {
  using namespace spind::test;
  if (argc != 4 + static_cast<int>(kWriters)) return 2;
  std::vector<std::uint64_t> steps;
  for (int i = 4; i < argc; ++i) steps.push_back(std::strtoull(argv[i], nullptr, 10));
  return run(argv[1], {std::strtoull(argv[2], nullptr, 10), std::atoi(argv[3]), 0, 0}, steps);
}
