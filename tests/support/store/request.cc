#include "support/store/request.h"

#include "base/try.h"
#include "support/store/content.h"

namespace spind::test {
namespace {

constexpr std::string_view kNames[kVerbCount] = {
    "stat",           "path",         "list",
    "walk",           "get",          "versions",
    "properties",     "put",          "write",
    "make_folder",    "move",         "copy",
    "remove",         "set_mtime",    "restore_version",
    "remove_version", "mark_version", "set_properties",
    "restore",        "purge"};

Result<std::vector<Walk::Item>> list_all(const Space& space, const Request& request) {
  std::vector<Walk::Item> items;
  ListOptions options{.kind = request.kind, .count_max = request.page, .after = {}};
  do {
    SPIND_TRY_ASSIGN(Page page, space.list(request.ref, options));
    for (NodeInfo& node : page.items) items.push_back({.node = std::move(node), .path = {}});
    options.after = page.next;
  } while (!options.after.empty());
  return items;
}

Result<std::vector<VersionInfo>> all_versions(const Space& space, const Request& request) {
  std::vector<VersionInfo> all;
  VersionsOptions options{.count_max = request.page, .after = {}};
  do {
    SPIND_TRY_ASSIGN(PageOf<VersionInfo> page, space.versions(request.ref, options));
    all.insert(all.end(), page.items.begin(), page.items.end());
    options.after = page.next;
  } while (!options.after.empty());
  return all;
}

Result<std::vector<Walk::Item>> walk_all(const Space& space, const Request& request) {
  SPIND_TRY_ASSIGN(Walk walk, space.walk(request.ref));
  std::vector<Walk::Item> items;
  for (;;) {
    SPIND_TRY_ASSIGN(std::optional<Walk::Item> item, walk.next());
    if (!item) return items;
    items.push_back(std::move(*item));
  }
}

Result<std::string> read_all(const Space& space, const Request& request) {
  ReadOptions options{.version = request.version};
  if (request.page % 2 == 0) return space.get(request.ref, options);
  SPIND_TRY_ASSIGN(Reader reader, space.reader(request.ref, options));
  std::string bytes;
  std::vector<std::uint8_t> buffer(100'001);
  for (;;) {
    SPIND_TRY_ASSIGN(const std::size_t count, reader.read(buffer));
    if (count == 0) return bytes;
    bytes.append(reinterpret_cast<const char*>(buffer.data()), count);
  }
}

Result<Written> write_in_parts(const Space& space, const Request& request) {
  SPIND_TRY_ASSIGN(Writer writer, space.writer(request.ref, request.options));
  const std::string bytes = content(request.content_seed, request.size_bytes);
  std::string_view rest = bytes;
  for (std::size_t part = 1; !rest.empty(); part = part * 3 + 1) {
    SPIND_TRY(writer.write(rest.substr(0, part)));
    rest.remove_prefix(std::min(part, rest.size()));
  }
  return writer.commit();
}

Result<Written> change_versions(const Space& space, const Request& request) {
  const VersionChangeOptions options{.conditions = request.options.conditions,
                                     .request_id = request.options.request_id};
  const VersionNumber number = request.version.value_or(1);
  switch (request.verb) {
    case Verb::restore_version: return space.restore_version(request.ref, number, options);
    case Verb::remove_version: return space.remove_version(request.ref, number, options);
    default: return space.mark_version(request.ref, number, request.mark, options);
  }
}

Result<Written> change_trash(const Space& space, const Request& request) {
  const std::string& request_id = request.options.request_id;
  if (request.verb == Verb::purge) return space.purge(request.ref, {.request_id = request_id});
  RestoreOptions options{.make_parents = request.options.make_parents,
                         .on_conflict = request.on_conflict,
                         .request_id = request_id};
  if (request.elsewhere) options.to = request.to;
  return space.restore(request.ref, options);
}

Result<Written> change(const Space& space, const Request& request) {
  const PutOptions& options = request.options;
  switch (request.verb) {
    case Verb::put:
      return space.put(request.ref, content(request.content_seed, request.size_bytes), options);
    case Verb::write: return write_in_parts(space, request);
    case Verb::make_folder:
      return space.make_folder(request.ref, {.make_parents = options.make_parents,
                                             .exist_ok = request.exist_ok,
                                             .mtime_ns = options.mtime_ns,
                                             .request_id = options.request_id});
    case Verb::move:
      return space.move(request.ref, request.to,
                        {.replace = request.replace,
                         .conditions = options.conditions,
                         .request_id = options.request_id});
    case Verb::copy:
      return space.copy(request.ref, request.to,
                        {.on_conflict = request.on_conflict,
                         .make_parents = options.make_parents,
                         .from_conditions = options.conditions,
                         .request_id = options.request_id});
    case Verb::remove:
      return space.remove(request.ref, {.conditions = options.conditions,
                                        .only_if_empty = request.only_if_empty,
                                        .request_id = options.request_id});
    case Verb::set_mtime:
      return space.set_mtime(request.ref, request.mtime_ns,
                             {.conditions = options.conditions, .request_id = options.request_id});
    case Verb::set_properties:
      return space.set_properties(
          request.ref, request.properties,
          {.conditions = options.conditions, .request_id = options.request_id});
    case Verb::restore:
    case Verb::purge: return change_trash(space, request);
    default: return change_versions(space, request);
  }
}

template <class T>
Answer answer(Result<T> result, T Answer::*where) {
  Answer answer;
  if (result.ok()) {
    answer.*where = std::move(result).value();
  } else {
    answer.code = result.code();
    answer.text = result.error().to_string();
  }
  return answer;
}

}  // namespace

std::string_view verb_name(Verb verb) { return kNames[static_cast<std::size_t>(verb)]; }

bool changes(Verb verb) { return verb >= Verb::put; }

Answer run(const Space& space, const Request& request) {
  switch (request.verb) {
    case Verb::stat: return answer(space.stat(request.ref), &Answer::node);
    case Verb::path: return answer(space.path(request.ref), &Answer::bytes);
    case Verb::list: return answer(list_all(space, request), &Answer::items);
    case Verb::walk: return answer(walk_all(space, request), &Answer::items);
    case Verb::get: return answer(read_all(space, request), &Answer::bytes);
    case Verb::versions: return answer(all_versions(space, request), &Answer::versions);
    case Verb::properties: return answer(space.properties(request.ref), &Answer::properties);
    default: return answer(change(space, request), &Answer::written);
  }
}

std::string Request::to_string() const {
  std::string text = std::string(verb_name(verb)) + " " + ref.to_string();
  if (verb == Verb::restore || verb == Verb::copy)
    text += " on_conflict " + std::to_string(static_cast<int>(on_conflict));
  if (verb == Verb::move || verb == Verb::copy || elsewhere) text += " to " + to.to_string();
  if (verb == Verb::put || verb == Verb::write)
    text += " content " + std::to_string(content_seed) + "/" + std::to_string(size_bytes);
  const Preconditions& conditions = options.conditions;
  if (conditions.if_match) text += " if_match " + *conditions.if_match;
  if (conditions.if_none_match) text += " if_none_match " + *conditions.if_none_match;
  if (conditions.if_unmodified_since_ns)
    text += " unmodified " + std::to_string(*conditions.if_unmodified_since_ns);
  if (options.make_parents) text += " make_parents";
  if (exist_ok) text += " exist_ok";
  if (replace) text += " replace";
  if (only_if_empty) text += " only_if_empty";
  if (!options.request_id.empty()) text += " request " + options.request_id;
  if (version) text += " version " + std::to_string(*version);
  if (mark.pinned) text += *mark.pinned ? " pin" : " unpin";
  for (const auto& [key, value] : properties) text += " " + key + "=" + value.value_or("(none)");
  if (mark.label) text += " label " + *mark.label;
  return text;
}

}  // namespace spind::test
