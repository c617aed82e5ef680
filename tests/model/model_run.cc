#include "model/model_run.h"

#include <exception>
#include <tuple>

namespace spind::test {
namespace {

constexpr std::size_t kSpacesMax = 3;
constexpr std::int64_t kSecond_ns = 1'000'000'000;

std::string alias_of(std::uint32_t number) { return "space " + std::to_string(number % 5); }

}  // namespace

ModelRun::ModelRun(MetadataEngine engine, const StoreOptions& options)
    : random_(1), store_(engine, seams_with(clock_, random_), options) {
  (void)create_space({.name = 0});
}

std::string ModelRun::step(const Op& op) {
  clock_.advance(1'000'000);
  switch (op.act) {
    case Act::call: return call(chosen(op), op);
    case Act::create_space: return create_space(op);
    case Act::update_space: return update_space(chosen(op), op);
    case Act::find_space: return find_space(chosen(op));
    case Act::list_spaces: return list_spaces(op);
    case Act::reopen: return reopen();
    case Act::check: return compare_all();
    case Act::collect: return collect();
    case Act::clock: move_clock(op); return "";
    case Act::empty_trash: return empty_trash(chosen(op));
    case Act::look_back: return look_back(chosen(op), op);
    case Act::rewind: return rewind(chosen(op), op);
    case Act::forget: return forget(chosen(op), op);
    case Act::upload: return upload(chosen(op), op);
    case Act::policies: return policies(chosen(op), op);
    case Act::copy_from: return copy_from(chosen(op), op);
    case Act::disable: return disable(chosen(op));
    case Act::purge_space: return purge_space(chosen(op));
  }
  return "";
}

std::string ModelRun::call(Both& both, const Op& op) {
  Request request = to_request(op, both.model);
  const std::string& request_id = request.options.request_id;
  if (const auto seen = both.asked.find(request_id); seen != both.asked.end())
    request = seen->second;

  const Answer got = run(both.engine, request);
  const EntryNumber entry = both.model.last_entry() + 1;
  const Expected expected = both.model.answer(request, entry, clock_.wall_ns());
  const std::string different = difference(request, expected, got);
  if (!different.empty()) return request.to_string() + ": " + different;
  if (!changes(request.verb)) return "";
  const std::string other_news = compare_news(both);
  if (!other_news.empty()) return "after " + request.to_string() + ": " + other_news;
  if (!expected.ok()) return "";
  if (!request_id.empty()) both.asked[request_id] = request;
  if (got.written.entry < entry) return "";

  const std::string after = compare_written(both, got);
  return after.empty() ? "" : "after " + request.to_string() + ": " + after;
}

std::string ModelRun::compare_written(const Both& both, const Answer& got) {
  for (const NodeId node : {got.written.node, kRootNode}) {
    const Request stat{.verb = Verb::stat, .ref = Ref::node(node)};
    const std::string different = difference(stat, both.model.ask(stat), run(both.engine, stat));
    if (!different.empty()) return different;
  }
  return "";
}

std::string ModelRun::copy_from(Both& both, const Op& op) {
  const Both& source = spaces_[(op.space + op.jump) % spaces_.size()];
  Request request = to_request(op, source.model);
  if (request.verb != Verb::copy) return "";  // it would be too much
  request.to = to_request(op, both.model).to;
  const Result<Written> copied =
      both.engine.copy_from(source.engine, request.ref, request.to,
                            {.on_conflict = request.on_conflict,
                             .make_parents = request.options.make_parents,
                             .from_conditions = request.options.conditions});
  Answer got{.code = copied.code(), .text = copied.ok() ? "" : copied.error().to_string()};
  if (copied.ok()) got.written = *copied;
  const Expected expected =
      both.model.copy_from(source.model, request, both.model.last_entry() + 1, clock_.wall_ns());
  std::string different = difference(request, expected, got);
  if (different.empty()) different = compare_news(both);
  if (different.empty() && got.written.entry != 0) different = compare_written(both, got);
  return different.empty() ? "" : "from another space: " + request.to_string() + ": " + different;
}

bool ModelRun::alias_taken(const std::string& alias, const Both* self) const {
  for (const Both& other : spaces_)
    if (&other != self && other.alias == alias) return true;
  return false;
}

std::string ModelRun::create_space(const Op& op) {
  if (spaces_.size() == kSpacesMax) return "";
  const std::string alias = alias_of(op.name);
  SpaceOptions options{.kind = op.page % 2 == 0 ? SpaceKind::personal : SpaceKind::project,
                       .alias = alias};
  if (op.kind != 0) options.names = NameRule::folded;
  if (op.jump % 3 == 1)
    options.vault = VaultRule::own;   // which makes no difference to what is seen
  options.floor.keep_ns = INT64_MAX;  // the clock jumps
  const Result<Space> made = store_.session().create_space(options);
  if (alias_taken(alias, nullptr))
    return made.code() == Code::already_exists ? "" : "create_space: the alias was taken";
  if (!made.ok()) return "create_space: " + made.error().to_string();
  const Result<SpaceInfo> info = made->info();
  if (!info.ok()) return "info: " + info.error().to_string();
  spaces_.push_back({.id = made->id(),
                     .engine = *made,
                     .model = ModelSpace(*info, clock_.wall_ns()),
                     .kind = options.kind,
                     .alias = alias,
                     .name = {}});
  return compare_info(spaces_.back());
}

// Names, and files that present the space; also nodes that cannot.
SpaceChange ModelRun::change_of(const Both& both, const Op& op) {
  SpaceChange change;
  if (op.kind != 0) change.name = "name " + std::to_string(op.jump);
  if (op.page % 2 != 0) change.alias = alias_of(op.name);
  if (op.name % 3 == 0) change.description = "description " + std::to_string(op.jump);
  auto node = both.model.nodes().begin();
  std::advance(node, op.node % both.model.nodes().size());
  if (op.jump % 3 == 0) change.image = op.name == 0 ? 0 : node->first;
  if (op.jump % 3 == 1) change.readme = op.name == 0 ? 0 : node->first;
  return change;
}

std::set<Code> ModelRun::problems_of(const Both& both, const SpaceChange& change) const {
  std::set<Code> problems;
  if (change.alias && alias_taken(*change.alias, &both)) problems.insert(Code::already_exists);
  const auto judge = [&](NodeId node, NodeId before) {
    if (node == 0 || node == before) return;
    if (!both.model.alive(node))
      problems.insert(Code::not_found);
    else if (both.model.nodes().at(node).kind == NodeKind::folder)
      problems.insert(Code::is_a_folder);
  };
  judge(change.image.value_or(both.image), both.image);
  judge(change.readme.value_or(both.readme), both.readme);
  return problems;
}

std::string ModelRun::update_space(Both& both, const Op& op) {
  const SpaceChange change = change_of(both, op);
  const std::set<Code> problems = problems_of(both, change);
  const Result<Written> updated = both.engine.update(change);
  if (!problems.empty())
    return problems.contains(updated.code())
               ? ""
               : "update: answers " + std::string(code_name(updated.code()));
  if (!updated.ok()) return "update: " + updated.error().to_string();
  auto own = std::tie(both.name, both.alias, both.description, both.image, both.readme);
  const std::tuple after(change.name.value_or(both.name), change.alias.value_or(both.alias),
                         change.description.value_or(both.description),
                         change.image.value_or(both.image), change.readme.value_or(both.readme));
  const bool nothing = own == after;
  own = after;
  if (!nothing) both.model.update(both.model.last_entry() + 1, clock_.wall_ns());
  if (updated->entry != (nothing ? 0 : both.model.last_entry()))
    return "update: entry " + std::to_string(updated->entry);
  return compare_info(both);
}

std::string ModelRun::disable(Both& both) {
  const Result<Written> disabled = both.engine.disable();
  if (!disabled.ok()) return "disable: " + disabled.error().to_string();
  both.model.update(both.model.last_entry() + 1, clock_.wall_ns());
  if (disabled->entry != both.model.last_entry())
    return "disable: entry " + std::to_string(disabled->entry);
  const std::string different = compare_disabled(both);
  if (!different.empty()) return "disabled: " + different;
  const Result<Written> enabled = both.engine.enable();
  if (!enabled.ok()) return "enable: " + enabled.error().to_string();
  both.model.update(both.model.last_entry() + 1, clock_.wall_ns());
  if (enabled->entry != both.model.last_entry())
    return "enable: entry " + std::to_string(enabled->entry);
  return compare_info(both);
}

// The space itself is as it was for who manages it, and shows nothing of what it holds.
std::string ModelRun::compare_disabled(const Both& both) {
  for (std::size_t i = 0; i < kVerbCount; ++i) {
    const Request request{.verb = static_cast<Verb>(i), .ref = "/new", .to = "/newer"};
    if (run(both.engine, request).code != Code::not_found)
      return std::string(verb_name(request.verb)) + " does not answer not_found";
  }
  for (const Both& other : spaces_)
    if (&other != &both &&
        other.engine.copy_from(both.engine, "/", "/new").code() != Code::not_found)
      return "what it holds is copied";
  if (store_.session("eve").space(both.id).code() != Code::not_found) return "found by a stranger";
  const auto listed = store_.session().list_spaces({.state = SpaceStatus::disabled});
  if (!listed.ok()) return "list_spaces: " + listed.error().to_string();
  if (listed->items.size() != 1 || listed->items[0].id != both.id) return "list_spaces: others";
  return compare_numbers(both);
}

std::string ModelRun::purge_space(const Both& both) {
  if (spaces_.size() == 1) return "";
  const Space gone = both.engine;
  if (gone.purge().code() != Code::conflict) return "purge_space: of one that is in use";
  const Result<Written> disabled = gone.disable();
  if (!disabled.ok()) return "disable: " + disabled.error().to_string();
  const Result<Written> purged = gone.purge();
  if (!purged.ok()) return "purge_space: " + purged.error().to_string();
  std::erase_if(spaces_, [&](const Both& other) { return other.id == gone.id(); });
  const std::string different = compare_purged(gone);
  return different.empty() ? find_space(spaces_.front()) : "purged: " + different;
}

// For everybody as if it had never been, but that its id stays taken.
std::string ModelRun::compare_purged(const Space& gone) {
  for (std::size_t i = 0; i < kVerbCount; ++i) {
    const Request request{.verb = static_cast<Verb>(i), .ref = "/new", .to = "/newer"};
    if (run(gone, request).code != Code::not_found)
      return std::string(verb_name(request.verb)) + " does not answer not_found";
  }
  if (gone.info().code() != Code::not_found) return "info does not answer not_found";
  if (gone.enable().code() != Code::not_found) return "it can be brought back";
  if (store_.session().space(gone.id()).code() != Code::not_found) return "found by its id";
  if (store_.session().create_space({.id = gone.id()}).code() != Code::already_exists)
    return "its id is given out again";
  return list_spaces({});
}

std::string ModelRun::find_space(const Both& both) {
  const Session ada = store_.session();
  const Session eve = store_.session("eve");
  if (!ada.space(both.id).ok()) return "space: not found by its id";
  if (eve.space(both.id).code() != Code::not_found) return "space: found by a stranger";
  if (eve.space_by_alias(both.alias).code() != Code::not_found)
    return "space_by_alias: found by a stranger";
  for (std::uint32_t i = 0; i < 5; ++i) {
    const Result<Space> found = ada.space_by_alias(alias_of(i));
    const Both* expected = nullptr;
    for (const Both& other : spaces_)
      if (other.alias == alias_of(i)) expected = &other;
    if (found.ok() != (expected != nullptr)) return "space_by_alias: " + alias_of(i);
    if (expected != nullptr && found->id() != expected->id) return "space_by_alias: another space";
  }
  return "";
}

std::string ModelRun::list_spaces(const Op& op) {
  SpaceFilter filter;
  if (op.kind != 0) filter.kind = static_cast<SpaceKind>(op.kind);
  std::vector<std::pair<SpaceKind, SpaceId>> expected, got;
  for (const Both& both : spaces_)
    if (!filter.kind || both.kind == *filter.kind) expected.emplace_back(both.kind, both.id);
  std::sort(expected.begin(), expected.end());
  std::string after;
  do {
    auto page = store_.session().list_spaces(filter, op.page + 1, after);
    if (!page.ok()) return "list_spaces: " + page.error().to_string();
    for (const SpaceInfo& info : page->items) got.emplace_back(info.kind, info.id);
    after = page->next;
  } while (!after.empty());
  if (got != expected) return "list_spaces: other spaces";
  const auto strange = store_.session("eve").list_spaces(filter);
  if (!strange.ok() || !strange->items.empty()) return "list_spaces: a stranger sees some";
  return "";
}

std::string ModelRun::reopen() {
  for (Both& both : spaces_) {
    const Space before = both.engine;
    store_.close();
    if (run(before, {.verb = Verb::stat}).code != Code::unavailable)
      return "reopen: a space answers after its store was closed";
    const Status opened = store_.open();
    jumped_ns_ = 0;
    if (!opened.ok()) return "reopen: " + opened.error().to_string();
    break;
  }
  for (Both& both : spaces_) {
    Result<Space> found = store_.session().space(both.id);
    if (!found.ok()) return "reopen: " + found.error().to_string();
    both.engine = std::move(found).value();
    const std::string different = compare_info(both);
    if (!different.empty()) return "reopen: " + different;
  }
  return "";
}

std::string ModelRun::collect(const Both* forget) {
  CollectOptions options{.grace = std::chrono::seconds(0)};
  if (forget != nullptr) options.forget = forget->id;
  const Result<CollectReport> report = store_.store().collect(options);
  if (!report.ok()) return "collect: " + report.error().to_string();
  std::uint64_t items = 0, versions = 0;
  for (Both& both : spaces_) {
    if (believed_now()) items += both.model.purge_old(both.trash, *believed_now());
    versions += both.model.thin(both.versions, believed_now(), clock_.wall_ns());
  }
  if (report->trash_items != items)
    return "collect: " + std::to_string(report->trash_items) + " items of the trash";
  if (report->thinned != versions)
    return "collect: " + std::to_string(report->thinned) + " versions thinned";
  for (Both& both : spaces_) {
    const std::string different = move_floor(both, &both == forget);
    if (!different.empty()) return "collect: " + different;
  }
  return "";
}

// What the collection did to the floor of a space.
std::string ModelRun::move_floor(Both& both, bool forget) {
  const EntryNumber floor = both.model.floor_for(both.keep, forget);
  both.model.move_floor(floor);
  const Result<SpaceInfo> info = both.engine.info();
  if (!info.ok()) return info.error().to_string();
  if (info->floor != std::max<EntryNumber>(floor, 1))
    return "floor " + std::to_string(info->floor) + ", not " + std::to_string(floor);
  if (floor > 1) {
    if (both.engine.at({.entry = floor - 1}).code() != Code::cursor_too_old)
      return "what lies below the floor can be seen";
    if (both.engine.rewind({.entry = floor - 1}).code() != Code::cursor_too_old)
      return "the way back leads below the floor";
  }
  if (both.told < both.model.first_event()) {
    // The collection itself did something, and the floor has passed that already.
    if (both.engine.changes(both.cursor).code() != Code::cursor_too_old)
      return "changes: what is forgotten is not missed";
    Result<std::string> cursor = both.engine.cursor_after(both.model.floor());
    if (!cursor.ok()) return "cursor_after: " + cursor.error().to_string();
    both.cursor = std::move(cursor).value();
    both.told = both.model.first_event();
  }
  return compare_news(both);
}

std::string ModelRun::forget(Both& both, const Op& op) {
  const bool all = op.page % 4 == 0;
  if (!all) {
    const std::uint64_t keep = 1 + op.node % 40;
    const Result<Written> updated = both.engine.update({.floor = FloorPolicy{INT64_MAX, keep}});
    if (!updated.ok()) return "update: " + updated.error().to_string();
    if (keep != both.keep) both.model.update(both.model.last_entry() + 1, clock_.wall_ns());
    both.keep = keep;
    const std::string different = compare_info(both);
    if (!different.empty()) return different;
  }
  const std::string different = collect(all ? &both : nullptr);
  return different.empty() ? compare_all() : different;
}

// Says what the space keeps, and has it done.
std::string ModelRun::policies(Both& both, const Op& op) {
  constexpr std::int64_t kKeep_ns[] = {0, 40'000'000, 3'600 * kSecond_ns, INT64_MAX};
  const TrashPolicy trash{kKeep_ns[op.node % std::size(kKeep_ns)]};
  VersionPolicy versions{.thinning = static_cast<Thinning>(1 + op.name % 4)};
  if (versions.thinning == Thinning::count_and_age) {
    versions.count_min = op.kind;
    versions.keep_ns = kKeep_ns[op.jump % std::size(kKeep_ns)];
    versions.count_max = op.page;
  }
  const Result<Written> updated = both.engine.update({.trash = trash, .versions = versions});
  if (!updated.ok()) return "update: " + updated.error().to_string();
  if (trash != both.trash || versions != both.versions)
    both.model.update(both.model.last_entry() + 1, clock_.wall_ns());
  both.trash = trash;
  both.versions = versions;
  if (op.page % 2 == 0) {
    const std::string different = collect();
    return different.empty() ? compare_all() : different;
  }
  const Result<VersionsThinned> thinned = both.engine.thin_versions();
  if (!thinned.ok()) return "thin_versions: " + thinned.error().to_string();
  if (thinned->versions != both.model.thin(versions, believed_now(), clock_.wall_ns()))
    return "thin_versions: " + std::to_string(thinned->versions) + " versions";
  return compare(both);
}

// None where the clock has jumped.
std::optional<std::int64_t> ModelRun::believed_now() {
  constexpr std::int64_t kJumpMax_ns = 60 * kSecond_ns;
  if (jumped_ns_ >= kJumpMax_ns || jumped_ns_ <= -kJumpMax_ns) return std::nullopt;
  return clock_.wall_ns();
}

std::string ModelRun::empty_trash(Both& both) {
  const std::uint64_t items = both.model.trash().size(), bytes = both.model.trash_bytes();
  const Result<TrashEmptied> emptied = both.engine.empty_trash();
  if (!emptied.ok()) return "empty_trash: " + emptied.error().to_string();
  if (emptied->items != items || emptied->bytes != bytes)
    return "empty_trash: " + std::to_string(emptied->items) + " items";
  both.model.empty_trash(both.model.last_entry() + 1, clock_.wall_ns());
  return compare_info(both);
}

std::string ModelRun::look_back(const Both& both, const Op& op) {
  const std::vector<EntryNumber> entries = both.model.remembered();
  if (entries.empty()) return "";  // all of them lie below the floor
  const EntryNumber entry = entries[op.node % entries.size()];
  const Result<Space> view = both.engine.at({.entry = entry});
  if (!view.ok()) return "at " + std::to_string(entry) + ": " + view.error().to_string();
  Both then{.id = both.id,
            .engine = *view,
            .model = both.model.at(entry),
            .kind = both.kind,
            .alias = both.alias,
            .name = both.name,
            .description = both.description,
            .image = both.image,
            .readme = both.readme};
  const std::string different = compare_state(then);
  if (!different.empty()) return "at " + std::to_string(entry) + ": " + different;
  if (view->make_folder("/new").code() != Code::unsupported) return "the past can be changed";
  if (view->root_version().code() != Code::unsupported) return "the past can be followed";
  return "";
}

std::string ModelRun::rewind(Both& both, const Op& op) {
  const std::vector<EntryNumber> entries = both.model.remembered();
  if (entries.empty()) return "";  // all of them lie below the floor
  const EntryNumber to = entries[op.node % entries.size()];
  const EntryNumber last = both.model.last_entry();
  const Result<Written> rewound = both.engine.rewind({.entry = to});
  const std::string what = "rewind to " + std::to_string(to) + ": ";
  if (!rewound.ok()) return what + rewound.error().to_string();
  const EntryNumber expected = to == last ? 0 : last + 1;
  if (rewound->entry != expected) return what + "entry " + std::to_string(rewound->entry);
  if (expected != 0) both.model.rewind(to, expected, clock_.wall_ns());
  const std::string given_up = give_up_uploads(both);
  if (!given_up.empty()) return what + given_up;
  const std::string different = compare(both);
  return different.empty() ? "" : what + different;
}

void ModelRun::move_clock(const Op& op) {
  constexpr std::int64_t kDay_ns = 86'400 * kSecond_ns;
  constexpr std::int64_t kJumps_ns[] = {-kDay_ns, -kSecond_ns, kSecond_ns, kDay_ns, 1, -1};
  constexpr std::int64_t kSteps_ns[] = {3 * kSecond_ns, 3'600 * kSecond_ns, 2 * kDay_ns};
  const std::size_t which = op.jump % (std::size(kJumps_ns) + std::size(kSteps_ns));
  if (which >= std::size(kJumps_ns)) return clock_.advance(kSteps_ns[which - std::size(kJumps_ns)]);
  clock_.jump(kJumps_ns[which]);
  jumped_ns_ += kJumps_ns[which];
}

std::string run_steps(MetadataEngine engine, const std::vector<Op>& steps,
                      const StoreOptions& options) {
  try {
    ModelRun both(engine, options);
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const std::string different = both.step(steps[i]);
      if (!different.empty()) return "step " + std::to_string(i + 1) + ": " + different;
    }
    const std::string different = both.compare_all();
    return different.empty() ? "" : "at the end: " + different;
  } catch (const std::exception& exception) {
    return std::string("exception: ") + exception.what();
  }
}

}  // namespace spind::test
