#include "base/try.h"
#include "engine/engine.h"
#include "spind/space.h"

namespace spind {

using engine::Verb;

struct Walk::State final : engine::Guest {
  State(std::shared_ptr<engine::SessionState> owner, ops::Walker begun)
      : session(std::move(owner)), walker(std::move(begun)) {
    session->engine->admit(*this);
  }
  ~State() override { session->engine->dismiss(*this); }
  void let_go() override { walker.reset(); }

  std::shared_ptr<engine::SessionState> session;
  std::optional<ops::Walker> walker;
};

Walk::Walk(std::unique_ptr<State> state) : state_(std::move(state)) {}
Walk::Walk(Walk&&) noexcept = default;
Walk& Walk::operator=(Walk&&) noexcept = default;
Walk::~Walk() = default;

Result<std::optional<Walk::Item>> Walk::next() {
  return state_->session->run(Verb::walk, [&]() -> Result<std::optional<Item>> {
    SPIND_TRY_ASSIGN(auto item, state_->walker->next());
    if (!item) return std::optional<Item>{};
    return std::optional(Item{std::move(item->node), std::move(item->path), item->depth});
  });
}

Result<Walk> Space::walk(const Ref& node) const {
  engine::SessionState& session = *state_->session;
  return session.run(Verb::walk, [&]() -> Result<Walk> {
    SPIND_TRY_ASSIGN(ops::Walker walker,
                     ops::Walker::start(session.engine->context(), session.call, state_->id, node));
    return Walk(std::make_unique<Walk::State>(state_->session, std::move(walker)));
  });
}

}  // namespace spind
