#include "upkeep/check.h"

#include <fmt/format.h>

#include "base/hex.h"
#include "base/try.h"
#include "model/keys.h"
#include "upkeep/check_content.h"
#include "upkeep/check_journal.h"
#include "upkeep/check_tree.h"

namespace spind::upkeep {
namespace {

class StoreCheck {
 public:
  StoreCheck(const Subject& subject, const CheckOptions& options)
      : subject_(subject), options_(options), snapshot_(subject.kv.durable()), steps_(options) {}

  Result<CheckReport> run() {
    SPIND_TRY(check_catalogue());
    SPIND_TRY(check_pieces());
    return std::move(report_);
  }

 private:
  // Every space that the catalogue lists.
  Status check_catalogue() {
    const std::string prefix = model::catalogue_spaces_prefix();
    const auto cursor = snapshot_->scan(kv::Family::state, prefix, model::end_of(prefix));
    for (; cursor->valid(); cursor->next()) {
      SPIND_TRY(steps_.step());
      SPIND_TRY(check_space(model::space_in_catalogue_key(cursor->key())));
    }
    return cursor->status();
  }

  Status check_space(const SpaceId& space) {
    ++report_.spaces;
    findings_.begin_space(space);
    space::Reading reading(snapshot_, subject_.rows, space);
    auto head = reading.head();
    if (!head.ok()) return findings_.absorb("head", 0, std::move(head).error());
    auto info = reading.info();
    if (!info.ok()) return findings_.absorb("space_record", 0, std::move(info).error());
    auto root = reading.child(0, "");
    if (root.ok() && *root != nullptr)
      steps_.expect((*root)->totals.files + (*root)->totals.folders + 1);
    SPIND_TRY(check_alias(**info, space));
    TreeCheck tree(reading, *head, findings_, steps_);
    SPIND_TRY(tree.run());
    report_.nodes += tree.nodes();
    SPIND_TRY_ASSIGN(const std::uint64_t entries,
                     check_journal(reading, *head, findings_, steps_));
    report_.entries += entries;
    return ContentCheck(reading, subject_.content, findings_, steps_).run(options_.read_content);
  }

  Status check_alias(const model::SpaceRecord& info, const SpaceId& space) {
    if (info.alias.empty()) return {};
    SPIND_TRY_ASSIGN(const auto holder,
                     snapshot_->get(kv::Family::state,
                                    model::catalogue_alias_key(info.tenant, info.alias)));
    if (!holder || *holder != as_text(space.bytes))
      findings_.add("alias", 0, "its alias leads to another space or to none");
    return {};
  }

  Status check_pieces() {
    findings_.begin_space({});
    return subject_.content.visit_pieces(
        *snapshot_, options_.read_content,
        [this](const content::Content::PieceState& piece) -> Status {
          SPIND_TRY(steps_.step());
          ++report_.pieces;
          const std::string name = to_hex(Bytes(piece.id));
          if (piece.bytes.ok()) return {};
          const Error& error = piece.bytes.error();
          if (error.code != Code::corruption && error.code != Code::not_found) return error;
          // A piece that is on its way out need not have its bytes any more.
          if (piece.live || error.code == Code::corruption)
            findings_.add(error.code == Code::not_found ? "missing_piece" : "corrupt_piece", 0,
                          fmt::format("piece {}: {}", name, error.text));
          return {};
        });
  }

  const Subject& subject_;
  const CheckOptions& options_;
  kv::SnapshotRef snapshot_;
  CheckReport report_;
  Findings findings_{report_};
  Steps steps_;
};

}  // namespace

Result<CheckReport> check(const Subject& subject, const CheckOptions& options) {
  return StoreCheck(subject, options).run();
}

}  // namespace spind::upkeep
