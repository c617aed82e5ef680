#include "concurrency/history.h"

#include <atomic>
#include <string>
#include <thread>

namespace spind::test {
namespace {

// Makes the requests of one thread: few names and few ids, so that all threads meet at them.
class Asker {
 public:
  explicit Asker(std::uint64_t seed) : random_(seed) {}

  Request next() {
    // How often each verb is asked, in the order of Verb. A copy shows what was there when it began,
    // so no one moment explains it.
    constexpr std::uint32_t kWeights[kVerbCount] = {14, 4, 6, 3, 8, 2, 3, 22, 4, 14,
                                                    16, 0, 6, 3, 3, 3, 2, 6,  6, 1};
    Request request;
    std::uint32_t at = below(126);
    while (at >= kWeights[static_cast<std::size_t>(request.verb)]) {
      at -= kWeights[static_cast<std::size_t>(request.verb)];
      request.verb = static_cast<Verb>(static_cast<std::uint8_t>(request.verb) + 1);
    }
    request.ref = reference();
    request.to = reference();
    request.content_seed = below(1000);
    request.size_bytes = below(10) == 0 ? 20'000 : below(50);
    request.replace = below(2) == 0;
    request.exist_ok = below(2) == 0;
    request.only_if_empty = below(3) == 0;
    request.mtime_ns = 1 + below(5);
    request.options.make_parents = below(3) == 0;
    if (request.verb >= Verb::restore_version) request.version = 1 + below(3);
    request.mark.pinned = below(2) == 0;
    if (below(2) == 0)
      request.properties = {{"tag:a", std::nullopt}};
    else
      request.properties = {{"tag:a", ""}, {"colour", std::to_string(below(3))}};
    request.elsewhere = request.verb == Verb::restore && below(2) == 0;
    request.on_conflict = static_cast<OnConflict>(below(4));
    if (below(8) == 0)
      request.options.conditions.if_match = below(4) == 0 ? std::string("*") : last_etag_;
    if (below(8) == 0) request.options.conditions.if_none_match = std::string("*");
    return request;
  }
  void hear(const Answer& answer) {
    if (answer.node.id != 0) last_etag_ = answer.node.etag();
  }

 private:
  std::uint32_t below(std::uint32_t bound) { return static_cast<std::uint32_t>(random_() % bound); }
  Ref reference() {
    static const std::string kNames[] = {"a", "b", "c"};
    std::string path;
    for (std::uint32_t i = below(3) + 1; i > 0; --i) path += "/" + kNames[below(3)];
    switch (below(5)) {
      case 0: return Ref::node(1 + below(40));
      case 1: return Ref::below(1 + below(40), kNames[below(3)]);
      default: return Ref(path);
    }
  }

  std::mt19937_64 random_;
  std::string last_etag_ = "\"none yet\"";
};

}  // namespace

std::vector<Event> record_history(const Space& space, std::uint64_t seed, std::uint32_t threads,
                                  std::uint32_t events_per_thread) {
  std::atomic<std::uint64_t> moment{0};
  std::vector<std::vector<Event>> heard(threads);
  std::vector<std::thread> running;
  for (std::uint32_t thread = 0; thread < threads; ++thread) {
    running.emplace_back([&, thread] {
      Asker asker(seed * 64 + thread);
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
