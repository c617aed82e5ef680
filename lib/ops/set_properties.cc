#include <algorithm>

#include "base/limits.h"
#include "base/try.h"
#include "model/keys.h"
#include "ops/commit.h"
#include "ops/ops.h"
#include "ops/property_names.h"
#include "space/properties.h"

namespace spind::ops {
namespace {

Error too_much(std::string text, std::uint64_t limit, std::uint64_t used) {
  return {.code = Code::limit_exceeded,
          .text = std::move(text),
          .path = {},
          .limit = limit,
          .used = used};
}

Status check_changes(const PropertyChanges& changes) {
  if (changes.size() > kPropertiesMax)
    return too_much("too many properties at once", kPropertiesMax, changes.size());
  for (const auto& [key, value] : changes) {
    SPIND_TRY(check_property_key(key));
    if (!value) continue;
    if (value->size() > kPropertyValueBytesMax)
      return too_much("the value of a property is too large", kPropertyValueBytesMax,
                      value->size());
    if (!value->empty() && model::tag_of(key))
      return Error{.code = Code::invalid_argument, .text = "the property of a tag has no value"};
  }
  return {};
}

Status check_size(const PropertyChanges& all) {
  std::uint64_t count = 0, bytes = 0;
  for (const auto& [key, value] : all) {
    if (!value) continue;
    ++count;
    bytes += key.size() + value->size();
  }
  if (count > kPropertiesMax)
    return too_much("a node has too many properties", kPropertiesMax, count);
  if (bytes > kPropertiesBytesMax)
    return too_much("a node's properties are too large together", kPropertiesBytesMax, bytes);
  return {};
}

// Only what makes a difference.
Result<std::vector<model::PropertyEdit>> edits_for(space::State& state, NodeId node,
                                                   const PropertyChanges& changes) {
  SPIND_TRY_ASSIGN(auto there, space::properties_of(state.rows(), state.space(), node, ""));
  PropertyChanges all;
  for (Property& property : there) all[std::move(property.key)] = std::move(property.value);
  std::vector<model::PropertyEdit> edits;
  for (const auto& [key, value] : changes) {
    std::optional<std::string>& known = all[key];
    if (known == value) continue;
    edits.push_back({key, known, value});
    known = value;
  }
  // What is over a limit that was lowered since may still become less.
  const bool adds = std::any_of(edits.begin(), edits.end(),
                                [](const model::PropertyEdit& edit) { return edit.after; });
  if (adds) SPIND_TRY(check_size(all));
  return edits;
}

Result<Decision> decide(space::State& state, const Call& call, const Ref& ref,
                        const PropertyChanges& changes, const PropertyOptions& options) {
  SPIND_TRY_ASSIGN(const model::SpaceRecord* info, state.info());
  SPIND_TRY_ASSIGN(const space::Resolved at,
                   find(state, *info, call, ref, access::kInitiateFileUpload));
  const model::NodeRecord& node = *at.place.node;
  SPIND_TRY(check_conditions(&node, info->history, options.conditions, ref));
  Decision decision;
  decision.written.node = node.id;
  SPIND_TRY_ASSIGN(auto edits, edits_for(state, node.id, changes));
  if (!edits.empty())
    decision.changes.push_back(model::PropertiesSet{node.id, std::move(edits), 0});
  return decision;
}

Result<PropertyChanges> tag_changes(const std::vector<std::string>& tags,
                                    const std::optional<std::string>& value) {
  PropertyChanges changes;
  for (const std::string& tag : tags) {
    SPIND_TRY(check_tag(tag));
    changes[model::tag_property(tag)] = value;
  }
  return changes;
}

}  // namespace

Result<Written> set_properties(const Context& context, const Call& call, const SpaceId& space,
                               const Ref& node, const PropertyChanges& changes,
                               const PropertyOptions& options) {
  SPIND_TRY(check_changes(changes));
  const Request request{
      .space = space, .type = model::EntryType::properties_set, .request_id = options.request_id};
  return commit(context, call, request, [&](space::State& state, const Moment&) {
    return decide(state, call, node, changes, options);
  });
}

Result<Written> add_tags(const Context& context, const Call& call, const SpaceId& space,
                         const Ref& node, const std::vector<std::string>& tags,
                         const PropertyOptions& options) {
  SPIND_TRY_ASSIGN(const PropertyChanges changes, tag_changes(tags, ""));
  return set_properties(context, call, space, node, changes, options);
}

Result<Written> remove_tags(const Context& context, const Call& call, const SpaceId& space,
                            const Ref& node, const std::vector<std::string>& tags,
                            const PropertyOptions& options) {
  SPIND_TRY_ASSIGN(const PropertyChanges changes, tag_changes(tags, std::nullopt));
  return set_properties(context, call, space, node, changes, options);
}

}  // namespace spind::ops
