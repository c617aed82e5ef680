#include "spind/session.h"

#include "base/try.h"
#include "engine/engine.h"

namespace spind {

using engine::Verb;

Session::Session(std::shared_ptr<engine::SessionState> state) : state_(std::move(state)) {}

Result<Space> Session::create_space(const SpaceOptions& options) const {
  engine::Engine& engine = *state_->engine;
  return state_->run(Verb::create_space, [&]() -> Result<Space> {
    SPIND_TRY_ASSIGN(const SpaceId id, ops::create_space(engine.context(), state_->call, options));
    return Space(std::make_shared<engine::SpaceState>(engine::SpaceState{state_, id}));
  });
}

Result<Space> Session::space(const SpaceId& id) const {
  engine::Engine& engine = *state_->engine;
  return state_->run(Verb::space, [&]() -> Result<Space> {
    SPIND_TRY(ops::enter(engine.context(), state_->call, id, ops::Wanted::space_itself));
    return Space(std::make_shared<engine::SpaceState>(engine::SpaceState{state_, id}));
  });
}

Result<Space> Session::space_by_alias(std::string_view alias) const {
  engine::Engine& engine = *state_->engine;
  return state_->run(Verb::space_by_alias, [&]() -> Result<Space> {
    SPIND_TRY_ASSIGN(const SpaceId id, ops::space_by_alias(engine.context(), state_->call, alias));
    return Space(std::make_shared<engine::SpaceState>(engine::SpaceState{state_, id}));
  });
}

Result<PageOf<SpaceInfo>> Session::list_spaces(const SpaceFilter& filter, std::size_t count_max,
                                               std::string_view after) const {
  engine::Engine& engine = *state_->engine;
  return state_->run(Verb::list_spaces, [&] {
    return ops::list_spaces(engine.context(), state_->call, filter, count_max, after);
  });
}

Result<PageOf<Favourite>> Session::favourites(std::size_t count_max, std::string_view after) const {
  engine::Engine& engine = *state_->engine;
  return state_->run(Verb::favourites, [&] {
    return ops::favourites(engine.context(), state_->call, count_max, after);
  });
}

Status Session::wait() const {
  SPIND_TRY_ASSIGN(const Ticket last, state_->last());
  return wait(last);
}

Status Session::wait(Ticket ticket) const {
  engine::Engine& engine = *state_->engine;
  return state_->run(Verb::wait,
                     [&] { return engine.kv().wait(ticket, state_->call.deadline_monotonic_ns); });
}

void Session::on_durable(Ticket ticket, std::function<void(Status)> done) const {
  if (done == nullptr) return;
  engine::Engine& engine = *state_->engine;
  Status admitted = state_->run(Verb::on_durable, [&] {
    engine.kv().on_durable(ticket, done);
    return Status();
  });
  if (!admitted.ok()) done(std::move(admitted));
}

}  // namespace spind
