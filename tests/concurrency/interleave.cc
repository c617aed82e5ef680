#include "concurrency/interleave.h"

#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <thread>
#include <utility>

namespace spind::test {
namespace {

using SteadyClock = std::chrono::steady_clock;

// How often it is looked whether an actor sleeps, and how often it must then be seen asleep: who is
// held up for a moment only, by a lock of the memory allocator for instance, is not taken for one.
constexpr std::chrono::microseconds kLook{300};
constexpr int kLooks = 3;
// Actors that do nothing for so long wait for each other.
constexpr std::chrono::seconds kPatience{60};
// At random, an actor is left at one step out of so many.
constexpr std::uint32_t kStaysFor = 8;

// Whether the thread of this process sleeps, as the kernel sees it.
bool is_asleep(pid_t thread) {
  std::ifstream file("/proc/self/task/" + std::to_string(thread) + "/stat");
  std::string text;
  std::getline(file, text);
  const std::size_t name_end = text.rfind(')');  // a name may hold anything
  return name_end != std::string::npos && name_end + 2 < text.size() && text[name_end + 2] == 'S';
}

// So that a busy machine does not explore less.
std::chrono::nanoseconds processor_time() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

std::size_t first_of(std::uint32_t ready) { return static_cast<std::size_t>(__builtin_ctz(ready)); }

}  // namespace

// ---- choices ----

std::string print(const Choices& choices) {
  std::string text;
  for (auto first = choices.begin(); first != choices.end();) {
    const auto last =
        std::find_if(first, choices.end(), [&](auto actor) { return actor != *first; });
    if (!text.empty()) text += ' ';
    text += std::to_string(*first) + 'x' + std::to_string(last - first);
    first = last;
  }
  return text;
}

std::optional<Choices> parse_choices(std::string_view text) {
  Choices choices;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    std::uint8_t actor = 0;
    std::uint16_t count = 0;
    const auto name = std::from_chars(at, end, actor);
    if (name.ec != std::errc() || name.ptr == end || *name.ptr != 'x') return std::nullopt;
    const auto times = std::from_chars(name.ptr + 1, end, count);
    if (times.ec != std::errc() || (times.ptr != end && *times.ptr != ' ')) return std::nullopt;
    choices.insert(choices.end(), count, actor);
    at = times.ptr == end ? end : times.ptr + 1;
  }
  return choices;
}

std::size_t Guide::prefer(std::uint32_t ready) const {
  if (random_ != nullptr && (*random_)() % kStaysFor == 0) {
    std::size_t skip = (*random_)() % static_cast<std::size_t>(__builtin_popcount(ready));
    while (skip-- > 0) ready &= ready - 1;
    return first_of(ready);
  }
  const bool goes_on = !turns_.empty() && (ready >> turns_.back().chosen & 1) != 0;
  return goes_on ? turns_.back().chosen : first_of(ready);
}

std::size_t Guide::choose(std::uint32_t ready) {
  Turn turn{.chosen = 0, .ready = ready, .last = std::nullopt};
  if (!turns_.empty() && (ready >> turns_.back().chosen & 1) != 0) turn.last = turns_.back().chosen;
  std::size_t chosen = prefer(ready);
  if (turns_.size() < wanted_.size()) {
    const std::uint8_t wanted = wanted_[turns_.size()];
    if (wanted < 32 && (ready >> wanted & 1) != 0)
      chosen = wanted;
    else
      ++missed_;
  }
  turn.chosen = static_cast<std::uint8_t>(chosen);
  turns_.push_back(turn);
  return chosen;
}

Choices Guide::choices() const {
  Choices choices;
  for (const Turn& turn : turns_) choices.push_back(turn.chosen);
  return choices;
}

std::string Guide::story() const {
  std::string text;
  for (std::size_t i = 0; i < turns_.size() && i < whats_.size(); ++i)
    text += std::string(4 * turns_[i].chosen, ' ') + std::to_string(turns_[i].chosen) + ' ' +
            std::string(whats_[i]) + '\n';
  return text;
}

// ---- the stage ----

struct Stage::Seat {
  explicit Seat(Stage& on) : stage(on) {}

  Stage& stage;
  State state = State::coming;  // guarded by the stage, as is the next
  std::string_view what;
  std::vector<std::string_view> passes_over;  // set before it enters
  std::condition_variable chosen;
  std::atomic<bool> at_step{true};  // so that waiting to be chosen is no sleep
  std::atomic<pid_t> thread_id{0};
  std::thread thread;
};

namespace {
thread_local void* own_seat = nullptr;
}  // namespace

void step(std::string_view what) {
  auto* seat = static_cast<Stage::Seat*>(own_seat);
  if (seat == nullptr) return;
  const auto& dull = seat->passes_over;
  if (seat->stage.guide_.every_step || std::find(dull.begin(), dull.end(), what) == dull.end())
    seat->stage.stop_at(*seat, what);
}

Stage::Stage(Guide& guide) : guide_(guide) {}
Stage::~Stage() = default;

void Stage::play(std::vector<Actor> actors) {
  for (std::size_t i = 0; i < actors.size(); ++i) seats_.push_back(std::make_unique<Seat>(*this));
  for (std::size_t i = 0; i < actors.size(); ++i)
    seats_[i]->thread = std::thread([&, i] { enter(*seats_[i], actors[i]); });

  std::unique_lock lock(mutex_);
  std::uint64_t seen = 0;
  auto last_arrival = SteadyClock::now();
  while (!std::all_of(seats_.begin(), seats_.end(),
                      [](const auto& seat) { return seat->state == State::done; })) {
    changed_.wait_for(lock, kLook);
    if (any(State::coming)) continue;
    if (runs_ != nullptr && arrivals_ != std::exchange(seen, arrivals_)) {
      last_arrival = SteadyClock::now();
      continue;
    }
    if (SteadyClock::now() - last_arrival > kPatience) give_up();
    if (look_after_sleepers(lock) && runs_ == nullptr) choose();
  }
  lock.unlock();
  for (const auto& seat : seats_) seat->thread.join();
  seats_.clear();
}

void Stage::give_up() {
  std::cerr << "actors wait for each other:\n"
            << guide_.story() << print(guide_.choices()) << std::endl;
  std::abort();
}

void Stage::enter(Seat& seat, const Actor& actor) {
  seat.passes_over = actor.passes_over;
  seat.thread_id = gettid();
  own_seat = &seat;
  stop_at(seat, "begin");
  actor.act();
  leave(seat);
}

void Stage::stop_at(Seat& seat, std::string_view what) {
  seat.at_step = true;
  std::unique_lock lock(mutex_);
  ++arrivals_;
  seat.state = State::ready;
  seat.what = what;
  pass_on(seat);
  seat.chosen.wait(lock, [&] { return seat.state == State::runs; });
  seat.at_step = false;
}

void Stage::leave(Seat& seat) {
  seat.at_step = true;
  const std::lock_guard lock(mutex_);
  ++arrivals_;
  seat.state = State::done;
  own_seat = nullptr;
  pass_on(seat);
}

// Whoever runs chooses who runs next, if that can be said at once: what it did may have woken a
// sleeper, which then is on its way to its next step.
void Stage::pass_on(Seat& seat) {
  if (runs_ == &seat) {
    runs_ = nullptr;
    if (!any(State::sleeps) && !any(State::coming)) return choose();
  }
  changed_.notify_one();
}

void Stage::choose() {
  std::uint32_t ready = 0;
  for (std::size_t i = 0; i < seats_.size(); ++i)
    if (seats_[i]->state == State::ready) ready |= 1u << i;
  if (ready == 0) return changed_.notify_one();
  runs_ = seats_[guide_.choose(ready)].get();
  guide_.note(runs_->what);
  runs_->state = State::runs;
  runs_->chosen.notify_one();
}

bool Stage::any(State state) const {
  return std::any_of(seats_.begin(), seats_.end(),
                     [&](const auto& seat) { return seat->state == state; });
}

bool Stage::fell_asleep(Seat& seat, std::unique_lock<std::mutex>& lock) {
  const std::uint64_t before = arrivals_;
  lock.unlock();
  bool asleep = true;
  for (int look = 0; look < kLooks && asleep; ++look) {
    if (look > 0) std::this_thread::sleep_for(kLook / kLooks);
    asleep = is_asleep(seat.thread_id) && !seat.at_step;
  }
  lock.lock();
  return asleep && arrivals_ == before;
}

// Whether it is known of all where they are: nobody who was woken is on its way to a step.
bool Stage::look_after_sleepers(std::unique_lock<std::mutex>& lock) {
  for (const auto& seat : seats_) {
    if (seat->state == State::runs && fell_asleep(*seat, lock) && seat->state == State::runs) {
      seat->state = State::sleeps;
      runs_ = nullptr;
    }
    if (runs_ == nullptr && seat->state == State::sleeps && !fell_asleep(*seat, lock)) return false;
  }
  return true;
}

// ---- the exploration ----

namespace {

// A schedule that was run up to a step, where another actor is chosen.
struct Branch {
  std::shared_ptr<const Choices> run;
  std::size_t at = 0;
  std::uint8_t chosen = 0;

  Choices choices() const {
    if (run == nullptr) return {};
    Choices all(run->begin(), run->begin() + static_cast<std::ptrdiff_t>(at));
    all.push_back(chosen);
    return all;
  }
};

class Explorer {
 public:
  Explorer(const Exploration& wish, const std::function<std::string(Guide&)>& play)
      : wish_(wish), play_(play), random_(wish.seed), begun_(processor_time()) {}

  Explored run() {
    now_.push_back({});
    for (std::uint32_t preemptions = 0; preemptions <= wish_.preemptions_max; ++preemptions) {
      while (!now_.empty() && (preemptions <= wish_.preemptions_min || in_time(8))) {
        if (!run_one(take_one())) return std::move(explored_);
      }
      if (!now_.empty()) break;
      explored_.preemptions_all = preemptions;
      now_ = std::exchange(next_, {});
    }
    while (explored_.random_ones < wish_.random_min || in_time(10)) {
      Guide guide({}, &random_);
      ++explored_.random_ones;
      if (!judge(guide, play_(guide))) break;
    }
    return std::move(explored_);
  }

 private:
  // Within so many tenths of the time.
  bool in_time(int tenths) const { return processor_time() - begun_ < wish_.time * tenths / 10; }

  Branch take_one() {
    std::swap(now_[random_() % now_.size()], now_.back());
    Branch branch = std::move(now_.back());
    now_.pop_back();
    return branch;
  }

  bool run_one(const Branch& branch) {
    Choices choices = branch.choices();
    const std::size_t from = choices.size();
    Guide guide(std::move(choices));
    ++explored_.schedules;
    if (!judge(guide, play_(guide))) return false;
    // Each other choice behind what was given is a schedule of its own, which nobody else makes.
    const auto run = std::make_shared<const Choices>(guide.choices());
    for (std::size_t at = from; at < guide.turns().size(); ++at) {
      const Guide::Turn& turn = guide.turns()[at];
      for (std::uint8_t actor = 0; turn.ready >> actor != 0; ++actor)
        if ((turn.ready >> actor & 1) != 0 && actor != turn.chosen)
          (turn.last ? next_ : now_).push_back({run, at, actor});
    }
    return true;
  }

  bool judge(const Guide& guide, std::string wrong) {
    explored_.steps_max = std::max<std::uint64_t>(explored_.steps_max, guide.turns().size());
    explored_.missed += guide.missed() > 0 ? 1 : 0;
    if (wrong.empty()) return true;
    explored_.failed = guide.choices();
    explored_.every_step = guide.every_step;
    explored_.wrong = std::move(wrong);
    explored_.story = guide.story();
    return false;
  }

  const Exploration wish_;
  const std::function<std::string(Guide&)>& play_;
  std::mt19937_64 random_;
  const std::chrono::nanoseconds begun_;
  std::vector<Branch> now_, next_;  // with as many preemptions as now, and with one more
  Explored explored_;
};

}  // namespace

Explored explore(const Exploration& wish, const std::function<std::string(Guide&)>& play) {
  return Explorer(wish, play).run();
}

}  // namespace spind::test
