// Waiting for a space to change: on the spot, or through a watch.
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>

#include "base/errno_error.h"
#include "base/file_descriptor.h"
#include "base/limits.h"
#include "base/try.h"
#include "engine/deadline.h"
#include "engine/engine.h"
#include "spind/space.h"

namespace spind {

using engine::Verb;

namespace {

Result<RootVersion> look(const engine::SpaceState& space, const ops::Call& call) {
  engine::Engine& engine = *space.session->engine;
  return space.session->run(Verb::root_version,
                            [&] { return ops::root_version(engine.context(), call, space.id); });
}

// Who made a watch may look at the space for as long as the watch lives.
ops::Call call_of_watch(const engine::SessionState& session) {
  ops::Call call = session.call;
  call.deadline_monotonic_ns = 0;
  call.cancel.reset();
  return call;
}

// Looks at the space whenever it may have changed, and passes on what is new. Called by one thread
// at a time.
struct News {
  engine::SpaceState space;
  ops::Call call;
  EntryNumber told = 0;
  WatchCallback pass_on;

  void look_again() {
    const Result<RootVersion> now = look(space, call);
    if (now.ok() && now->number <= told) return;
    if (now.ok()) told = now->number;
    pass_on(now);
  }
};

}  // namespace

struct Watch::State {
  explicit State(std::shared_ptr<engine::SessionState> owner) : session(std::move(owner)) {}
  ~State() {
    if (ref != nullptr) session->engine->watchers().remove(ref);
  }

  std::shared_ptr<engine::SessionState> session;
  FileDescriptor event{};
  space::Watchers::WatchRef ref{};
};

Watch::Watch(std::unique_ptr<State> state) : state_(std::move(state)) {}
Watch::Watch(Watch&&) noexcept = default;
Watch& Watch::operator=(Watch&&) noexcept = default;
Watch::~Watch() = default;

int Watch::descriptor() const { return state_->event.get(); }

void Watch::clear() {
  std::uint64_t count = 0;
  // Nothing to read is as good as something.
  (void)!::read(state_->event.get(), &count, sizeof count);
}

Result<RootVersion> Space::wait(EntryNumber number, std::chrono::milliseconds timeout) const {
  engine::Engine& engine = *state_->session->engine;
  return state_->session->run(Verb::wait_changed, [&]() -> Result<RootVersion> {
    const std::int64_t deadline_ns = engine::deadline_after(engine.clock().monotonic_ns(), timeout);
    const space::Watchers::Sleeper sleeper(engine.watchers(), state_->id);
    for (;;) {
      const std::uint32_t seen = sleeper.seen();
      if (sleeper.closed()) return engine::Engine::closed_error();
      SPIND_TRY_ASSIGN(const RootVersion now,
                       ops::root_version(engine.context(), state_->session->call, state_->id));
      if (now.number > number) return now;
      const std::int64_t left_ns = deadline_ns - engine.clock().monotonic_ns();
      if (left_ns <= 0)
        return Error{.code = Code::deadline_exceeded, .text = "the space did not change in time"};
      sleeper.sleep(seen, std::min(left_ns, kWaitPollNs));
    }
  });
}

namespace {

Result<Watch> watch_with(const engine::SpaceState& space, std::unique_ptr<Watch::State> watch,
                         EntryNumber number, WatchCallback pass_on) {
  engine::Engine& engine = *space.session->engine;
  return space.session->run(Verb::watch, [&]() -> Result<Watch> {
    SPIND_TRY(ops::root_version(engine.context(), space.session->call, space.id));
    auto news = std::make_shared<News>(
        News{space, call_of_watch(*space.session), number, std::move(pass_on)});
    watch->ref = engine.watchers().add(space.id, [news] { news->look_again(); });
    if (watch->ref == nullptr) return engine::Engine::closed_error();
    return Watch(std::move(watch));
  });
}

}  // namespace

Result<Watch> Space::watch(EntryNumber number, WatchCallback told) const {
  if (told == nullptr) return Error{.code = Code::invalid_argument, .text = "no callback"};
  auto watch = std::make_unique<Watch::State>(state_->session);
  return watch_with(*state_, std::move(watch), number, std::move(told));
}

Result<Watch> Space::watch(EntryNumber number) const {
  auto watch = std::make_unique<Watch::State>(state_->session);
  watch->event = FileDescriptor::own(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!watch->event.valid()) return errno_error(errno, "make", "a descriptor for a watch");
  // A counter that is full already says that there is something new.
  const auto signal = [event = watch->event.get()](const Result<RootVersion>&) {
    const std::uint64_t one = 1;
    (void)!::write(event, &one, sizeof one);
  };
  return watch_with(*state_, std::move(watch), number, signal);
}

}  // namespace spind
