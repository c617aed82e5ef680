// Compares all that a store holds with what the model has.
#include "model/model_run.h"
#include "support/store/feed.h"

namespace spind::test {

std::string ModelRun::compare_all() {
  const std::string findings = store_.findings();
  if (!findings.empty()) return "check: " + findings;
  for (Both& both : spaces_) {
    const std::string different = compare(both);
    if (!different.empty()) return different;
  }
  return "";
}

std::string ModelRun::compare(Both& both) {
  std::string different = compare_state(both);
  if (different.empty()) different = compare_news(both);
  return different.empty() ? compare_whole_feed(both) : different;
}

// All but what those who follow the space are told, so a view of the past is compared too.
std::string ModelRun::compare_state(Both& both) {
  for (const Verb verb : {Verb::walk, Verb::list}) {
    const Request request{.verb = verb, .page = 7};
    const std::string different =
        difference(request, both.model.ask(request), run(both.engine, request));
    if (!different.empty()) return std::string(verb_name(verb)) + ": " + different;
  }
  std::string different = compare_versions(both);
  if (different.empty()) different = compare_properties(both);
  if (different.empty()) different = compare_trash(both);
  return different.empty() ? compare_numbers(both) : different;
}

std::string ModelRun::compare_properties(Both& both) {
  for (const auto& [id, node] : both.model.nodes()) {
    const Request request{.verb = Verb::properties, .ref = Ref::node(id)};
    const std::string different =
        difference(request, both.model.ask(request), run(both.engine, request));
    if (!different.empty()) return request.to_string() + ": " + different;
  }
  for (const char* tag : {"a", "b", "none"}) {
    std::vector<NodeId> got;
    TaggedOptions options{.count_max = 2, .after = {}};
    do {
      const Result<Page> page = both.engine.tagged(tag, options);
      if (!page.ok()) return "tagged: " + page.error().to_string();
      for (const NodeInfo& node : page->items) got.push_back(node.id);
      options.after = page->next;
    } while (!options.after.empty());
    if (got != both.model.tagged(tag)) return std::string("tagged: other nodes have ") + tag;
  }
  return "";
}

std::string ModelRun::compare_trash(Both& both) {
  const std::vector<NodeId> expected = both.model.trash();
  std::size_t at = 0;
  TrashOptions options{.count_max = 3};
  do {
    const Result<PageOf<TrashItem>> page = both.engine.trash(options);
    if (!page.ok()) return "trash: " + page.error().to_string();
    for (const TrashItem& item : page->items) {
      if (at == expected.size()) return "trash: too many items";
      const NodeId id = expected[at++];
      const Request stat{.verb = Verb::stat};
      Expected kept;
      kept.answer.node = both.model.info(id);
      Answer shown;
      shown.node = item.node;
      const std::string different = difference(stat, kept, shown);
      if (!different.empty()) return "trash: " + different;
      const bool known = both.model.place_known(both.model.nodes().at(id).parent);
      if (item.path != (known ? both.model.path(id) : "")) return "trash: path " + item.path;
      if (item.removed != both.model.nodes().at(id).removed_entry || item.removed_by != "ada")
        return "trash: removed by " + item.removed_by;
    }
    options.after = page->next;
  } while (!options.after.empty());
  return at == expected.size() ? "" : "trash: too few items";
}

std::string ModelRun::compare_versions(Both& both) {
  for (const auto& [id, node] : both.model.nodes()) {
    for (VersionNumber version = 1; version <= node.versions.size(); ++version) {
      const Request request{.verb = Verb::get, .ref = Ref::node(id), .version = version};
      const std::string different =
          difference(request, both.model.ask(request), run(both.engine, request));
      if (!different.empty()) return request.to_string() + ": " + different;
    }
    const Request all{.verb = Verb::versions, .ref = Ref::node(id), .page = 3};
    const std::string different = difference(all, both.model.ask(all), run(both.engine, all));
    if (!different.empty()) return all.to_string() + ": " + different;
    if (!both.model.alive(id)) {
      const Request request{.verb = Verb::stat, .ref = Ref::node(id)};
      if (run(both.engine, request).code != Code::not_found) return "a removed node answers";
    }
  }
  return "";
}

std::string ModelRun::compare_info(Both& both) {
  const std::string different = compare_numbers(both);
  return different.empty() ? compare_news(both) : different;
}

std::string ModelRun::compare_numbers(const Both& both) {
  const Result<SpaceInfo> info = both.engine.info();
  if (!info.ok()) return "info: " + info.error().to_string();
  if (info->entry != both.model.last_entry()) return "info: entry " + std::to_string(info->entry);
  if (info->visible != both.model.last_visible())
    return "info: visible " + std::to_string(info->visible);
  if (!(info->totals == both.model.totals(kRootNode))) return "info: other totals";
  if (info->trash_bytes != both.model.trash_bytes())
    return "info: trash_bytes " + std::to_string(info->trash_bytes);
  if (info->alias != both.alias || info->name != both.name) return "info: other names";
  if (info->description != both.description) return "info: another description";
  if (info->image != both.image || info->readme != both.readme)
    return "info: other files present the space";
  if (info->kind != both.kind || info->creator != "ada") return "info: other kind or creator";
  return "";
}

// What came since the last look.
std::string ModelRun::compare_news(Both& both) {
  const std::string different = compare_feed(both, both.cursor, both.told);
  both.told = both.model.events().size();
  const Result<RootVersion> now = both.engine.root_version();
  if (!now.ok()) return "root_version: " + now.error().to_string();
  if (now->number != both.model.last_visible())
    return "root_version: " + std::to_string(now->number);
  return different;
}

// From as far back as it goes.
std::string ModelRun::compare_whole_feed(const Both& both) {
  std::string cursor;
  if (both.model.floor() > 0) {
    if (both.engine.changes("").code() != Code::cursor_too_old)
      return "changes: something is known from below the floor";
    Result<std::string> first = both.engine.cursor_after(both.model.floor());
    if (!first.ok()) return "cursor_after: " + first.error().to_string();
    cursor = std::move(first).value();
  }
  return compare_feed(both, cursor, both.model.first_event());
}

std::string ModelRun::compare_feed(const Both& both, std::string& cursor, std::size_t told) {
  const auto got = read_feed(both.engine, cursor, 7);
  if (!got.ok()) return "changes: " + got.error().to_string();
  const std::vector<ChangeEvent>& all = both.model.events();
  const auto expected = all.begin() + static_cast<std::ptrdiff_t>(told);
  for (std::size_t i = 0; i < got->size(); ++i) {
    if (told + i == all.size()) return "changes: too much: " + event_text((*got)[i]);
    if (!((*got)[i] == expected[static_cast<std::ptrdiff_t>(i)]))
      return "changes: " + event_text((*got)[i]) + ", not " +
             event_text(expected[static_cast<std::ptrdiff_t>(i)]);
  }
  return told + got->size() == all.size() ? "" : "changes: too little";
}

}  // namespace spind::test
