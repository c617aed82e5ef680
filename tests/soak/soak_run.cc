#include "soak/soak_run.h"

#include <sys/wait.h>

#include <csignal>

#include "support/store/test_store.h"

namespace spind::test {

SoakRun::SoakRun(std::uint64_t seed)
    : seed_(seed),
      begin_(Time::now()),
      random_(seed),
      begin_ns_(Clock::system().monotonic_ns()),
      ledger_(seed, Ledger::Earlier::newest) {}

// While no process runs, the clock is set: ahead by up to two days, or back by up to an hour.
std::vector<std::string> SoakRun::command() {
  const bool back = random_() % 4 == 0;
  const auto part = static_cast<std::int64_t>(random_() % 1'000);
  ahead_ns_ += back ? -part * (kHour_ns / 1'000) : part * (2 * kDay_ns / 1'000);
  ++now_.clock_jumps;
  std::vector<std::string> words = {SPIND_SOAK_WORKER, folder_ / "store", std::to_string(seed_),
                                    std::to_string(begin_ns_), std::to_string(ahead_ns_)};
  for (std::uint32_t writer = 0; writer < kWriters; ++writer)
    words.push_back(std::to_string(ledger_.next_step(writer)));
  return words;
}

void SoakRun::short_life() {
  WorkerProcess worker(command());
  Time::time_point kill_at = Time::now() + std::chrono::seconds(60);
  for (bool moment_known = false;; moment_known = true) {
    WorkerRecord record;
    const WorkerProcess::Heard heard = worker.hear(record, kill_at);
    if (heard == WorkerProcess::Heard::end) break;
    if (heard == WorkerProcess::Heard::nothing) {
      worker.kill();
      kill_at = Time::time_point::max();
      continue;
    }
    take(record);
    if (record.kind == WorkerRecord::Kind::quiet) worker.say('g');
    if (!moment_known) kill_at = Time::now() + std::chrono::milliseconds(random_() % 2'000);
  }
  const int status = worker.wait();
  if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
    aftermath_.note("the worker ended by itself, status " + std::to_string(status));
  ++now_.kills;
  ++aftermath_.kills;
  judge();
}

void SoakRun::long_life(std::chrono::seconds length, std::size_t samples_min) {
  WorkerProcess worker(command());
  const std::size_t before = samples_.size();
  const Time::time_point end = Time::now() + length;
  WorkerRecord record;
  while (worker.hear(record, Time::time_point::max()) == WorkerProcess::Heard::record) {
    take(record);
    if (record.kind != WorkerRecord::Kind::quiet) continue;
    sample(worker);
    const bool over = Time::now() >= end && samples_.size() - before >= samples_min;
    worker.say(over ? 's' : 'g');
  }
  if (const int status = worker.wait(); status != 0)
    aftermath_.note("the worker ended with status " + std::to_string(status));
  const std::string risen = risen_in_process(std::span(samples_).subspan(before));
  if (!risen.empty()) aftermath_.note("in one process " + risen);
  judge();
}

void SoakRun::take(const WorkerRecord& record) {
  take_note(record, ledger_, aftermath_);
  if (record.kind == WorkerRecord::Kind::full_disk) ++now_.full_disks;
  if (record.kind == WorkerRecord::Kind::clock_jump) ++now_.clock_jumps;
  if (record.kind == WorkerRecord::Kind::quiet) now_.verbs += record.step;
}

void SoakRun::sample(const WorkerProcess& worker) {
  now_.seconds = std::chrono::duration<double>(Time::now() - begin_).count();
  measure(worker.id(), folder_ / "store", now_);
  samples_.push_back(now_);
}

void SoakRun::judge() {
  SoakClock clock(begin_ns_, ahead_ns_);
  StoreOptions options{.create = true};
  options.memory_bytes = 64ull << 20;
  const Result<Store> store = engine::open_with(folder_ / "store", options, seams_with(clock));
  if (!store.ok()) return aftermath_.note("open: " + store.error().to_string());
  look_at(*store, ledger_, aftermath_);
}

}  // namespace spind::test
