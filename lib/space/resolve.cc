#include "space/resolve.h"

#include <algorithm>

#include "base/limits.h"
#include "base/try.h"
#include "base/utf8.h"

namespace spind::space {
namespace {

Error no_such_node(const Ref& ref) {
  return {.code = Code::not_found, .text = "no such node", .path = ref.to_string()};
}

// C0, DEL and, in UTF-8, C1.
bool has_control(std::string_view name) {
  std::uint8_t before = 0;
  for (const char c : name) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (byte < 0x20 || byte == 0x7f || (before == 0xc2 && byte < 0xa0)) return true;
    before = byte;
  }
  return false;
}

// As much of a name as an error shows, cut between characters.
std::string shown(std::string_view name) {
  if (name.size() <= kNameBytesMax) return std::string(name);
  std::size_t end = kNameBytesMax;
  while (end > 0 && (static_cast<std::uint8_t>(name[end]) & 0xc0) == 0x80) --end;
  return std::string(name.substr(0, end));
}

// The node with `id` as its locator has it, without the way to it.
Result<Place> place_of(NodeSource& source, NodeId id) {
  if (id == kRootNode) {
    SPIND_TRY_ASSIGN(NodeRef root, source.child(0, ""));
    return Place{0, "", std::move(root)};
  }
  SPIND_TRY_ASSIGN(model::Locator locator, source.locate(id));
  if (locator.trash.entry != 0)
    return Error{.code = Code::not_found, .text = "the node is in the trash"};
  SPIND_TRY_ASSIGN(NodeRef node, source.child(locator.parent, locator.name));
  if (node == nullptr || node->id != id)
    return Error{.code = Code::corruption, .text = "a locator leads to another node"};
  return Place{locator.parent, std::move(locator.name), std::move(node)};
}

// Goes down one name from `folder`, at which `at` is. A missing folder leaves place.node null.
Status descend(NodeSource& source, NodeId folder, std::string_view name, Resolved& at) {
  SPIND_TRY_ASSIGN(NodeRef node, source.child(folder, name));
  at.way.push_back(folder);
  at.place.parent = folder;
  at.place.name.assign(name);
  at.place.node = std::move(node);
  return {};
}

Result<Resolved> resolve_start(NodeSource& source, const Ref& ref) {
  if (ref.start() == kRootNode) {
    Resolved at;
    SPIND_TRY_ASSIGN(at.place.node, source.child(0, ""));
    if (!at.exists()) return no_such_node(ref);
    return at;
  }
  auto at = resolve_id(source, ref.start());
  if (!at.ok() && at.code() == Code::not_found) return no_such_node(ref);
  return at;
}

Error not_a_folder(const Ref& ref) {
  return {.code = Code::not_a_folder,
          .text = "a file stands in the middle of the path",
          .path = ref.to_string()};
}

}  // namespace

Error no_such_space(const SpaceId& space) {
  return {.code = Code::not_found, .text = "no such space", .path = space.to_string()};
}

Error too_deep() {
  return {.code = Code::limit_exceeded,
          .text = "the node lies below too many folders; walk to it, or remove one above it",
          .path = {},
          .limit = kClimbMax};
}

Status check_name(std::string_view name) {
  const auto refuse = [name](Code code, std::string text) {
    return Error{.code = code, .text = std::move(text), .path = shown(name)};
  };
  if (name.empty()) return refuse(Code::invalid_argument, "a name is empty");
  if (name.size() > kNameBytesMax) {
    Error error = refuse(Code::name_too_long, "a name has more bytes than are allowed");
    error.limit = kNameBytesMax;
    error.used = name.size();
    return error;
  }
  if (name == "." || name == "..")
    return refuse(Code::invalid_argument, "'.' and '..' are no names");
  if (has_control(name)) return refuse(Code::invalid_argument, "a name holds a control character");
  if (name.find('/') != std::string_view::npos)
    return refuse(Code::invalid_argument, "a name holds '/'");
  if (!valid_utf8(name)) return refuse(Code::invalid_argument, "a name is not UTF-8");
  return {};
}

Result<std::vector<std::string_view>> split_path(const Ref& ref) {
  std::string_view rest = ref.path();
  if (rest.size() > kPathBytesMax)
    return Error{.code = Code::name_too_long,
                 .text = "the path is too long",
                 .path = {},
                 .limit = kPathBytesMax,
                 .used = rest.size()};
  std::vector<std::string_view> names;
  if (!rest.empty() && rest.front() == '/') rest.remove_prefix(1);
  while (!rest.empty()) {
    const std::size_t end = rest.find('/');
    const std::string_view name = rest.substr(0, end);
    SPIND_TRY(check_name(name));
    names.push_back(name);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    if (end != std::string_view::npos && rest.empty())
      return Error{.code = Code::invalid_argument,
                   .text = "the path ends with '/'",
                   .path = ref.to_string()};
  }
  if (names.size() > kDepthMax)
    return Error{.code = Code::limit_exceeded,
                 .text = "the path has too many parts",
                 .path = {},
                 .limit = kDepthMax,
                 .used = names.size()};
  return names;
}

Result<Resolved> resolve(NodeSource& source, const Ref& ref) {
  std::vector<std::string> missing;
  SPIND_TRY_ASSIGN(Resolved at, resolve_with_missing(source, ref, &missing));
  if (!missing.empty()) return no_such_node(ref);
  return at;
}

Result<Resolved> resolve_with_missing(NodeSource& source, const Ref& ref,
                                      std::vector<std::string>* missing) {
  SPIND_TRY_ASSIGN(const std::vector<std::string_view> names, split_path(ref));
  Resolved at;
  // A space has a root, which is a folder: on the way down from it nobody needs to look at it.
  const bool from_root = ref.start() == kRootNode && !names.empty();
  if (!from_root) {
    SPIND_TRY_ASSIGN(at, resolve_start(source, ref));
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    const bool at_root = from_root && i == 0;
    if (!at_root && at.place.node->kind != NodeKind::folder) return not_a_folder(ref);
    SPIND_TRY(descend(source, at_root ? kRootNode : at.place.node->id, names[i], at));
    const bool last = i + 1 == names.size();
    if (at.exists() || last) continue;
    // From here on nothing exists: the rest of the path would have to be made.
    for (std::size_t rest = i; rest + 1 < names.size(); ++rest) missing->emplace_back(names[rest]);
    at.place.name.assign(names.back());
    return at;
  }
  return at;
}

Result<Resolved> resolve_id(NodeSource& source, NodeId node) {
  Resolved at;
  SPIND_TRY_ASSIGN(at.place, place_of(source, node));
  if (!at.exists()) return Error{.code = Code::not_found, .text = "no such node"};
  for (NodeId up = at.place.parent; up != 0;) {
    at.way.push_back(up);
    if (up == kRootNode) break;
    SPIND_TRY_ASSIGN(const model::Locator locator, source.locate(up));
    if (locator.trash.entry != 0)
      return Error{.code = Code::not_found, .text = "the node lies in the trash"};
    if (at.way.size() > kClimbMax) return too_deep();
    up = locator.parent;
  }
  std::reverse(at.way.begin(), at.way.end());
  return at;
}

}  // namespace spind::space
