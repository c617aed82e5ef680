#include "upkeep/version_scan.h"

#include "base/try.h"
#include "model/upload_record.h"
#include "upkeep/row_scan.h"

namespace spind::upkeep {

using model::ContentKind;
using model::SpaceRow;

Status visit_versions(space::Reading& reading, const std::function<Status()>& step,
                      const VisitVersion& visit) {
  const auto visit_node = [&](const model::NodeRecord& node) -> Status {
    return node.kind == NodeKind::file ? visit(node.id, node.current) : Status();
  };
  SPIND_TRY(scan_rows(reading, SpaceRow::node, [&](auto, std::string_view value) -> Status {
    SPIND_TRY(step());
    const auto node = model::decode_node(value);
    return node.ok() ? visit_node(*node) : Status();
  }));
  for (const SpaceRow row : {SpaceRow::trash, SpaceRow::purged})
    SPIND_TRY(scan_rows(reading, row, [&](auto, std::string_view value) -> Status {
      SPIND_TRY(step());
      const auto trash = model::decode_trash(value);
      return trash.ok() ? visit_node(trash->node) : Status();
    }));
  return scan_rows(reading, SpaceRow::version,
                   [&](std::string_view key, std::string_view value) -> Status {
                     SPIND_TRY(step());
                     const auto version = model::decode_version(value);
                     const NodeId node = model::last_u64_in(key.substr(0, key.size() - 8));
                     return version.ok() ? visit(node, *version) : Status();
                   });
}

Status visit_uploads(space::Reading& reading, const std::function<Status()>& step,
                     const VisitVersion& visit) {
  const auto visit_part = [&](const model::ContentRef& content, std::uint64_t size_bytes) {
    model::VersionRecord part;
    part.content = content;
    part.size_bytes = size_bytes;
    return visit(0, part);
  };
  SPIND_TRY(scan_rows(reading, SpaceRow::upload, [&](auto, std::string_view value) -> Status {
    SPIND_TRY(step());
    const auto upload = model::decode_upload(value);
    if (!upload.ok()) return {};
    for (const model::UploadPart& part : upload->progress.tail)
      SPIND_TRY(visit_part(part.content, part.size_bytes));
    return {};
  }));
  return scan_rows(reading, SpaceRow::settled, [&](auto, std::string_view value) -> Status {
    SPIND_TRY(step());
    const auto pieces = model::decode_manifest(value);
    if (!pieces.ok()) return {};
    for (const model::Piece& piece : *pieces)
      SPIND_TRY(visit_part({ContentKind::piece, {}, piece.id}, piece.size_bytes));
    return {};
  });
}

Result<std::string> attachment_of(const space::Reading& reading,
                                  const model::VersionRecord& version) {
  SPIND_TRY_ASSIGN(
      auto row,
      reading.snapshot().get(kv::Family::attachment,
                             model::attachment_key(reading.space(), version.content.attachment)));
  if (!row) return Error{.code = Code::not_found, .text = "the row with its content is missing"};
  return *std::move(row);
}

Result<std::vector<model::Piece>> pieces_of(const space::Reading& reading,
                                            const model::VersionRecord& version) {
  std::vector<model::Piece> pieces;
  if (version.content.kind == ContentKind::piece)
    pieces.push_back({version.content.piece, version.size_bytes});
  if (version.content.kind != ContentKind::manifest) return pieces;
  SPIND_TRY_ASSIGN(const std::string row, attachment_of(reading, version));
  SPIND_TRY_ASSIGN(pieces, model::decode_manifest(row));
  return pieces;
}

}  // namespace spind::upkeep
