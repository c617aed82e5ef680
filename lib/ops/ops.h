// The verbs, one file each: put.cc, move.cc, … A changing verb decides and commits (commit.h); a
// reading verb looks at the newest durable snapshot.
//
// Knows spaces, rights, the journal and content; must not know how a store is opened or who calls.
// Arguments and errors are those of the public headers.
#pragma once

#include "ops/context.h"
#include "ops/past.h"
#include "ops/read.h"
#include "ops/walk.h"

namespace spind::ops {

// Spaces.
Result<SpaceId> create_space(const Context& context, const Call& call, const SpaceOptions& options);
Result<Written> update_space(const Context& context, const Call& call, const SpaceId& space,
                             const SpaceChange& change);
Result<SpaceInfo> space_info(const Context& context, const Call& call, const SpaceId& space);
Result<SpaceId> space_by_alias(const Context& context, const Call& call, std::string_view alias);
Result<PageOf<SpaceInfo>> list_spaces(const Context& context, const Call& call,
                                      const SpaceFilter& filter, std::size_t count_max,
                                      std::string_view after);

// Reading the tree.
Result<NodeInfo> stat(const Context& context, const Call& call, const SpaceId& space,
                      const Ref& node);
Result<std::string> path(const Context& context, const Call& call, const SpaceId& space,
                         const Ref& node);
Result<Page> list(const Context& context, const Call& call, const SpaceId& space, const Ref& folder,
                  const ListOptions& options);

// Changing it.
Result<Written> make_folder(const Context& context, const Call& call, const SpaceId& space,
                            const Ref& folder, const FolderOptions& options);
Result<Written> move(const Context& context, const Call& call, const SpaceId& space,
                     const Ref& from, const Ref& to, const MoveOptions& options);
Result<Written> remove(const Context& context, const Call& call, const SpaceId& space,
                       const Ref& node, const RemoveOptions& options);
Result<Written> set_mtime(const Context& context, const Call& call, const SpaceId& space,
                          const Ref& node, std::int64_t mtime_ns, const TouchOptions& options);

// The past.
Result<std::shared_ptr<const Past>> look_back(const Context& context, const Call& call,
                                              const SpaceId& space, const Point& point,
                                              const ViewOptions& options);
Result<Written> rewind(const Context& context, const Call& call, const SpaceId& space,
                       const Point& to, const RewindOptions& options);

// Content. `check_put` refuses early what the commit would refuse anyway, before bytes are sent.
Result<content::Owner> check_put(const Context& context, const Call& call, const SpaceId& space,
                                 const Ref& file, const PutOptions& options);
Result<Written> put(const Context& context, const Call& call, const SpaceId& space, const Ref& file,
                    const PutOptions& options, const content::Stored& stored);

}  // namespace spind::ops
