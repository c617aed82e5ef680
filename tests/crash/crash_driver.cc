#include "crash/crash_driver.h"

#include <sys/wait.h>

#include <csignal>
#include <filesystem>

#include "spind/blob_places.h"

namespace spind::test {

CrashDriver::CrashDriver(std::uint64_t seed, bool far)
    : seed_(seed), far_(far), random_(seed), ledger_(seed) {
  if (far_) std::filesystem::create_directories(folder_ / "far");
}

void CrashDriver::kill_once(Aftermath& tally) {
  run_writer(tally);
  judge(tally);
}

void CrashDriver::run_writer(Aftermath& tally) {
  std::vector<std::string> words = {SPIND_CRASH_WRITER, folder_ / "store", blob_folder(),
                                    std::to_string(seed_)};
  for (std::uint32_t writer = 0; writer < kWriters; ++writer)
    words.push_back(std::to_string(ledger_.next_step(writer)));
  WorkerProcess process(std::move(words));
  listen(process, tally);
  const int status = process.wait();
  if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
    tally.note("the writer ended by itself, status " + std::to_string(status));
  ++tally.kills;
}

// Reads until the pipe ends, and kills the writer on the way: mostly some time after some steps were
// acknowledged, at times while it is still opening the store.
void CrashDriver::listen(WorkerProcess& process, Aftermath& tally) {
  using Time = WorkerProcess::Time;
  const bool early = random_() % 8 == 0;
  Time::time_point kill_at = Time::now() + std::chrono::seconds(60);
  if (early) kill_at = Time::now() + std::chrono::microseconds(random_() % 200'000);
  bool moment_known = early;
  const std::uint64_t wanted = ledger_.acknowledged_count() + 1 + random_() % 8;
  for (;;) {
    WorkerRecord record;
    switch (process.hear(record, kill_at)) {
      case WorkerProcess::Heard::end: return;
      case WorkerProcess::Heard::nothing:
        process.kill();
        kill_at = Time::time_point::max();
        moment_known = true;
        continue;
      case WorkerProcess::Heard::record: take_note(record, ledger_, tally); break;
    }
    if (moment_known || ledger_.acknowledged_count() < wanted) continue;
    kill_at = Time::now() + std::chrono::microseconds(random_() % 150'000);
    moment_known = true;
  }
}

void CrashDriver::judge(Aftermath& tally) {
  StoreOptions options{.create = true};
  options.memory_bytes = 256ull << 20;
  options.free_space_reserve_bytes = 0;
  if (far_) {
    auto blobs = folder_blobs(blob_folder());
    if (!blobs.ok()) return tally.note("blobs: " + blobs.error().to_string());
    options.blobs = *std::move(blobs);
  }
  Result<Store> store = Store::open(folder_ / "store", options);
  if (!store.ok()) return tally.note("open: " + store.error().to_string());
  look_at(*store, ledger_, tally);
  count_objects(folder_ / (far_ ? "far" : "store"), ledger_, tally);
}

}  // namespace spind::test
