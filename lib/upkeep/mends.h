// What can be done about each kind of finding. README.md tells which of these belongs to which.
//
// Each gives a mend that looks again before it changes anything. Most make anew from the rows that
// a row is derived from; the rest set the row aside.
#pragma once

#include "content/content.h"
#include "kv/write_set.h"
#include "model/records.h"
#include "model/vault_rows.h"
#include "upkeep/mending.h"

namespace spind::upkeep {

// Big-endian, as a subject.
std::string subject_of(std::uint64_t number);
// Nothing can be made good; the row stays, and the note says so.
Mend note_only(std::string subject);
// The row stands in the way: it is kept in the note. Its locator goes with a node's.
Mend take_away(Kind kind, const SpaceId& space, NodeId node, std::string text, kv::Family family,
               std::string key);
// A row that says what others say already.
Mend put_row(kv::Family family, std::string key, std::string value);
Mend erase_row(kv::Family family, std::string key);
// The row `index` says that `row` is there.
Mend put_if_there(std::string row, std::string index);
Mend erase_unless_there(std::string row, std::string index);

// ---- nodes (mend_tree.cc). `row` says what lies at `key`: node, trash, purged or staged. ----

Mend rebuild_record(Kind kind, const SpaceId& space, model::SpaceRow row, std::string key,
                    std::string text);
Mend put_locator(Kind kind, const SpaceId& space, model::SpaceRow row, std::string key, NodeId id,
                 std::string text);
Mend drop_stray_locators(const SpaceId& space);
Mend count_node_id(const SpaceId& space, NodeId id);
Mend lower_changed(const SpaceId& space, NodeId id);
// Totals, and the latest change below.
Mend sum_folder(const SpaceId& space, NodeId folder);
Mend sum_trash(const SpaceId& space);
// Children of a folder that is gone come to the trash, in a folder of its number.
Mend recover_children(const SpaceId& space, NodeId parent);
Mend fold_names(const SpaceId& space);

// ---- versions (mend_versions.cc) ----

// What cannot be read, or lies behind the current one, is set aside; what is missing is a gap.
Mend count_versions(const SpaceId& space, NodeId file, std::string text);
Mend count_all_versions(const SpaceId& space);
Mend take_versions_away(const SpaceId& space, NodeId node, std::string text);
Mend note_dropped(Kind kind, const SpaceId& space, std::string key, std::string text);
Mend note_kept(const SpaceId& space);
Mend give_up_attachment(const SpaceId& space, const model::AttachmentId& id);

// ---- space, head, journal (mend_space.cc) ----

Mend list_space(const SpaceId& space);
Mend unlist_space(std::string key);
// A space that was purged is not listed, and its id is taken; that of another is not.
Mend settle_gone(const SpaceId& space);
Mend put_alias(const SpaceId& space);
Mend drop_alias(std::string key);
Mend rebuild_space_record(const SpaceId& space);
Mend rebuild_head(const SpaceId& space);
// What cannot be read of the journal ends what can be reached of the past.
Mend cut_journal(const SpaceId& space, EntryNumber entry, std::string text);
Mend lower_trimmed(const SpaceId& space);
Mend drop_stray_requests(const SpaceId& space);
Mend drop_stray_rewinds(const SpaceId& space);
// Rows as the journal says they must be, unless one of them has changed since.
struct Redone {
  kv::Family family;
  std::string key;
  std::optional<std::string> seen, wanted;
};
Mend redo_rows(const SpaceId& space, EntryNumber head, std::vector<Redone> rows);

// ---- content (mend_content.cc) ----

Mend count_references(const SpaceId& space, const model::PieceId& piece, std::uint64_t seen,
                      std::uint64_t expected);
Mend hold_piece(const content::Owner& owner, const model::PieceId& piece);
Mend note_holders(const model::VaultId& vault, const model::PieceId& piece);
Mend condemn_piece(const model::VaultId& vault, const model::PieceId& piece, std::int64_t now_ms);
Mend acquit_piece(const model::VaultId& vault, const model::PieceId& piece);
Mend lost_piece(const model::VaultId& vault, const model::PieceId& piece);
// The ledger notes the number as one that a crash left open, so that the collector of the next
// opening walks the pack, or looks at the blob, and decides anew what is in use.
Mend leave_open(model::LedgerRow row, std::uint64_t number);
// The only bytes of a piece whose row is lost stay.
Mend keep_blob(const model::VaultId& vault, const model::PieceId& piece, std::uint64_t number);
Mend raise_next_number(std::uint64_t number);
// It cannot be finished; its rows are kept in the note.
Mend take_upload_away(const SpaceId& space, EntryNumber upload, std::string text);
Mend take_settled_away(const SpaceId& space, std::string text);

}  // namespace spind::upkeep
