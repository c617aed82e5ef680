// The one way in which a space changes: decide, make an entry, apply it, commit.
//
// A verb brings `decide`; all else is here. See DESIGN in lib/README.md, "the way of a write".
#pragma once

#include "model/entry.h"
#include "ops/context.h"
#include "space/state.h"

namespace spind::ops {

// What the entry will say of itself; taken under the ownership of the space.
struct Moment {
  EntryNumber number = 0;
  std::int64_t wall_ns = 0;  // the clock
  std::int64_t time_ns = 0;  // never goes back within the space
};

// What a verb decided. Without changes there is nothing to do.
struct Decision {
  std::vector<model::Change> changes{};
  std::vector<std::string> attachments{};  // rows, numbered from 0
  std::vector<model::Digest> manifests{};  // of those that are manifests
  Written written{};                       // the answer, but for `entry` and `ticket`
  bool visible = true;                     // else readers and those who follow see nothing of it
};

// Runs inside the commit and may run more than once: it reads the state and changes nothing else.
using Decide = std::function<Result<Decision>(space::State& state, const Moment& moment)>;

struct Request {
  SpaceId space;
  model::EntryType type = model::EntryType::file_put;
  std::string_view request_id{};
  // Rows outside the space that belong to the same commit (the catalogue), and their partition.
  std::string also_owned{};
  std::function<Status(kv::Transaction& rows, space::State& state)> also{};
  bool creates_space = false;
  Wanted wanted = Wanted::nodes;
  bool uses_reserve = false;  // makes room, so it may use what is kept free on the device
};

// The answer rests on durable state, refusals included; a deferred call that is not refused answers
// at once, with the ticket of what it rests on.
Result<Written> commit(const Context& context, const Call& call, const Request& request,
                       const Decide& decide);

}  // namespace spind::ops
