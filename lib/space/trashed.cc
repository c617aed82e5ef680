#include "space/trashed.h"

#include <algorithm>

#include "base/limits.h"
#include "base/try.h"
#include "space/resolve.h"

namespace spind::space {
namespace {

Error not_in_trash(const Ref& ref) {
  return {.code = Code::not_found, .text = "no such node in the trash", .path = ref.to_string()};
}

// Climbs to the node that was removed.
Result<model::AttachmentId> item_of(NodeSource& source, const Ref& ref) {
  NodeId up = ref.start();
  for (std::size_t climbed = 0; up != kRootNode; ++climbed) {
    if (climbed > kClimbMax) return too_deep();
    const auto locator = source.locate(up);
    if (!locator.ok())
      return locator.code() == Code::not_found ? not_in_trash(ref) : locator.error();
    if (locator->trash.entry != 0) return locator->trash;
    up = locator->parent;
  }
  return not_in_trash(ref);
}

}  // namespace

Result<Trashed> find_trashed(NodeSource& source, const Ref& ref) {
  SPIND_TRY_ASSIGN(const std::vector<std::string_view> names, split_path(ref));
  Trashed found;
  SPIND_TRY_ASSIGN(found.item, item_of(source, ref));
  SPIND_TRY_ASSIGN(auto top, source.trashed(found.item));
  if (!top) return not_in_trash(ref);  // purged
  if (top->node.id == ref.start()) {
    found.place = {top->parent, std::move(top->name),
                   std::make_shared<const model::NodeRecord>(std::move(top->node))};
  } else {
    found.below = true;
    SPIND_TRY_ASSIGN(model::Locator locator, source.locate(ref.start()));
    SPIND_TRY_ASSIGN(NodeRef node, source.child(locator.parent, locator.name));
    if (node == nullptr || node->id != ref.start())
      return Error{.code = Code::corruption, .text = "a locator leads to another node"};
    found.place = {locator.parent, std::move(locator.name), std::move(node)};
  }
  for (const std::string_view name : names) {
    if (found.place.node == nullptr || found.place.node->kind != NodeKind::folder)
      return not_in_trash(ref);
    const NodeId folder = found.place.node->id;
    SPIND_TRY_ASSIGN(NodeRef node, source.child(folder, name));
    found.below = true;
    found.place = {folder, std::string(name), std::move(node)};
  }
  if (found.place.node == nullptr) return not_in_trash(ref);
  return found;
}

Result<Origin> origin_of(NodeSource& source, NodeId folder) {
  Origin origin;
  origin.folder = folder;
  std::vector<std::string> names;  // from the folder up to the root
  for (NodeId up = folder; up != kRootNode;) {
    if (names.size() > kClimbMax) return too_deep();
    SPIND_TRY_ASSIGN(model::Locator locator, source.locate(up));
    if (locator.trash.entry == 0) {
      names.push_back(std::move(locator.name));
      up = locator.parent;
      continue;
    }
    SPIND_TRY_ASSIGN(auto removed, source.trashed(locator.trash));
    if (!removed) {
      SPIND_TRY_ASSIGN(removed, source.purged(locator.trash));
    }
    if (!removed) return Error{.code = Code::corruption, .text = "a row of the trash is missing"};
    names.push_back(std::move(removed->name));
    origin.folder = up = removed->parent;
    origin.missing = names;
  }
  std::reverse(origin.missing.begin(), origin.missing.end());
  for (auto name = names.rbegin(); name != names.rend(); ++name) origin.path += "/" + *name;
  return origin;
}

}  // namespace spind::space
