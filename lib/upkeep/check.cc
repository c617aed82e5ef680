#include "upkeep/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/hex.h"
#include "base/try.h"
#include "model/aside.h"
#include "model/keys.h"
#include "upkeep/check_catalogue.h"
#include "upkeep/check_content.h"
#include "upkeep/check_journal.h"
#include "upkeep/check_properties.h"
#include "upkeep/check_tree.h"
#include "upkeep/check_undo.h"
#include "upkeep/check_uploads.h"
#include "upkeep/mends.h"
#include "upkeep/row_scan.h"
#include "upkeep/space_erasure.h"

namespace spind::upkeep {
namespace {

using PieceState = content::Content::PieceState;

// One pass over the store.
class StoreCheck {
 public:
  // `mending` null: nothing is mended.
  StoreCheck(const Subject& subject, const CheckOptions& options, Mending* mending)
      : subject_(subject),
        options_(options),
        mending_(mending),
        mended_before_(mends_done()),
        snapshot_(subject.kv.durable()),
        steps_(options) {
    findings_.look_at(*snapshot_, mending);
  }

  Result<CheckReport> run() {
    SPIND_TRY(visit_spaces(*snapshot_, [this](const SpaceId& id) { return expect_nodes(id); }));
    SPIND_TRY(visit_spaces(*snapshot_, [this](const SpaceId& id) { return check_space(id); }));
    SPIND_TRY(check_catalogue(snapshot_, no_cache_, findings_, steps_));
    findings_.begin_space({});
    SPIND_TRY(subject_.content.visit_pieces(
        *snapshot_, options_.read_content,
        [this](const PieceState& piece) { return check_piece(piece); }));
    SPIND_TRY(check_places());
    SPIND_TRY(list_pieces_aside());
    SPIND_TRY(mend());
    return std::move(report_);
  }

 private:
  // As many as the totals promise. What is wrong with them is found later.
  Status expect_nodes(const SpaceId& space) {
    SPIND_TRY(steps_.step());
    space::Reading reading(snapshot_, no_cache_, space);
    if (going(reading)) return {};
    const auto expect = [this](const model::NodeRecord& node) {
      const FolderTotals weight = node.weight();
      steps_.expect(weight.files + weight.folders);
    };
    const auto root = reading.child(0, "");
    if (!root.ok() && is_locked(root.error())) return {};  // as check_space will tell
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
    Status checked = list_aside(model::space_partition(space), space);
    if (checked.ok()) checked = check_rows(space);
    if (!checked.ok() && is_locked(checked.error())) {
      ++report_.locked_spaces;
      // Nothing is mended by what half a look has found.
      if (mending_ != nullptr) mending_->forget();
      return {};
    }
    SPIND_TRY(std::move(checked));
    return mend();
  }

  Status check_rows(const SpaceId& space) {
    const std::uint64_t findings_before = report_.findings_total;
    findings_.begin_space(space);
    space::Reading reading(snapshot_, no_cache_, space);
    auto info = reading.info();
    if (!info.ok())
      SPIND_TRY(findings_.absorb(Kind::space_record, 0, info.error(), rebuild_space_record(space)));
    if (info.ok()) SPIND_TRY(check_listed(*snapshot_, space, **info, findings_));
    auto head = reading.head();
    if (!head.ok())
      return findings_.absorb(Kind::head, 0, std::move(head).error(), rebuild_head(space));
    if (!info.ok()) return {};  // under which name rule, and in which vault, nobody knows
    if (is_going(**info, *head)) {
      Lineage none;
      return ContentCheck(reading, *head, subject_.content, none, findings_, steps_).run_held();
    }
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

  // What is wrong with its record or its head is found later.
  static bool going(space::Reading& reading) {
    const auto info = reading.info();
    const auto head = reading.head();
    return info.ok() && head.ok() && is_going(**info, *head);
  }

  Status check_piece(const PieceState& piece) {
    SPIND_TRY(steps_.step());
    ++report_.pieces;
    model::VaultId vault{};
    std::copy_n(piece.tenant_vault.begin(), std::min(piece.tenant_vault.size(), vault.size()),
                vault.begin());
    const std::string name = to_hex(Bytes(piece.id));
    if (piece.holders == 0 && piece.live)
      findings_.add(Kind::unheld_piece, 0,
                    fmt::format("piece {}: nobody holds it, and it is not condemned", name),
                    mend_unheld(vault, piece.id));
    if (piece.holders != 0 && !piece.live)
      findings_.add(
          Kind::condemned_piece, 0,
          fmt::format("piece {}: it is condemned, and {} spaces hold it", name, piece.holders),
          acquit_piece(vault, piece.id));
    if (piece.stray_holders != 0)
      findings_.add(Kind::stray_holder, 0,
                    fmt::format("piece {}: {} spaces that do not refer to it hold it for ever",
                                name, piece.stray_holders),
                    mend_stray(vault, piece.id));
    if (piece.bytes.ok()) return drop_notes(vault, piece.id);
    const Error& error = piece.bytes.error();
    if (!is_damage(error)) return error;
    const bool missing = error.code == Code::not_found;
    // A piece that is on its way out need not have its bytes any more.
    if (missing && !piece.live) return {};
    findings_.add(missing ? Kind::missing_piece : Kind::corrupt_piece, 0,
                  fmt::format("piece {}: {}", name, error.text), lost_piece(vault, piece.id));
    return {};
  }

  Status check_places() {
    const content::Content::PlaceVisitor visitor = {
        [this](const content::Content::PackFault& pack) -> Status {
          findings_.add(Kind::pack, 0, pack.text, leave_open(pack.left_open, pack.number));
          return {};
        },
        [this](const content::Content::StrayBlob& blob) -> Status {
          findings_.add(Kind::stray_blob, 0, blob.text, mend_stray_blob(blob));
          return {};
        },
        [this](std::uint64_t number) -> Status {
          findings_.add(Kind::next_number, 0,
                        fmt::format("the next number of a blob has to be {}", number),
                        raise_next_number(number));
          return {};
        },
        [this] { return steps_.step(); }};
    return subject_.content.visit_places(*snapshot_, visitor);
  }

  // Likewise: a row that knows it may be lost, and found by the next pass.
  Mend mend_stray_blob(const content::Content::StrayBlob& blob) const {
    if (blob.lost) return keep_blob(blob.lost->vault, blob.lost->id, blob.number);
    return may_let_go() ? leave_open(blob.left_open, blob.number) : Mend{};
  }

  // In a pass that mended something of a space, a holder may be lost that only the next one finds:
  // were it condemned now, a repair that ends between the two would have a collector take it.
  Mend mend_unheld(const model::VaultId& vault, const model::PieceId& piece) const {
    if (!may_let_go()) return {};
    return condemn_piece(vault, piece, subject_.clock.wall_ns() / 1'000'000);
  }

  // Likewise: what refers to the piece may be lost as well.
  Mend mend_stray(const model::VaultId& vault, const model::PieceId& piece) const {
    return may_let_go() ? note_holders(vault, piece) : Mend{};
  }

  // Nor is anything let go of while a space cannot be looked into for want of its keys: what it
  // refers to may be just that. A vault that was destroyed holds this back for ever, which costs
  // room and loses nothing.
  bool may_let_go() const {
    return mends_done() == mended_before_ && report_.locked_spaces == 0 &&
           (mending_ == nullptr || !mending_->met_locked());
  }

  std::uint64_t mends_done() const {
    return mending_ == nullptr ? 0 : mending_->mended() + mending_->set_aside();
  }

  // Somebody has stored the piece again.
  Status drop_notes(const model::VaultId& vault, const model::PieceId& piece) {
    if (mending_ == nullptr) return {};
    const Mend lost = lost_piece(vault, piece);
    for (const Kind kind : {Kind::missing_piece, Kind::corrupt_piece}) {
      const std::string key =
          model::aside_key(lost.partitions.front(), name_of(kind), lost.subject);
      SPIND_TRY_ASSIGN(const auto note, snapshot_->get(kv::Family::state, key));
      if (note) mending_->later(kind, {}, 0, "", erase_row(kv::Family::state, key));
    }
    return {};
  }

  // What an earlier repair could not make good.
  Status list_aside(const std::string& partition, const SpaceId& space) {
    const std::string prefix = model::asides_prefix(partition);
    const auto notes = snapshot_->scan(kv::Family::state, prefix, model::end_of(prefix));
    for (; notes->valid(); notes->next()) {
      SPIND_TRY(steps_.step());
      ++report_.set_aside_total;
      if (report_.set_aside.size() >= kFindingsMax) continue;
      const auto record = model::decode_aside(notes->value());
      report_.set_aside.push_back(
          {std::string(model::kind_in_aside_key(partition, notes->key())), space,
           record.ok() ? record->node : 0,
           record.ok() ? record->text : "a note about what was set aside cannot be read"});
    }
    return notes->status();
  }

  Status list_pieces_aside() {
    const std::string prefix = model::ledger_prefix(model::LedgerRow::vault);
    const auto vaults = snapshot_->scan(kv::Family::content, prefix, model::end_of(prefix));
    for (; vaults->valid(); vaults->next()) {
      const model::VaultId vault = model::vault_in_key(vaults->key());
      for (unsigned bucket = 0; bucket < 256; ++bucket)
        SPIND_TRY(
            list_aside(model::bucket_partition(vault, static_cast<std::uint8_t>(bucket)), {}));
    }
    return vaults->status();
  }

  Status mend() {
    if (mending_ == nullptr) return {};
    // None that began before a need was noted may take the note away (content/needs.h).
    auto no_collection = subject_.content.collector_lock();
    while (!no_collection.try_lock()) {
      SPIND_TRY(steps_.step());
      std::this_thread::sleep_for(kCollectorLook);
    }
    return mending_->run([this] { return steps_.step(); });
  }

  // How often it is asked whether a collection has ended.
  static constexpr std::chrono::milliseconds kCollectorLook{5};

  const Subject& subject_;
  const CheckOptions& options_;
  Mending* const mending_;
  const std::uint64_t mended_before_;
  const kv::SnapshotRef snapshot_;
  // The store's own cache would answer with good rows where the disk has broken ones.
  space::RowCache no_cache_{0};
  CheckReport report_;
  Findings findings_{report_.findings, report_.findings_total};
  Steps steps_;
};

// Passes over the store until one finds nothing more to mend: what one pass makes good shows what
// lies behind it.
class Repair {
 public:
  Repair(const Subject& subject, const CheckOptions& options)
      : subject_(subject), options_(options) {}

  Result<CheckReport> run() {
    for (std::size_t pass = 0; pass < kPassesMax; ++pass) {
      const std::uint64_t mended = mending_.mended(), aside = mending_.set_aside();
      SPIND_TRY_ASSIGN(CheckReport found, StoreCheck(subject_, options_, &mending_).run());
      left_ = found.findings_total;
      take_over(std::move(found));
      const std::uint64_t done = mending_.mended() - mended + mending_.set_aside() - aside;
      if (done == 0) break;
      known_ = left_ - std::min(left_, done);
    }
    report_.findings_left = left_;
    report_.repaired =
        report_.findings_total - std::min(report_.findings_total, left_ + mending_.set_aside());
    return std::move(report_);
  }

 private:
  // The counts of the newest pass, and all that any of them found. What the pass before could not
  // mend is found again.
  void take_over(CheckReport found) {
    found.findings_total = report_.findings_total + left_ - std::min(left_, known_);
    std::vector<CheckFinding> findings = std::move(report_.findings);
    for (CheckFinding& finding : found.findings)
      if (findings.size() < kFindingsMax && !known_already(findings, finding))
        findings.push_back(std::move(finding));
    found.findings = std::move(findings);
    report_ = std::move(found);
  }

  static bool known_already(const std::vector<CheckFinding>& findings, const CheckFinding& one) {
    return std::any_of(findings.begin(), findings.end(), [&](const CheckFinding& other) {
      return other.kind == one.kind && other.space == one.space && other.node == one.node &&
             other.text == one.text;
    });
  }

  // Each goes over the whole store; a tree that is deeper and wrong all the way down takes another
  // repair.
  static constexpr std::size_t kPassesMax = 64;
  const Subject& subject_;
  const CheckOptions& options_;
  Mending mending_{subject_.kv};
  CheckReport report_;
  std::uint64_t left_ = 0;   // found by the newest pass
  std::uint64_t known_ = 0;  // of what the pass before found, what it did not mend
};

}  // namespace

Result<CheckReport> check(const Subject& subject, const CheckOptions& options) {
  if (options.repair) return Repair(subject, options).run();
  SPIND_TRY_ASSIGN(CheckReport report, StoreCheck(subject, options, nullptr).run());
  report.findings_left = report.findings_total;
  return report;
}

}  // namespace spind::upkeep
