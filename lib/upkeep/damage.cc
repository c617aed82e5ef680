#include "upkeep/damage.h"

#include <fmt/format.h>

#include "base/hex.h"
#include "base/try.h"
#include "model/keys.h"
#include "upkeep/version_scan.h"

namespace spind::upkeep {

using model::ContentKind;

namespace {

// Of damaged pieces and spaces that hold them, so many are kept in memory.
constexpr std::size_t kPairsMax = 10'000;

Kind kind_of(const Error& error) {
  return error.code == Code::not_found ? Kind::missing_piece : Kind::corrupt_piece;
}

std::string text_of(const DamagedPiece& damaged) {
  return fmt::format("piece {}: {}", to_hex(Bytes(damaged.piece)), damaged.error.text);
}

std::string where(NodeId node, const model::VersionRecord& version) {
  return node == 0 ? "an upload" : fmt::format("version {}", version.number);
}

}  // namespace

Status Damage::tell(const kv::SnapshotRef& snapshot, Findings& findings,
                    const std::function<Status()>& step) {
  BySpace spaces;
  for (DamagedAttachment& damaged : attachments_)
    spaces[damaged.space].attachments[model::attachment_key(damaged.space, damaged.id)] = &damaged;
  std::size_t pairs = 0;
  for (DamagedPiece& damaged : pieces_) {
    const std::string prefix = model::holders_prefix(damaged.vault, damaged.piece);
    const auto holders = snapshot->scan(kv::Family::content, prefix, model::end_of(prefix));
    for (; holders->valid(); holders->next()) {
      spaces[model::space_in_key(holders->key())].pieces[damaged.piece] = &damaged;
      if (++pairs % kPairsMax == 0) SPIND_TRY(tell_spaces(snapshot, spaces, findings, step));
    }
    SPIND_TRY(holders->status());
  }
  SPIND_TRY(tell_spaces(snapshot, spaces, findings, step));
  findings.begin_space({});
  for (const DamagedPiece& damaged : pieces_)
    if (!damaged.told)
      findings.add(kind_of(damaged.error), 0,
                   text_of(damaged) + (locked_ ? "; no version that can be read refers to it"
                                               : "; no version refers to it"));
  for (const DamagedAttachment& damaged : attachments_) {
    findings.begin_space(damaged.space);
    if (!damaged.told)
      findings.add(Kind::attachment, 0,
                   fmt::format("attachment {} of entry {}: {}; no version refers to it",
                               damaged.id.index, damaged.id.entry, damaged.error.text));
  }
  pieces_.clear();
  attachments_.clear();
  return {};
}

// Goes through the versions of each space once, whatever is damaged in it.
Status Damage::tell_spaces(const kv::SnapshotRef& snapshot, BySpace& spaces, Findings& findings,
                           const std::function<Status()>& step) {
  space::RowCache no_cache(0);
  for (auto& item : spaces) {
    space::Reading reading(snapshot, no_cache, item.first);
    findings.begin_space(item.first);
    const InSpace& damaged = item.second;
    const auto visit = [&](NodeId node, const model::VersionRecord& version) {
      return tell_version(reading, damaged, findings, node, version);
    };
    Status visited = visit_versions(reading, step, visit);
    if (visited.ok()) visited = visit_uploads(reading, step, visit);
    // Without keys nobody can say which versions suffer.
    if (!visited.ok() && !is_locked(visited.error())) return visited;
    locked_ |= !visited.ok();
  }
  spaces.clear();
  return {};
}

Status Damage::tell_version(const space::Reading& reading, const InSpace& damaged,
                            Findings& findings, NodeId node, const model::VersionRecord& version) {
  const model::ContentRef& content = version.content;
  if (content.has_attachment()) {
    const auto found =
        damaged.attachments.find(model::attachment_key(reading.space(), content.attachment));
    if (found != damaged.attachments.end()) {
      found->second->told = true;
      findings.add(content.kind == ContentKind::manifest ? Kind::manifest : Kind::inline_content,
                   node, fmt::format("{}: {}", where(node, version), found->second->error.text));
    }
  }
  const auto pieces = pieces_of(reading, version);
  if (!pieces.ok()) return is_damage(pieces.error()) ? Status() : pieces.error();
  for (const model::Piece& piece : *pieces) {
    const auto found = damaged.pieces.find(piece.id);
    if (found == damaged.pieces.end()) continue;
    found->second->told = true;
    findings.add(kind_of(found->second->error), node,
                 fmt::format("{}: {}", where(node, version), text_of(*found->second)));
  }
  return {};
}

}  // namespace spind::upkeep
