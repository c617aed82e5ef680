// What put shares with the uploads that end as one, and with copies.
#pragma once

#include "ops/commit.h"

namespace spind::ops {

// Refuses what the commit of the same put would refuse for its target.
Status check_target(space::NodeSource& source, const model::SpaceRecord& info, const Call& call,
                    const Ref& file, const PutOptions& options);
// The size that was declared, and the checksums that were given.
Status check_content(const PutOptions& options, const content::Stored& stored, const Ref& file);

// How a version names what was stored, but for the id of its attachment; and the row that goes
// there.
struct NamedContent {
  model::ContentRef content{};
  std::string row{};
};
NamedContent name_content(const content::Stored& stored);

// Inside the commit. `author` is who wrote the version.
Result<Decision> decide_put(const Context& context, const Call& call, std::string_view author,
                            const Ref& file, const PutOptions& options,
                            const content::Stored& stored, space::State& state,
                            const Moment& moment);

}  // namespace spind::ops
