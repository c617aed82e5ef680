// Runs a few actors so that exactly one of them goes on at a time, from step to step, in an order
// that is chosen: all orders with few preemptions, one after the other, and others at random.
//
//   const Explored explored = explore({.preemptions_max = 2, .time = 5s}, [](Guide& guide) {
//     Stage stage(guide);
//     stage.play({{[&] { ... }}, {[&] { ... }}});
//     return everything_is_well() ? "" : "...";
//   });
//
// An actor is a thread. It stops at each call of step(), which the seams that it calls make, and
// goes on when it is chosen. One that falls asleep in between waits for another, as for a lock that
// an actor holds which stands at a step: it can only be chosen again when it has been woken. So
// nothing is asked of the code between two steps.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace spind::test {

// Others can see what the calling actor does next, so it stops here until it is chosen. Nothing in
// a thread that is no actor. `what` is a literal.
void step(std::string_view what);

// Who was chosen at each step, by numbers. Printed "0x12 1x3": actor 0 for twelve steps, then 1.
using Choices = std::vector<std::uint8_t>;
std::string print(const Choices& choices);
// None if the text is not of that form.
std::optional<Choices> parse_choices(std::string_view text);

// Chooses, and remembers what there was to choose from. One thread at a time.
class Guide {
 public:
  // Follows `choices` to their end. From there on an actor goes on as long as it can, then the
  // first that can; with `random`, now and then another one.
  explicit Guide(Choices choices, std::mt19937_64* random = nullptr)
      : every_step(random != nullptr), wanted_(std::move(choices)), random_(random) {}

  // Actors stop at what they pass over as well.
  bool every_step = false;

  // `ready` has a bit for each actor that can go on; at least one. `what` it would do next.
  std::size_t choose(std::uint32_t ready);
  void note(std::string_view what) { whats_.push_back(what); }

  struct Turn {
    std::uint8_t chosen = 0;
    std::uint32_t ready = 0;
    std::optional<std::uint8_t> last;  // who went before, if it could have gone on
  };
  const std::vector<Turn>& turns() const { return turns_; }
  Choices choices() const;
  // Choices that could not be followed, since the actor slept.
  std::uint64_t missed() const { return missed_; }
  // What happened, a line for each step.
  std::string story() const;

 private:
  std::size_t prefer(std::uint32_t ready) const;

  const Choices wanted_;
  std::mt19937_64* const random_;
  std::vector<Turn> turns_;
  std::vector<std::string_view> whats_;
  std::uint64_t missed_ = 0;
};

struct Actor {
  std::function<void()> act;
  // Steps at which it does not stop, so that there are fewer schedules.
  std::vector<std::string_view> passes_over{};
};

// One play of actors.
class Stage {
 public:
  explicit Stage(Guide& guide);
  ~Stage();
  // Returns when all have done what they came for. Ends the process if they wait for each other.
  void play(std::vector<Actor> actors);

 private:
  friend void step(std::string_view what);
  enum class State : std::uint8_t { coming, ready, runs, sleeps, done };
  struct Seat;

  void enter(Seat& seat, const Actor& actor);
  void stop_at(Seat& seat, std::string_view what);
  void leave(Seat& seat);
  void pass_on(Seat& seat);
  void give_up();
  void choose();
  bool any(State state) const;
  bool fell_asleep(Seat& seat, std::unique_lock<std::mutex>& lock);
  bool look_after_sleepers(std::unique_lock<std::mutex>& lock);

  Guide& guide_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::vector<std::unique_ptr<Seat>> seats_;
  Seat* runs_ = nullptr;
  std::uint64_t arrivals_ = 0;  // at steps and at the end
};

struct Exploration {
  std::uint32_t preemptions_min = 0;  // all schedules with so many are run, however long it takes
  std::uint32_t preemptions_max = 2;
  std::uint32_t random_min = 0;
  std::chrono::milliseconds time{1000};  // of the processor, for all of it
  std::uint64_t seed = 0;
};

struct Explored {
  std::uint64_t schedules = 0;        // with few preemptions, all different
  std::uint64_t random_ones = 0;      // beyond
  std::int64_t preemptions_all = -1;  // all schedules with so many were run
  std::uint64_t steps_max = 0;        // of one schedule
  std::uint64_t missed = 0;           // schedules that could not be followed
  Choices failed;                     // of the one that went wrong, if one did
  bool every_step = false;            // it was one that stops at every step
  std::string wrong, story;
};

// Plays again and again until all schedules with so many preemptions were run, then at random,
// until the time is over or `play` answers what went wrong. First those without a preemption, then
// those with one, and so on; where the time is too short for all with one more, it takes a random
// part of them, in eight tenths of the time.
Explored explore(const Exploration& wish, const std::function<std::string(Guide&)>& play);

}  // namespace spind::test
