// unapply is the exact inverse of apply: random journals are undone entry by entry and done again,
// and every intermediate state is compared, row for row.
#include <doctest/doctest.h>

#include <fmt/format.h>

#include <map>
#include <random>
#include <set>

#include "engine/seams.h"
#include "journal/journal.h"
#include "kv/kv.h"
#include "model/keys.h"
#include "space/apply.h"
#include "support/store/test_store.h"

namespace spind::test {
namespace {

// All rows of the space's state.
using Rows = std::map<std::string, std::string>;

Rows rows_of(kv::Store& kv, const SpaceId& space) {
  Rows rows;
  const std::string partition = model::space_partition(space);
  const auto cursor = kv.durable()->scan(kv::Family::state, partition, model::end_of(partition));
  for (; cursor->valid(); cursor->next()) rows.emplace(cursor->key(), cursor->value());
  REQUIRE(cursor->status().ok());
  return rows;
}

void commit(kv::Store& kv, const SpaceId& space,
            const std::function<Status(kv::Transaction&, space::State&)>& change) {
  kv::Answer answer = kv.update({model::space_partition(space)}, [&](kv::Transaction& rows) {
    space::State state(rows, space);
    Status changed = change(rows, state);
    if (!changed.ok()) return kv::Outcome(std::move(changed).error());
    state.flush();
    return kv::Outcome(kv::Commit{});
  });
  INFO((answer.status.ok() ? "" : answer.status.error().to_string()));
  REQUIRE(answer.status.ok());
  REQUIRE(kv.wait(answer.ticket).ok());
}

// Verbs at random over a few names, so that they meet; most succeed, some are refused.
class RandomVerbs {
 public:
  // `between` is called after each entry of a verb that makes several.
  RandomVerbs(Space space, std::uint64_t seed, std::function<void()> between)
      : space_(std::move(space)), random_(seed), between_(std::move(between)) {}

  void run_one() {
    const std::string a = path(), b = path();
    const std::string id = pick(5) == 0 ? fmt::format("request-{}", pick(200)) : "";
    switch (pick(26)) {
      case 0:
      case 1:
        return done(space_.put(a, content(), {.make_parents = pick(2) == 0, .request_id = id}));
      case 2: return done(space_.make_folder(a, {.make_parents = pick(2) == 0, .request_id = id}));
      case 3: return done(space_.move(a, b, {.replace = pick(2) == 0, .request_id = id}));
      case 4:  // of one that is there as often as not, to where another may be
        return done(space_.move(file(), file(), {.replace = pick(2) == 0, .request_id = id}));
      case 5: return done(space_.remove(a, {.request_id = id}));
      case 6:  // one of two times, so that there often is nothing to do but to remember the request
        return done(space_.set_mtime(file(), static_cast<std::int64_t>(1 + pick(2)),
                                     {.request_id = fmt::format("touch-{}", touches_++)}));
      case 7: return remove_version(id);
      case 8: return done(space_.restore_version(file(), 1 + pick(3), {.request_id = id}));
      case 9:
        return done(
            space_.mark_version(file(), 1 + pick(3),
                                {.pinned = pick(3) == 0, .label = fmt::format("label {}", pick(2))},
                                {.request_id = id}));
      case 10: return done(space_.put(file(), content()));
      case 11:
      case 12: return done(space_.restore(trashed(), restoring()));
      case 13: return done(space_.purge(trashed(), {.request_id = id}));
      case 14:
        if (pick(6) == 0) REQUIRE(space_.empty_trash().ok());
        return;
      case 15: return done(rewind(id));
      case 16: return done(copy(a, b, id));
      case 17: return done(copy_folder(id));
      case 18:
      case 19:
        return done(
            space_.set_properties(pick(3) == 0 ? a : file(), properties(), {.request_id = id}));
      case 20: return start_upload(a, id);
      case 21:
      case 22: return append_upload();
      case 23: return end_upload(id);
      case 24: return thin();
      default: return done(space_.update({.name = fmt::format("name {}", pick(5))}));
    }
  }

 private:
  std::uint64_t pick(std::uint64_t below) { return random_() % below; }
  // Often of one that has a label, which goes with it.
  void remove_version(const std::string& id) {
    const std::string of = file();
    const VersionNumber version = 1 + pick(3);
    if (pick(2) == 0) {
      done(space_.mark_version(of, version, {.label = "goes with it"}));
      between_();
    }
    done(space_.remove_version(of, version, {.request_id = id}));
  }
  // Often not far, so that rewinds are themselves rewound.
  Result<Written> rewind(const std::string& id) {
    const EntryNumber last = space_.info()->entry;
    const EntryNumber far = pick(3) == 0 ? last : std::min<EntryNumber>(last, 12);
    return space_.rewind({.entry = last - pick(far)}, {.request_id = id});
  }
  // Now and then it is given up in the middle.
  Result<Written> copy(const std::string& from, const std::string& to, const std::string& id) {
    const std::uint64_t steps = 1 + pick(3);
    CopyOptions options{.on_conflict = static_cast<OnConflict>(pick(4)),
                        .make_parents = pick(2) == 0,
                        .request_id = id};
    std::uint64_t step = 0;
    options.progress = [&](const Progress&) {
      between_();
      return ++step <= steps;
    };
    return space_.copy(from, to, options);
  }
  // Of one that is there, to where nothing is, so that it ends whole as often as not.
  Result<Written> copy_folder(const std::string& id) {
    const std::string folder = fmt::format("/F{}", pick(3));
    done(space_.make_folder(folder, {.exist_ok = true}));
    return copy(folder, fmt::format("/copy {}", copies_++), id);
  }
  void start_upload(const std::string& target, const std::string& id) {
    const std::uint64_t sizes[] = {0, 1'000, 40'000, (8 << 20) + 10};
    const auto begun =
        space_.start_upload(target, sizes[pick(4)], {.make_parents = true, .request_id = id});
    if (!begun.ok()) REQUIRE(begun.code() != Code::corruption);
  }
  std::optional<UploadInfo> an_upload() {
    const auto uploads = space_.uploads().value().items;
    if (uploads.empty()) return std::nullopt;
    return uploads[pick(uploads.size())];
  }
  void append_upload() {
    const auto upload = an_upload();
    if (!upload || upload->state != UploadState::receiving) return;
    const std::uint64_t rest = upload->size_bytes - upload->offset;
    const std::uint64_t count = pick(3) == 0 ? rest : std::min<std::uint64_t>(rest, pick(30'000));
    const std::string bytes(count, static_cast<char>('a' + pick(3)));
    REQUIRE(space_.append_upload(upload->id, upload->offset, bytes).ok());
  }
  void end_upload(const std::string& id) {
    const auto upload = an_upload();
    if (!upload) return;
    if (pick(6) == 0) return done(space_.abort_upload(upload->id));
    if (upload->state == UploadState::receiving)
      return done(space_.finish_upload(upload->id, {.hold = pick(2) == 0, .request_id = id}));
    if (pick(3) == 0) return done(space_.quarantine_upload(upload->id));
    done(space_.release_upload(upload->id, {.request_id = id}));
  }
  // By a policy that drops some whatever the time is.
  void thin() {
    done(space_.update({.versions = VersionPolicy{.thinning = Thinning::count_and_age,
                                                  .count_max = 1 + pick(3)}}));
    between_();
    REQUIRE(space_.thin_versions().ok());
  }
  std::string path() {
    std::string path;
    for (std::uint64_t depth = 1 + pick(4); depth-- > 0;)
      path += pick(3) == 0 ? fmt::format("/F{}", pick(3)) : fmt::format("/f{}", pick(3));
    return path;
  }
  // One of a few names that are put again and again, so that there are versions.
  std::string file() { return fmt::format("/f{}", pick(3)); }
  PropertyChanges properties() {
    PropertyChanges changes;
    for (std::uint64_t i = 1 + pick(3); i-- > 0;) {
      const std::string key = fmt::format("{}{}", pick(2) == 0 ? "tag:" : "key ", pick(3));
      std::optional<std::string>& value = changes[key];
      if (pick(3) != 0) value = key[0] == 't' ? "" : std::string(pick(60), 'x');
    }
    return changes;
  }
  // An item of the trash, or something below one; now and then something else.
  Ref trashed() {
    const auto items = space_.trash().value().items;
    if (items.empty()) return Ref::node(pick(30));
    const NodeId id = items[pick(items.size())].node.id;
    if (pick(3) != 0) return Ref::node(id);
    return pick(2) == 0 ? Ref::below(id, path().substr(1)) : Ref::node(id + 1);
  }
  RestoreOptions restoring() {
    RestoreOptions options{.make_parents = pick(3) != 0,
                           .on_conflict = static_cast<OnConflict>(pick(4))};
    if (pick(3) == 0) options.to = path();
    return options;
  }
  // Empty, inline, one piece and (rarely) several.
  std::string content() {
    const std::uint64_t kind = pick(12);
    const std::size_t size = kind == 0 ? 0 : kind < 9 ? pick(2000) : kind < 11 ? 20'000 : 9 << 20;
    return std::string(size, static_cast<char>('a' + pick(3)));
  }
  static void done(const Result<Written>& written) {
    if (!written.ok()) REQUIRE(written.code() != Code::corruption);
  }

  Space space_;
  std::mt19937_64 random_;
  const std::function<void()> between_;
  std::uint64_t touches_ = 0, copies_ = 0;
};

// Undoes the journal of a space down to nothing and does it again.
class Undoing {
 public:
  // `undone` gathers which kinds of change there were, by their place in the variant.
  Undoing(kv::Store& kv, const SpaceId& space, std::set<std::size_t>& undone)
      : kv_(kv), space_(space), undone_(undone) {}

  void undo(const std::vector<Rows>& states) {
    for (EntryNumber number = states.size() - 1; number > 0; --number) {
      CAPTURE(number);
      entries_.push_back(read(number));
      for (const model::Change& change : entries_.back().changes) undone_.insert(change.index());
      commit(kv_, space_, [&](kv::Transaction& rows, space::State& state) {
        journal::erase(rows, space_, number);
        return space::unapply(state, entries_.back());
      });
      REQUIRE(rows_of(kv_, space_) == states[number - 1]);
    }
  }

  void redo(const std::vector<Rows>& states) {
    for (EntryNumber number = 1; number < states.size(); ++number) {
      CAPTURE(number);
      const model::Entry entry = std::move(entries_.back());
      entries_.pop_back();
      commit(kv_, space_, [&](kv::Transaction& rows, space::State& state) {
        return space::apply(state, entry, journal::append(rows, space_, entry));
      });
      REQUIRE(rows_of(kv_, space_) == states[number]);
    }
  }

 private:
  model::Entry read(EntryNumber number) {
    Result<model::Entry> entry = journal::read(*kv_.durable(), space_, number);
    REQUIRE(entry.ok());
    return std::move(entry).value();
  }

  kv::Store& kv_;
  SpaceId space_;
  std::set<std::size_t>& undone_;
  std::vector<model::Entry> entries_;  // the latest last
};

void undo_and_redo(NameRule names, std::uint64_t seed, std::uint64_t verbs,
                   std::set<std::size_t>& undone) {
  kv::Store* kv = nullptr;
  engine::Seams seams;
  seams.open_kv = [&kv](const engine::KvSetup& setup) {
    auto opened = engine::default_kv(setup);
    if (opened.ok()) kv = opened->get();
    return opened;
  };
  TestStore store(MetadataEngine::memory, seams);
  const Space space = store.make_space("undone", names);
  std::vector<Rows> states{Rows{}, rows_of(*kv, space.id())};
  const auto note_state = [&] {
    REQUIRE(kv->wait(kv->latest()).ok());
    Rows now = rows_of(*kv, space.id());
    if (now != states.back()) states.push_back(std::move(now));
  };
  RandomVerbs verb(space, seed, note_state);
  for (std::uint64_t i = 0; i < verbs; ++i) {
    verb.run_one();
    note_state();
  }
  REQUIRE(space.info()->entry == states.size() - 1);
  Undoing undoing(*kv, space.id(), undone);
  undoing.undo(states);
  undoing.redo(states);
}

TEST_CASE("unapply: undoes random journals entry by entry, row for row, and apply redoes them") {
  std::mt19937_64 seeds(seed());
  const std::uint64_t runs = scaled(15, 30, 500);
  std::set<std::size_t> undone;
  for (std::uint64_t run = 0; run < runs; ++run) {
    const std::uint64_t one = seeds();
    CAPTURE(one);
    undo_and_redo(run % 2 == 0 ? NameRule::exact : NameRule::folded, one, 120, undone);
  }
  // What never came up was not shown.
  for (std::size_t kind = 0; kind < std::variant_size_v<model::Change>; ++kind) {
    CAPTURE(kind);
    CHECK(undone.contains(kind));
  }
}

}  // namespace
}  // namespace spind::test
