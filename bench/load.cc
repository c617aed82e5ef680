#include "load.h"

#include <pthread.h>
#include <sys/resource.h>

#include <algorithm>
#include <barrier>
#include <chrono>
#include <cstring>
#include <random>
#include <thread>

namespace spind::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr std::size_t kPoolBytes = 4u << 20;

struct Worker {
  std::uint64_t calls = 0;
  std::vector<float> latencies_ms;
  SteadyClock::time_point end;
};

float millis(SteadyClock::duration time) {
  return std::chrono::duration<float, std::milli>(time).count();
}

void work(const Load& load, const Call& call, unsigned thread, SteadyClock::time_point deadline,
          Worker& worker) {
  ::pthread_setname_np(::pthread_self(), "load");  // so that a profiler can tell who it is
  auto now = SteadyClock::now();
  while (now < deadline && (load.over == nullptr || !*load.over)) {
    const auto begin = now;
    call(thread, worker.calls++);
    now = SteadyClock::now();
    worker.latencies_ms.push_back(millis(now - begin));
    for (unsigned i = 1; i < load.time_each_nth; ++i) call(thread, worker.calls++);
    if (load.time_each_nth > 1) now = SteadyClock::now();
  }
  worker.end = now;
}

double processor_ms() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto millis = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3;
  };
  return millis(used.ru_utime) + millis(used.ru_stime);
}

double percentile(std::vector<float>& values, double part) {
  if (values.empty()) return 0;
  const auto index = static_cast<std::size_t>(part * static_cast<double>(values.size() - 1));
  const auto nth = values.begin() + static_cast<std::ptrdiff_t>(index);
  std::nth_element(values.begin(), nth, values.end());
  return static_cast<double>(*nth);
}

}  // namespace

Sample run_load(const Load& load, const Call& call) {
  const double cpu_before_ms = processor_ms();
  std::vector<Worker> workers(load.threads);
  SteadyClock::time_point start;
  std::barrier begin(static_cast<std::ptrdiff_t>(load.threads),
                     [&start]() noexcept { start = SteadyClock::now(); });
  const auto length = std::chrono::duration_cast<SteadyClock::duration>(
      std::chrono::duration<double>(load.seconds));
  std::vector<std::thread> threads;
  for (unsigned thread = 0; thread < load.threads; ++thread) {
    threads.emplace_back([&, thread] {
      begin.arrive_and_wait();
      work(load, call, thread, start + length, workers[thread]);
    });
  }
  for (std::thread& thread : threads) thread.join();

  std::uint64_t calls = 0;
  std::vector<float> latencies_ms;
  SteadyClock::time_point end = start;
  for (Worker& worker : workers) {
    calls += worker.calls;
    latencies_ms.insert(latencies_ms.end(), worker.latencies_ms.begin(), worker.latencies_ms.end());
    end = std::max(end, worker.end);
  }
  const double cpu_ms = processor_ms() - cpu_before_ms;
  const double seconds = std::chrono::duration<double>(end - start).count();
  return {.rate = static_cast<double>(calls) * load.units_per_call / seconds,
          .p99_ms = percentile(latencies_ms, 0.99),
          .p50_ms = percentile(latencies_ms, 0.5),
          .cpu_ms = calls > 0 ? cpu_ms / static_cast<double>(calls) : 0};
}

RandomBytes::RandomBytes(std::uint64_t seed) : pool_(kPoolBytes) {
  std::mt19937_64 random(seed);
  for (std::size_t at = 0; at < pool_.size(); at += sizeof(std::uint64_t)) {
    const std::uint64_t word = random();
    std::memcpy(pool_.data() + at, &word, sizeof word);
  }
}

std::span<const std::uint8_t> RandomBytes::slice(std::uint64_t which, std::size_t size_bytes,
                                                 std::vector<std::uint8_t>& room) const {
  room.resize(size_bytes);
  std::size_t from = static_cast<std::size_t>(which * 4099 % pool_.size());
  for (std::size_t at = 0; at < size_bytes;) {
    const std::size_t count = std::min(size_bytes - at, pool_.size() - from);
    std::memcpy(room.data() + at, pool_.data() + from, count);
    at += count;
    from = 0;
  }
  std::memcpy(room.data(), &which, std::min(sizeof which, size_bytes));
  return room;
}

}  // namespace spind::bench
