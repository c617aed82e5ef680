#include "model/op.h"

#include <array>
#include <charconv>

#include "support/store/content.h"

namespace spind::test {
namespace {

struct Field {
  std::string_view name;
  std::uint32_t Op::*member;
};
constexpr std::array kFields = std::to_array<Field>({
    {"space", &Op::space},
    {"form", &Op::form},
    {"node", &Op::node},
    {"tail", &Op::tail},
    {"name", &Op::name},
    {"to_form", &Op::to_form},
    {"to_node", &Op::to_node},
    {"to_tail", &Op::to_tail},
    {"to_name", &Op::to_name},
    {"size", &Op::size},
    {"content", &Op::content},
    {"match", &Op::match},
    {"none_match", &Op::none_match},
    {"unmodified", &Op::unmodified},
    {"declared", &Op::declared},
    {"digest", &Op::digest},
    {"parents", &Op::parents},
    {"exist_ok", &Op::exist_ok},
    {"replace", &Op::replace},
    {"if_empty", &Op::if_empty},
    {"mtime", &Op::mtime},
    {"request", &Op::request},
    {"version", &Op::version},
    {"kind", &Op::kind},
    {"page", &Op::page},
    {"jump", &Op::jump},
    {"elsewhere", &Op::elsewhere},
    {"conflict", &Op::conflict},
    {"pin", &Op::pin},
    {"label", &Op::label},
    {"prop", &Op::prop},
});

constexpr std::array<std::string_view, 18> kActs = {
    "call",   "create_space", "update_space", "find_space",  "list_spaces", "reopen",
    "check",  "collect",      "clock",        "empty_trash", "look_back",   "rewind",
    "forget", "upload",       "policies",     "copy_from",   "disable",     "purge_space"};

// Sizes on both sides of every limit at which content is kept in another way.
constexpr std::array<std::uint64_t, 10> kSizes = {
    0,      1,       100,         16 * 1024,       16 * 1024 + 1,
    70'000, 300'000, 1024 * 1024, 1024 * 1024 + 1, 8 * 1024 * 1024 + 1};

std::string name_of(std::uint32_t number) {
  using namespace std::string_literals;
  static const std::array<std::string, 20> kNames = {
      "a"s, "b"s, "c"s, "d"s, "A"s, "\xc3\xa9"s, "e\xcc\x81"s, "x.txt"s, "\xc3\x89"s, "b c"s,
      std::string(255, 'n'), "zz"s,
      // Not names:
      ""s, "."s, ".."s, "a\0b"s, "\x01"s, std::string(256, 'm'), "\xff\xfe"s, "\xed\xa0\x80"s};
  return kNames[number % kNames.size()];
}

std::string tail_of(std::uint32_t count, std::uint32_t first) {
  std::string path;
  for (std::uint32_t i = 0; i < count; ++i) path += "/" + name_of(first + i);
  return path;
}

NodeId node_of(std::uint32_t number, const ModelSpace& space) {
  auto at = space.nodes().begin();
  std::advance(at, number % space.nodes().size());
  return at->first;
}

Ref ref_of(std::uint32_t form, std::uint32_t node, std::uint32_t tail, std::uint32_t name,
           const ModelSpace& space) {
  const NodeId id = node_of(node, space);
  const std::string path = tail_of(tail, name);
  if (form == 1) return Ref::node(id);
  if (form == 2) return Ref::below(id, std::string_view(path).substr(path.empty() ? 0 : 1));
  const std::string start = space.path(id);
  return Ref(start == "/" && !path.empty() ? path : start + path);
}

// Two of a few properties, tags among them, which are set to one of a few values or removed; or one
// that there cannot be.
PropertyChanges properties_of(std::uint32_t number) {
  static const std::array<std::string, 4> kKeys = {"{DAV:}displayname", "colour", "tag:a", "tag:b"};
  PropertyChanges changes;
  if (number == 0) return changes;
  if (number % 50 == 49) return {{"tag:a", "a tag has no value"}};
  if (number % 50 == 48) return {{"a\nb", "x"}};
  for (std::uint32_t i = 0; i < 2; ++i, number /= 12) {
    const std::string& key = kKeys[number % kKeys.size()];
    const std::uint32_t value = number / 4 % 3;
    if (value == 0)
      changes[key] = std::nullopt;
    else
      changes[key] = key.starts_with(kTagPrefix) ? "" : std::string(value * 7, 'v');
  }
  return changes;
}

// What is in the trash, or below; any node if there is none.
std::uint32_t trashed_of(std::uint32_t number, const ModelSpace& space) {
  std::vector<std::uint32_t> positions;
  std::uint32_t position = 0;
  for (const auto& [id, node] : space.nodes()) {
    if (space.item_of(id) != 0) positions.push_back(position);
    ++position;
  }
  return positions.empty() ? number : positions[number % positions.size()];
}

// Folders that are copied again and again below themselves would grow without bounds.
bool copies_too_much(const Ref& ref, const ModelSpace& space) {
  const Expected found = space.ask({.verb = Verb::stat, .ref = ref});
  const FolderTotals totals = found.answer.node.totals;
  return found.ok() && totals.files + totals.folders > 30;
}

std::optional<std::string> etag_of(std::uint32_t choice, NodeId node, const ModelSpace& space) {
  switch (choice) {
    case 0: return std::nullopt;
    case 1: return space.info(node).etag();
    case 2: return space.info(node_of(static_cast<std::uint32_t>(node) + 1, space)).etag();
    case 3: return "*";
    default: return "\"rubbish\"";
  }
}

}  // namespace

const std::vector<std::uint32_t Op::*>& Op::numbers() {
  static const std::vector<std::uint32_t Op::*> members = [] {
    std::vector<std::uint32_t Op::*> all;
    for (const Field& field : kFields) all.push_back(field.member);
    return all;
  }();
  return members;
}

std::string Op::to_string() const {
  std::string line(act == Act::call ? verb_name(verb) : kActs[static_cast<std::size_t>(act)]);
  for (const Field& field : kFields)
    if (this->*field.member != 0)
      line += " " + std::string(field.name) + "=" + std::to_string(this->*field.member);
  return line;
}

std::optional<Op> Op::parse(std::string_view line) {
  Op op;
  const std::string_view first = line.substr(0, line.find(' '));
  bool known = false;
  for (std::size_t i = 1; i < kActs.size(); ++i)
    if (first == kActs[i]) op.act = static_cast<Act>(i), known = true;
  for (std::size_t i = 0; i < kVerbCount; ++i)
    if (first == verb_name(static_cast<Verb>(i))) op.verb = static_cast<Verb>(i), known = true;
  if (!known) return std::nullopt;
  if (op.act == Act::upload) op.verb = Verb::put;
  if (op.act == Act::copy_from) op.verb = Verb::copy;
  line.remove_prefix(first.size());
  while (!line.empty()) {
    line.remove_prefix(1);
    const std::string_view word = line.substr(0, line.find(' '));
    line.remove_prefix(word.size());
    const std::size_t equals = word.find('=');
    if (equals == word.npos) return std::nullopt;
    std::uint32_t Op::*member = nullptr;
    for (const Field& field : kFields)
      if (word.substr(0, equals) == field.name) member = field.member;
    if (member == nullptr) return std::nullopt;
    const char* const end = word.data() + word.size();
    const auto result = std::from_chars(word.data() + equals + 1, end, op.*member);
    if (result.ec != std::errc() || result.ptr != end) return std::nullopt;
  }
  return op;
}

Request to_request(const Op& op, const ModelSpace& space) {
  const bool of_trash = op.verb == Verb::restore || op.verb == Verb::purge;
  const std::uint32_t number = of_trash && op.form != 0 ? trashed_of(op.node, space) : op.node;
  const NodeId node = node_of(number, space);
  Request request{.verb = op.verb,
                  .ref = ref_of(op.form, number, op.tail, op.name, space),
                  .to = ref_of(op.to_form, op.to_node, op.to_tail, op.to_name, space),
                  .elsewhere = op.elsewhere != 0,
                  .on_conflict = static_cast<OnConflict>(op.conflict % 4),
                  .content_seed = op.content,
                  .size_bytes = kSizes[op.size % kSizes.size()],
                  .replace = op.replace != 0,
                  .exist_ok = op.exist_ok != 0,
                  .only_if_empty = op.if_empty != 0,
                  .mtime_ns = op.mtime,
                  .page = op.page + 1};
  if (request.verb == Verb::copy && copies_too_much(request.ref, space)) request.verb = Verb::stat;
  PutOptions& options = request.options;
  options.conditions.if_match = etag_of(op.match, node, space);
  options.conditions.if_none_match = etag_of(op.none_match, node, space);
  if (op.unmodified != 0)
    options.conditions.if_unmodified_since_ns =
        space.nodes().at(node).mtime_ns + static_cast<std::int64_t>(op.unmodified) - 2;
  if (op.declared != 0) options.size_bytes = request.size_bytes + op.declared - 1;
  if (op.digest != 0)
    options.sha256 = sha256_of(content(request.content_seed, request.size_bytes + op.digest - 1));
  options.make_parents = op.parents != 0;
  if (op.mtime != 0) options.mtime_ns = op.mtime;
  if (op.request != 0) options.request_id = "request " + std::to_string(op.request);
  if (op.version != 0) request.version = op.version;
  if (op.pin != 0) request.mark.pinned = op.pin == 1;
  if (op.label != 0) request.mark.label = op.label == 1 ? "" : "label " + std::to_string(op.label);
  request.properties = properties_of(op.prop);
  if (op.kind != 0) request.kind = static_cast<NodeKind>(1 + op.kind % 2);
  return request;
}

}  // namespace spind::test
