#include "concurrency/history.h"

#include <atomic>
#include <thread>

#include "model/model_space.h"
#include "support/store/asker.h"

namespace spind::test {
namespace {

// To one of the entries whose states the model remembers, or one that may not have happened yet.
EntryNumber point_to_rewind_to(std::mt19937_64& random) {
  return std::max<EntryNumber>(1, ModelSpace::kRememberedEvery * (random() % 25));
}

Answer rewind(const Space& space, EntryNumber to) {
  const Result<Written> rewound = space.rewind({.entry = to});
  if (rewound.ok()) return {.text = {}, .written = *rewound};
  return {.code = rewound.code(), .text = rewound.error().to_string()};
}

}  // namespace

std::vector<Event> record_history(const Space& space, std::uint64_t seed, std::uint32_t threads,
                                  std::uint32_t events_per_thread) {
  std::atomic<std::uint64_t> moment{0};
  std::vector<std::vector<Event>> heard(threads);
  std::vector<std::thread> running;
  for (std::uint32_t thread = 0; thread < threads; ++thread) {
    running.emplace_back([&, thread] {
      // A copy shows what was there when it began, so no one moment explains it.
      Asker asker(seed * 64 + thread, 0);
      std::mt19937_64 random(seed * 64 + thread);
      for (std::uint32_t i = 0; i < events_per_thread; ++i) {
        Event event{.request = asker.next(), .answer = {}};
        if (random() % 64 == 0) event.rewind_to = point_to_rewind_to(random);
        event.begin = moment++;
        event.answer =
            event.rewind_to != 0 ? rewind(space, event.rewind_to) : run(space, event.request);
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
