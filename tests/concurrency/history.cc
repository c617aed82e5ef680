#include "concurrency/history.h"

#include <atomic>
#include <thread>

#include "support/store/asker.h"

namespace spind::test {
std::vector<Event> record_history(const Space& space, std::uint64_t seed, std::uint32_t threads,
                                  std::uint32_t events_per_thread) {
  std::atomic<std::uint64_t> moment{0};
  std::vector<std::vector<Event>> heard(threads);
  std::vector<std::thread> running;
  for (std::uint32_t thread = 0; thread < threads; ++thread) {
    running.emplace_back([&, thread] {
      // A copy shows what was there when it began, so no one moment explains it.
      Asker asker(seed * 64 + thread, 0);
      for (std::uint32_t i = 0; i < events_per_thread; ++i) {
        Event event{.request = asker.next(), .answer = {}};
        event.begin = moment++;
        event.answer = run(space, event.request);
        event.end = moment++;
        asker.hear(event.answer);
        heard[thread].push_back(std::move(event));
      }
    });
  }
  for (std::thread& thread : running) thread.join();
  std::vector<Event> all;
  for (std::vector<Event>& some : heard)
    all.insert(all.end(), std::make_move_iterator(some.begin()),
               std::make_move_iterator(some.end()));
  return all;
}

}  // namespace spind::test
