// Every kind of damage is planted, found, and then made good or set aside.
#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "model/aside.h"
#include "model/upload_record.h"
#include "unit/upkeep/planted.h"
#include "upkeep/finding_kinds.h"

namespace spind::test {
namespace {

using kv::Family;
using model::SpaceRow;

enum class Fate { repaired, set_aside };
constexpr std::uint64_t kLarge = (8 << 20) + 20'000;

// A store with something of every kind: versions removed and marked, a property and a tag, an
// upload, a copy that was not finished, something that was purged, a rewind.
class Everything : public Planted {
 public:
  // `with_large`: also a file and an upload of more than one piece.
  Everything(NameRule names, bool with_large) : Planted({}, names) {
    if (with_large) large = space().put("/large", content(3, kLarge)).value().entry;
    REQUIRE(space().put("/thin", content(5, 30'000)).ok());
    REQUIRE(space().put("/thin", "small now").ok());
    thinned = space().remove_version("/thin", 1).value().entry;
    REQUIRE(space().mark_version("/work/essay", 2, {.pinned = true, .label = "second"}).ok());
    REQUIRE(space().set_properties("/work/essay", {{"colour", "blue"}, {"tag:draft", ""}}).ok());
    const std::uint64_t film_bytes = with_large ? kLarge : 20'000;
    upload = space().start_upload("/film", film_bytes).value().id;
    REQUIRE(space().append_upload(upload, 0, content(4, film_bytes)).ok());
    const Written copied = space().copy("/work", "/copy").value();
    rewind = space().rewind({.entry = copied.entry - 1}).value().entry;
    staged = {copied.entry - 1, 0};
    REQUIRE(space().put("/purged/file", "purged", {.make_parents = true}).ok());
    const NodeId away = space().remove("/purged").value().node;
    purged = {space().purge(Ref::node(away)).value().entry, 0};
    CHECK(store().findings(true) == "");
  }

  std::string key(const Ref& ref) { return node_key(ref); }
  template <class Record, class Decode, class Change>
  void change(const std::string& key, const Decode& decode, const Change& change_record) {
    Record record = decode(row(Family::state, key)).value();
    change_record(record);
    put(Family::state, key, model::encode(record));
  }

  CheckReport repair(bool read_content) {
    CheckOptions options;
    options.read_content = read_content;
    options.repair = true;
    return store().store().check(options).value();
  }

  EntryNumber large = 0, thinned = 0, upload = 0, rewind = 0;
  model::AttachmentId staged, purged;
};

struct Damage {
  std::string kind;
  std::string what;
  Fate fate;
  std::function<void(Everything&)> plant;
  NameRule names = NameRule::exact;
  bool read_content = false;
};

void change_trash(Everything& all, const std::function<void(model::TrashRecord&)>& change) {
  all.change<model::TrashRecord>(all.trash_key(), model::decode_trash, change);
}

std::vector<Damage> tree_damages() {
  return {
      {"root", "lost", Fate::repaired,
       [](Everything& all) { all.erase(Family::state, model::node_key(all.id(), 0, "")); }},
      {"node_record", "of a folder", Fate::repaired,
       [](Everything& all) { all.put(Family::state, all.key("/work"), "broken"); }},
      {"node_record", "of a file", Fate::set_aside,
       [](Everything& all) { all.put(Family::state, all.key("/work/essay"), "broken"); }},
      {"node_id", "never given out", Fate::repaired,
       [](Everything& all) { all.change_head([](model::Head& head) { head.next_node = 2; }); }},
      {"node_changed", "in the future", Fate::repaired,
       [](Everything& all) {
         change_trash(all, [](model::TrashRecord& trash) { trash.node.changed = 10'000; });
       }},
      {"locator", "lost", Fate::repaired,
       [](Everything& all) { all.erase(Family::state, model::locator_key(all.id(), all.notes)); }},
      {"locator", "stray", Fate::repaired,
       [](Everything& all) {
         all.put(Family::state, model::locator_key(all.id(), 900),
                 model::encode(model::Locator{kRootNode, "nothing", {}}));
       }},
      {"locator", "of two rows of one node", Fate::set_aside,
       [](Everything& all) {
         all.put(Family::state, model::node_key(all.id(), kRootNode, "twice"),
                 all.row(Family::state, all.key("/work/notes")));
       }},
      {"orphan_children", "of a folder that is gone", Fate::repaired,
       [](Everything& all) {
         all.erase(Family::state, all.key("/work"));
         all.erase(Family::state, model::locator_key(all.id(), all.work));
       }},
      {"orphan_children", "of a file", Fate::set_aside,
       [](Everything& all) {
         const std::string file = all.row(Family::state, all.key("/work/notes"));
         auto node = model::decode_node(file).value();
         node.id = all.space().info().value().entry + 500;
         all.put(Family::state, model::node_key(all.id(), all.notes, "below"), model::encode(node));
       }},
      {"folder_totals", "other than its children", Fate::repaired,
       [](Everything& all) {
         all.change_node("/work", [](model::NodeRecord& node) { node.totals.files += 7; });
       }},
      {"folder_changed", "older than its child", Fate::repaired,
       [](Everything& all) {
         all.change_node("/work", [](model::NodeRecord& node) { node.changed = 1; });
       }},
      {"trash_record", "of a folder", Fate::repaired,
       [](Everything& all) { all.put(Family::state, all.trash_key(), "broken"); }},
      {"trash_record", "of a file", Fate::set_aside,
       [](Everything& all) {
         const auto removed = all.space().remove("/work/notes").value();
         all.put(Family::state, model::trash_key(all.id(), {removed.entry, 0}), "broken");
       }},
      {"trash_locator", "lost", Fate::repaired,
       [](Everything& all) { all.erase(Family::state, model::locator_key(all.id(), all.gone)); }},
      {"trash_bytes", "miscounted", Fate::repaired,
       [](Everything& all) { all.change_head([](model::Head& head) { ++head.trash_bytes; }); }},
      {"folded_name", "lost", Fate::repaired,
       [](Everything& all) {
         all.erase(Family::state, model::folded_key(all.id(), kRootNode, "pack"));
       },
       NameRule::folded},
      {"folded_name", "stray", Fate::repaired,
       [](Everything& all) {
         all.put(Family::state, model::folded_key(all.id(), kRootNode, "nothing"), "Nothing");
       },
       NameRule::folded},
      {"staged_record", "broken", Fate::repaired,
       [](Everything& all) {
         all.put(Family::state, model::staged_key(all.id(), all.staged), "broken");
       }},
      {"staged_locator", "lost", Fate::repaired,
       [](Everything& all) {
         const auto top =
             model::decode_node(all.row(Family::state, model::staged_key(all.id(), all.staged)))
                 .value();
         all.erase(Family::state, model::locator_key(all.id(), top.id));
       }},
  };
}

std::vector<Damage> version_damages() {
  return {
      {"version_record", "broken", Fate::set_aside,
       [](Everything& all) {
         all.put(Family::state, model::version_key(all.id(), all.essay, 1), "broken");
       }},
      {"versions", "one lost", Fate::repaired,
       [](Everything& all) {
         all.erase(Family::state, model::version_key(all.id(), all.essay, 1));
       }},
      {"versions", "all lost", Fate::repaired,
       [](Everything& all) {
         all.erase(Family::state, model::version_key(all.id(), all.essay, 1));
         all.erase(Family::state, model::version_key(all.id(), all.essay, 2));
       }},
      {"version_bytes", "miscounted", Fate::repaired,
       [](Everything& all) {
         all.change_node("/work/essay", [](model::NodeRecord& node) { ++node.version_bytes; });
       }},
      {"orphan_versions", "of no node", Fate::set_aside,
       [](Everything& all) {
         all.put(Family::state, model::version_key(all.id(), 900, 2),
                 all.row(Family::state, model::version_key(all.id(), all.essay, 2)));
       }},
      {"version_mark", "broken", Fate::set_aside,
       [](Everything& all) {
         all.put(Family::state, model::mark_key(all.id(), all.essay, 2), "broken");
       }},
      {"dropped", "not kept", Fate::repaired,
       [](Everything& all) {
         all.erase(Family::state,
                   model::kept_key(all.id(), sha256_of(content(5, 30'000)), all.thinned));
       }},
      {"dropped", "not in the queue", Fate::repaired,
       [](Everything& all) {
         all.erase(Family::state,
                   model::dropped_key(all.id(), all.thinned, sha256_of(content(5, 30'000))));
       }},
      {"dropped", "of an entry that was not made", Fate::set_aside,
       [](Everything& all) {
         all.put(Family::state, model::dropped_key(all.id(), 9'000, all.piece()), "");
       }},
      {"property", "broken", Fate::set_aside,
       [](Everything& all) {
         all.put(Family::state, model::property_key(all.id(), all.essay, "colour"), "broken");
       }},
      {"property", "of no node", Fate::set_aside,
       [](Everything& all) {
         const std::string row =
             all.row(Family::state, model::property_key(all.id(), all.essay, "colour"));
         all.put(Family::state, model::property_key(all.id(), 900, "colour"), row);
         all.put(Family::state, model::property_key(all.id(), 900, "size"), row);
       }},
      {"property", "of a tag, with a value", Fate::repaired,
       [](Everything& all) {
         all.put(Family::state, model::property_key(all.id(), all.essay, "tag:draft"),
                 model::encode_property("value"));
       }},
      {"tag", "not listed", Fate::repaired,
       [](Everything& all) {
         all.erase(Family::state, model::tagged_key(all.id(), "draft", all.essay));
       }},
      {"tag", "listed and not there", Fate::repaired,
       [](Everything& all) {
         all.put(Family::state, model::tagged_key(all.id(), "other", all.essay), "");
       }},
  };
}

std::vector<Damage> space_damages() {
  const SpaceId other{{0x40, 1, 2, 3}};
  return {
      {"catalogue", "not listed", Fate::repaired,
       [](Everything& all) {
         all.erase(Family::state,
                   model::catalogue_space_key("default", SpaceKind::personal, all.id()));
       }},
      {"catalogue", "a space that is not there", Fate::repaired,
       [=](Everything& all) {
         all.put(Family::state, model::catalogue_space_key("default", SpaceKind::personal, other),
                 "");
       }},
      {"alias", "lost", Fate::repaired,
       [](Everything& all) {
         all.erase(Family::state, model::catalogue_alias_key("default", "planted"));
       }},
      {"alias", "of before", Fate::repaired,
       [](Everything& all) {
         all.put(Family::state, model::catalogue_alias_key("default", "before"),
                 as_text(all.id().bytes));
       }},
      {"space_record", "broken", Fate::repaired,
       [](Everything& all) { all.put(Family::state, model::info_key(all.id()), "broken"); }},
      {"head", "lost", Fate::repaired,
       [](Everything& all) { all.erase(Family::state, model::head_key(all.id())); }},
      {"head", "with another hash", Fate::repaired,
       [](Everything& all) { all.change_head([](model::Head& head) { ++head.chain[5]; }); }},
      {"head", "behind the journal", Fate::repaired,
       [](Everything& all) {
         all.change_head([](model::Head& head) { --head.entry, --head.visible; });
       }},
      {"head", "further than the journal", Fate::repaired,
       [](Everything& all) {
         const EntryNumber last = all.space().info().value().entry;
         all.erase(Family::journal, model::skeleton_key(all.id(), last));
         all.erase(Family::journal, model::payload_key(all.id(), last));
       }},
      {"journal", "an entry lost", Fate::set_aside,
       [](Everything& all) { all.erase(Family::journal, model::skeleton_key(all.id(), 3)); }},
      {"journal", "an entry changed", Fate::set_aside,
       [](Everything& all) {
         all.put(Family::journal, model::payload_key(all.id(), 3),
                 all.row(Family::journal, model::payload_key(all.id(), 4)));
       }},
      {"journal", "trimmed above the floor", Fate::repaired,
       [](Everything& all) {
         all.put(Family::state, model::trimmed_key(all.id()), model::encode_count(2));
       }},
      {"request", "lost", Fate::repaired,
       [](Everything& all) {
         all.erase(Family::state, model::request_key(all.id(), "ada", "essay"));
       }},
      {"request", "stray", Fate::repaired,
       [](Everything& all) {
         all.put(Family::state, model::request_key(all.id(), "ada", "stray"),
                 model::encode_count(2));
       }},
      {"rewind", "lost", Fate::repaired,
       [](Everything& all) { all.erase(Family::state, model::rewind_key(all.id(), all.rewind)); }},
      {"rewind", "stray", Fate::repaired,
       [](Everything& all) {
         all.put(Family::state, model::rewind_key(all.id(), 2), model::encode_count(1));
       }},
      {"undo", "another author", Fate::repaired,
       [](Everything& all) {
         all.change_node("/work/notes",
                         [](model::NodeRecord& node) { node.current.author = "eve"; });
       }},
  };
}

std::vector<Damage> content_damages() {
  const SpaceId other{{0x40, 1, 2, 3}};
  const auto notes = [](Everything& all) {
    return model::attachment_key(all.id(), {all.notes_entry, 0});
  };
  return {
      {"inline_content", "lost", Fate::set_aside,
       [=](Everything& all) { all.erase(Family::attachment, notes(all)); }},
      {"inline_content", "broken", Fate::set_aside,
       [=](Everything& all) { all.put(Family::attachment, notes(all), "broken"); }},
      {"manifest", "broken", Fate::set_aside,
       [](Everything& all) {
         all.put(Family::attachment, model::attachment_key(all.id(), {all.large, 0}), "broken");
       }},
      {"manifest", "another than its entry was made with", Fate::set_aside,
       [](Everything& all) {
         const std::string key = model::attachment_key(all.id(), {all.large, 0});
         auto pieces = model::decode_manifest(all.row(Family::attachment, key)).value();
         std::swap(pieces[0], pieces[1]);
         all.put(Family::attachment, key, model::encode_manifest(pieces));
       }},
      {"attachment", "of nobody", Fate::repaired,
       [=](Everything& all) {
         all.put(Family::attachment, model::attachment_key(all.id(), {all.notes_entry, 1}),
                 all.row(Family::attachment, notes(all)));
       }},
      {"content", "other bytes", Fate::set_aside,
       [](Everything& all) {
         all.put(Family::attachment, model::attachment_key(all.id(), {all.notes_entry, 0}),
                 model::encode_inline("NOTES"));
       },
       NameRule::exact, true},
      {"references", "too many", Fate::repaired,
       [](Everything& all) {
         all.put(Family::state, model::reference_key(all.id(), all.piece()),
                 model::encode_count(5));
       }},
      {"references", "lost", Fate::repaired,
       [](Everything& all) {
         all.erase(Family::state, model::reference_key(all.id(), all.piece()));
       }},
      {"holder", "lost", Fate::repaired,
       [](Everything& all) {
         all.erase(Family::content, model::holder_key(all.vault(), all.piece(), all.id()));
       }},
      {"holder", "the vault not listed", Fate::repaired,
       [](Everything& all) { all.erase(Family::content, model::ledger_vault_key(all.vault())); }},
      {"missing_piece", "no row", Fate::set_aside,
       [](Everything& all) {
         all.erase(Family::content, model::piece_key(all.vault(), all.piece()));
       }},
      {"corrupt_piece", "a broken row", Fate::set_aside,
       [](Everything& all) {
         all.put(Family::content, model::piece_key(all.vault(), all.piece()), "broken");
       }},
      {"stray_holder", "of another space", Fate::repaired,
       [=](Everything& all) {
         all.put(Family::content, model::holder_key(all.vault(), all.piece(), other), "");
       }},
      {"unheld_piece", "not condemned", Fate::repaired,
       [](Everything& all) {
         const model::PieceRow nowhere{{model::BlobPlace::Kind::object, 999, 0}, 1, 97};
         const model::PieceId id{};
         all.put(Family::content, model::piece_key(all.vault(), id), model::encode(nowhere));
       }},
      {"condemned_piece", "held", Fate::repaired,
       [](Everything& all) {
         all.put(Family::content, model::condemned_key(all.vault(), all.piece()),
                 model::encode_number(1));
       }},
      {"upload", "broken", Fate::set_aside,
       [](Everything& all) {
         all.put(Family::state, model::upload_key(all.id(), all.upload), "broken");
       }},
      {"upload", "without one of its pieces", Fate::set_aside,
       [](Everything& all) {
         all.erase(Family::state, model::settled_key(all.id(), all.upload, 0));
       }},
      {"upload", "not known to those who sweep", Fate::repaired,
       [](Everything& all) { all.erase(Family::state, model::waiting_uploads_key(all.id())); }},
  };
}

std::string only_key(Everything& all, model::LedgerRow tag) {
  const std::string prefix = model::ledger_prefix(tag);
  const auto cursor = all.rows().durable()->scan(Family::content, prefix, model::end_of(prefix));
  REQUIRE(cursor->valid());
  return std::string(cursor->key());
}

constexpr std::uint64_t kObject = 8 << 20;

// What is stored belongs to no open range, as after a while.
void close_range(Everything& all) {
  all.erase(Family::content, only_key(all, model::LedgerRow::range));
}

std::vector<Damage> place_damages() {
  using model::LedgerRow;
  const auto open_pack = [](Everything& all) { return only_key(all, LedgerRow::pack_open); };
  return {
      {"pack", "a broken row", Fate::repaired,
       [=](Everything& all) { all.put(Family::content, open_pack(all), "broken"); }},
      {"pack", "lost", Fate::repaired,
       [=](Everything& all) { all.erase(Family::content, open_pack(all)); }},
      {"pack", "counted as dead", Fate::repaired,
       [=](Everything& all) {
         all.put(Family::content, open_pack(all),
                 model::encode(model::PackRow{1'000'000, 990'000}));
       }},
      {"pack", "to be removed", Fate::repaired,
       [=](Everything& all) {
         const std::string key = open_pack(all);
         all.erase(Family::content, key);
         all.put(Family::content,
                 model::ledger_key(LedgerRow::pack_removed, model::last_u64_in(key)),
                 model::encode(model::PackRow{1'000'000, 1'000'000}));
       }},
      {"stray_blob", "an object", Fate::repaired,
       [](Everything& all) {
         REQUIRE(all.space().put("/object", content(6, kObject)).ok());
         const std::filesystem::path objects = all.store().folder() + "/objects/blobs/o";
         for (const auto& entry : std::filesystem::recursive_directory_iterator(objects))
           if (entry.is_regular_file()) {
             std::filesystem::copy(entry.path(), objects / "0/999");
             break;
           }
         close_range(all);
       }},
      {"stray_blob", "of a piece whose row is lost", Fate::set_aside,
       [](Everything& all) {
         const std::string bytes = content(6, kObject);
         REQUIRE(all.space().put("/object", bytes).ok());
         all.erase(Family::content, model::piece_key(all.vault(), sha256_of(bytes)));
         close_range(all);
       }},
      {"stray_blob", "a pack", Fate::repaired,
       [](Everything& all) {
         all.put(Family::content, model::next_number_key(), model::encode_number(100));
         std::ofstream(all.store().folder() + "/packs/0000000000000063") << "stray";
       }},
      {"next_number", "lost", Fate::repaired,
       [](Everything& all) { all.erase(Family::content, model::next_number_key()); }},
      {"next_number", "given out before", Fate::repaired,
       [](Everything& all) {
         all.put(Family::content, model::next_number_key(), model::encode_number(1));
       }},
  };
}

std::vector<Damage> damages() {
  std::vector<Damage> all = tree_damages();
  for (const auto& more : {version_damages(), space_damages(), content_damages(), place_damages()})
    all.insert(all.end(), more.begin(), more.end());
  return all;
}

std::string texts(const std::vector<CheckFinding>& findings) {
  std::string text;
  for (const CheckFinding& finding : findings) text += finding.kind + ": " + finding.text + "\n";
  return text;
}

TEST_CASE("repair: what is planted is found, made good or set aside, and then all is well") {
  for (const Damage& damage : damages()) {
    CAPTURE(damage.kind);
    CAPTURE(damage.what);
    Everything all(damage.names, damage.kind == "manifest" || damage.kind == "upload");
    damage.plant(all);
    const bool read_content = damage.read_content;
    CHECK(all.kinds(read_content).contains(damage.kind));
    const CheckReport report = all.repair(read_content);
    CAPTURE(texts(report.findings));
    CHECK(report.findings_left == 0);
    CHECK(report.findings_total >= 1);
    CHECK(report.repaired <= report.findings_total);
    bool noted = false;
    for (const CheckFinding& aside : report.set_aside) noted = noted || aside.kind == damage.kind;
    CHECK(noted == (damage.fate == Fate::set_aside));
    if (damage.fate == Fate::repaired) CHECK(report.repaired >= 1);
    // A check says so too, and a second repair has nothing to do.
    const CheckReport again = all.check(read_content);
    CHECK(texts(again.findings) == "");
    CHECK(again.set_aside_total == report.set_aside_total);
    const CheckReport idle = all.repair(read_content);
    CHECK(idle.findings_total == 0);
    CHECK(idle.repaired == 0);
    CHECK(idle.set_aside_total == report.set_aside_total);
    // The store goes on.
    CHECK(all.space().put("/after", "after").ok());
    REQUIRE(all.store().store().collect({.grace = std::chrono::seconds(0)}).ok());
    CHECK(texts(all.check(read_content).findings) == "");
    all.store().reopen();
    CHECK(all.store().findings(read_content) == "");
  }
}

// Several things that each take a pass of their own.
void plant_much(Everything& all) {
  all.put(Family::state, all.key("/work/essay"), "broken");
  all.change_node("/work", [](model::NodeRecord& node) { node.totals.files += 7; });
  all.put(Family::state, model::reference_key(all.id(), all.piece()), model::encode_count(5));
  all.erase(Family::state, model::catalogue_alias_key("default", "planted"));
  all.erase(Family::state, model::request_key(all.id(), "ada", "essay"));
}

TEST_CASE("repair: what was done by the time of a cancellation stays, and the next one ends it") {
  for (std::uint64_t steps_max = 1, cancelled = 1; cancelled != 0; ++steps_max) {
    Everything all(NameRule::exact, false);
    plant_much(all);
    const std::uint64_t before = all.check().findings_total;
    CheckOptions options;
    options.repair = true;
    CancelToken token;
    options.cancel = token;
    std::uint64_t steps = 0;
    all.before_update([&] {
      if (++steps == steps_max) token.cancel();
    });
    const auto report = all.store().store().check(options);
    all.before_update(nullptr);
    cancelled = report.ok() ? 0 : 1;
    if (cancelled != 0) {
      CHECK(report.code() == Code::cancelled);
      CHECK(all.check().findings_total <= before + 10);
      all.repair(false);
    }
    CHECK(texts(all.check().findings) == "");
    CHECK(steps_max < 100);
  }
}

TEST_CASE("repair: what is stored is decided on anew by the first collection of the next opening") {
  TestStore store(MetadataEngine::memory);
  const auto collect = [&] {
    REQUIRE(store.store().collect({.grace = std::chrono::seconds(0)}).ok());
  };
  const auto pack_row = [&](model::LedgerRow tag) {
    const std::string prefix = model::ledger_prefix(tag);
    const auto cursor =
        store.rows().durable()->scan(Family::content, prefix, model::end_of(prefix));
    return cursor->valid() ? std::optional(std::pair(std::string(cursor->key()),
                                                     model::decode_pack(cursor->value()).value()))
                           : std::nullopt;
  };
  const auto update = [&](const std::function<void(kv::Transaction&)>& change) {
    const kv::Answer answer =
        store.rows().update({model::ledger_partition()}, [&](kv::Transaction& rows) -> kv::Outcome {
          change(rows);
          return kv::Commit{};
        });
    REQUIRE(answer.status.ok());
    REQUIRE(store.rows().wait(answer.ticket).ok());
  };
  {
    const Space space = store.make_space("space");
    for (std::uint64_t i = 0; i < 5; ++i)
      REQUIRE(space.put("/" + std::to_string(i), content(i, 40'000)).ok());
  }
  store.reopen();
  const auto whole = pack_row(model::LedgerRow::pack_idle).value();
  // The next collection would take the pack away with all that is in it.
  const std::uint64_t number = model::last_u64_in(whole.first);
  update([&](kv::Transaction& rows) {
    rows.erase(Family::content, whole.first);
    rows.put(Family::content, model::ledger_key(model::LedgerRow::pack_removed, number),
             model::encode(model::PackRow{whole.second.end_bytes, whole.second.end_bytes}));
    rows.put(Family::content, model::next_number_key(), model::encode_number(100));
  });
  const std::string stray = store.folder() + "/packs/0000000000000063";
  std::ofstream(stray) << "stray";

  CheckOptions options;
  options.repair = true;
  const CheckReport report = store.store().check(options).value();
  CHECK(report.findings_total == 2);
  CHECK(report.repaired == 2);
  store.reopen();
  collect();
  CHECK(pack_row(model::LedgerRow::pack_idle).value() == whole);
  CHECK_FALSE(std::filesystem::exists(stray));
  CHECK(store.findings(true) == "");
  for (std::uint64_t i = 0; i < 5; ++i)
    CHECK(store.space("space").get("/" + std::to_string(i)).value() == content(i, 40'000));
}

TEST_CASE("repair: goes on beside those who write") {
  Everything all(NameRule::exact, false);
  std::atomic<bool> done = false;
  std::atomic<int> failed = 0, written = 0;
  {
    std::jthread writer([&] {
      for (std::uint64_t i = 0; !done; ++i) {
        const std::string name = "/work/w" + std::to_string(i % 50);
        const bool put = all.space().put(name, content(i, 20'000)).ok();
        failed += put ? 0 : 1;
        if (i % 3 == 0) failed += all.space().remove(name).ok() ? 0 : 1;
        ++written;
      }
    });
    while (written < 20) std::this_thread::yield();
    for (int round = 0; round < 5; ++round) {
      all.put(Family::state, model::reference_key(all.id(), all.piece()), model::encode_count(5));
      all.erase(Family::state, model::tagged_key(all.id(), "draft", all.essay));
      all.erase(Family::state, model::locator_key(all.id(), all.notes));
      const CheckReport report = all.repair(false);
      CHECK(report.findings_left == 0);
      CHECK(report.set_aside_total == 0);
      CHECK(report.repaired >= 3);
    }
    done = true;
  }
  CHECK(failed == 0);
  CHECK(all.store().findings(true) == "");
}

TEST_CASE("repair: every kind of finding has a row here") {
  Kinds planted;
  for (const Damage& damage : damages()) planted.insert(damage.kind);
  Kinds known;
  for (const std::string_view kind : upkeep::kKindNames) known.emplace(kind);
  CHECK(planted == known);
}

}  // namespace
}  // namespace spind::test
