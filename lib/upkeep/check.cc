#include "upkeep/check.h"

#include <fmt/format.h>

#include "base/hex.h"
#include "base/try.h"
#include "model/keys.h"
#include "upkeep/check_catalogue.h"
#include "upkeep/check_content.h"
#include "upkeep/check_journal.h"
#include "upkeep/check_properties.h"
#include "upkeep/check_tree.h"
#include "upkeep/check_undo.h"
#include "upkeep/check_uploads.h"
#include "upkeep/row_scan.h"

namespace spind::upkeep {
namespace {

using PieceState = content::Content::PieceState;

class StoreCheck {
 public:
  StoreCheck(const Subject& subject, const CheckOptions& options)
      : subject_(subject), options_(options), snapshot_(subject.kv.durable()), steps_(options) {}

  Result<CheckReport> run() {
    SPIND_TRY(visit_spaces(*snapshot_, [this](const SpaceId& id) { return expect_nodes(id); }));
    SPIND_TRY(visit_spaces(*snapshot_, [this](const SpaceId& id) { return check_space(id); }));
    SPIND_TRY(check_catalogue(snapshot_, no_cache_, findings_, steps_));
    findings_.begin_space({});
    SPIND_TRY(subject_.content.visit_pieces(
        *snapshot_, options_.read_content,
        [this](const PieceState& piece) { return check_piece(piece); }));
    return std::move(report_);
  }

 private:
  // As many as the totals promise. What is wrong with them is found later.
  Status expect_nodes(const SpaceId& space) {
    SPIND_TRY(steps_.step());
    space::Reading reading(snapshot_, no_cache_, space);
    const auto expect = [this](const model::NodeRecord& node) {
      const FolderTotals weight = node.weight();
      steps_.expect(weight.files + weight.folders);
    };
    const auto root = reading.child(0, "");
    if (!root.ok() && !is_damage(root.error())) return root.error();
    if (root.ok() && *root != nullptr) expect(**root);
    for (const model::SpaceRow row : {model::SpaceRow::trash, model::SpaceRow::purged})
      SPIND_TRY(scan_rows(reading, row, [&](auto, std::string_view value) -> Status {
        const auto trash = model::decode_trash(value);
        if (trash.ok()) expect(trash->node);
        return steps_.step();
      }));
    return scan_rows(reading, model::SpaceRow::staged, [&](auto, std::string_view value) -> Status {
      const auto top = model::decode_node(value);
      if (top.ok()) expect(*top);
      return steps_.step();
    });
  }

  Status check_space(const SpaceId& space) {
    ++report_.spaces;
    const std::uint64_t findings_before = report_.findings_total;
    findings_.begin_space(space);
    space::Reading reading(snapshot_, no_cache_, space);
    auto info = reading.info();
    if (!info.ok()) SPIND_TRY(findings_.absorb(Kind::space_record, 0, info.error()));
    if (info.ok()) SPIND_TRY(check_listed(*snapshot_, space, **info, findings_));
    auto head = reading.head();
    if (!head.ok()) return findings_.absorb(Kind::head, 0, std::move(head).error());
    if (!info.ok()) return {};  // under which name rule, and in which vault, nobody knows
    TreeCheck tree(reading, *head, findings_, steps_);
    SPIND_TRY(tree.run());
    report_.nodes += tree.nodes();
    SPIND_TRY(check_properties(reading, findings_, steps_));
    Lineage lineage;
    JournalCheck journal(reading, *head, lineage, findings_, steps_);
    SPIND_TRY(journal.run());
    lineage.settle();
    report_.entries += journal.entries();
    ContentCheck content(reading, *head, subject_.content, lineage, findings_, steps_);
    SPIND_TRY(content.run(options_.read_content));
    SPIND_TRY(UploadCheck(reading, *head, findings_, steps_).run());
    // What is wrong already would be told once more.
    if (report_.findings_total != findings_before) return {};
    return UndoCheck(reading, *head, findings_, steps_).run();
  }

  Status check_piece(const PieceState& piece) {
    SPIND_TRY(steps_.step());
    ++report_.pieces;
    const std::string name = to_hex(Bytes(piece.id));
    if (piece.holders == 0 && piece.live)
      findings_.add(Kind::unheld_piece, 0,
                    fmt::format("piece {}: nobody holds it, and it is not condemned", name));
    if (piece.holders != 0 && !piece.live)
      findings_.add(
          Kind::condemned_piece, 0,
          fmt::format("piece {}: it is condemned, and {} spaces hold it", name, piece.holders));
    if (piece.stray_holders != 0)
      findings_.add(Kind::stray_holder, 0,
                    fmt::format("piece {}: {} spaces that do not refer to it hold it for ever",
                                name, piece.stray_holders));
    if (piece.bytes.ok()) return {};
    const Error& error = piece.bytes.error();
    if (!is_damage(error)) return error;
    const bool missing = error.code == Code::not_found;
    // A piece that is on its way out need not have its bytes any more.
    if (missing && !piece.live) return {};
    findings_.add(missing ? Kind::missing_piece : Kind::corrupt_piece, 0,
                  fmt::format("piece {}: {}", name, error.text));
    return {};
  }

  const Subject& subject_;
  const CheckOptions& options_;
  const kv::SnapshotRef snapshot_;
  // The store's own cache would answer with good rows where the disk has broken ones.
  space::RowCache no_cache_{0};
  CheckReport report_;
  Findings findings_{report_.findings, report_.findings_total};
  Steps steps_;
};

}  // namespace

Result<CheckReport> check(const Subject& subject, const CheckOptions& options) {
  return StoreCheck(subject, options).run();
}

}  // namespace spind::upkeep
