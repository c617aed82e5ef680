// Compares all that a store holds with what the model has.
#include "model/model_run.h"

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
  for (const Verb verb : {Verb::walk, Verb::list}) {
    const Request request{.verb = verb, .page = 7};
    const std::string different =
        difference(request, both.model.ask(request), run(both.engine, request));
    if (!different.empty()) return std::string(verb_name(verb)) + ": " + different;
  }
  const std::string different = compare_versions(both);
  return different.empty() ? compare_info(both) : different;
}

std::string ModelRun::compare_versions(Both& both) {
  for (const auto& [id, node] : both.model.nodes()) {
    for (VersionNumber version = 1; version <= node.versions.size(); ++version) {
      const Request request{.verb = Verb::get, .ref = Ref::node(id), .version = version};
      const std::string different =
          difference(request, both.model.ask(request), run(both.engine, request));
      if (!different.empty()) return request.to_string() + ": " + different;
    }
    if (!both.model.alive(id)) {
      const Request request{.verb = Verb::stat, .ref = Ref::node(id)};
      if (run(both.engine, request).code != Code::not_found) return "a removed node answers";
    }
  }
  return "";
}

std::string ModelRun::compare_info(Both& both) {
  const Result<SpaceInfo> info = both.engine.info();
  if (!info.ok()) return "info: " + info.error().to_string();
  if (info->entry != both.model.last_entry()) return "info: entry " + std::to_string(info->entry);
  if (info->visible != both.model.last_visible())
    return "info: visible " + std::to_string(info->visible);
  if (!(info->totals == both.model.totals(kRootNode))) return "info: other totals";
  if (info->trash_bytes != both.model.trash_bytes())
    return "info: trash_bytes " + std::to_string(info->trash_bytes);
  if (info->alias != both.alias || info->name != both.name) return "info: other names";
  if (info->kind != both.kind || info->creator != "ada") return "info: other kind or creator";
  return "";
}

}  // namespace spind::test
