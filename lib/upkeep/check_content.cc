#include "upkeep/check_content.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/try.h"
#include "upkeep/row_scan.h"

namespace spind::upkeep {

using model::ContentKind;
using model::SpaceRow;

namespace {

constexpr std::uint64_t kCountsAPass = 50'000;   // about 8 MiB
constexpr std::size_t kReadBytes = 256 << 10;

std::uint32_t pass_of(std::string_view piece, std::uint32_t passes) {
  return static_cast<std::uint32_t>(xxh3_64(as_bytes(piece)) % passes);
}

}  // namespace

ContentCheck::ContentCheck(space::Reading& reading, content::Content& content, Findings& findings,
                           Steps& steps)
    : reading_(reading), content_(content), findings_(findings), steps_(steps) {}

Status ContentCheck::run(bool read_content) {
  SPIND_TRY_ASSIGN(const space::SpaceRef info, reading_.info());
  owner_ = {info->tenant, reading_.space()};
  std::uint64_t references = 0;
  SPIND_TRY(visit_versions([&](NodeId node, const model::VersionRecord& version) -> Status {
    SPIND_TRY_ASSIGN(const auto pieces, pieces_of(node, version));
    references += pieces.size();
    return check_attachments(node, version, read_content);
  }));
  const auto passes = static_cast<std::uint32_t>(references / kCountsAPass + 1);
  for (std::uint32_t pass = 0; pass < passes; ++pass) SPIND_TRY(count_pass(pass, passes));
  return {};
}

// Every version: current ones of files that hang or lie in the trash, and the earlier ones.
Status ContentCheck::visit_versions(const Visit& visit) {
  const auto visit_node = [&](const model::NodeRecord& node) -> Status {
    return node.kind == NodeKind::file ? visit(node.id, node.current) : Status();
  };
  SPIND_TRY(scan_rows(reading_, SpaceRow::node, [&](auto, std::string_view value) -> Status {
    SPIND_TRY(steps_.step());
    const auto node = model::decode_node(value);
    return node.ok() ? visit_node(*node) : Status();  // the tree's check tells of broken rows
  }));
  SPIND_TRY(scan_rows(reading_, SpaceRow::trash, [&](auto, std::string_view value) -> Status {
    const auto trash = model::decode_trash(value);
    return trash.ok() ? visit_node(trash->node) : Status();
  }));
  return scan_rows(reading_, SpaceRow::version,
                   [&](std::string_view key, std::string_view value) -> Status {
                     SPIND_TRY(steps_.step());
                     const auto version = model::decode_version(value);
                     const NodeId node = model::last_u64_in(key.substr(0, key.size() - 8));
                     return version.ok() ? visit(node, *version) : Status();
                   });
}

Result<std::vector<model::Piece>> ContentCheck::pieces_of(NodeId node,
                                                          const model::VersionRecord& version) {
  std::vector<model::Piece> pieces;
  if (version.content.kind == ContentKind::piece)
    pieces.push_back({version.content.piece, version.size_bytes});
  if (version.content.kind != ContentKind::manifest) return pieces;
  SPIND_TRY_ASSIGN(const auto bytes,
                   reading_.snapshot().get(
                       kv::Family::attachment,
                       model::attachment_key(reading_.space(), version.content.attachment)));
  auto decoded = bytes ? model::decode_manifest(*bytes)
                       : Result<std::vector<model::Piece>>(
                             Error{.code = Code::not_found, .text = "its manifest is missing"});
  if (decoded.ok()) return decoded;
  SPIND_TRY(findings_.absorb("manifest", node, std::move(decoded).error()));
  return pieces;
}

Status ContentCheck::check_attachments(NodeId node, const model::VersionRecord& version,
                                       bool read_content) {
  if (version.content.kind == ContentKind::empty && version.size_bytes != 0)
    findings_.add("content", node, "a version with a size has no content");
  if (read_content) return read_through(node, version);
  if (version.content.kind != ContentKind::inline_bytes) return {};
  SPIND_TRY_ASSIGN(const auto bytes,
                   reading_.snapshot().get(
                       kv::Family::attachment,
                       model::attachment_key(reading_.space(), version.content.attachment)));
  if (!bytes) {
    findings_.add("inline_content", node, "its inline content is missing");
    return {};
  }
  const auto content = model::decode_inline(*bytes);
  if (!content.ok() || content->size() != version.size_bytes)
    findings_.add("inline_content", node, "its inline content is not what was written");
  return {};
}

Status ContentCheck::read_through(NodeId node, const model::VersionRecord& version) {
  auto source = content_.source(reading_.snapshot_ref(), owner_, version.content,
                                version.size_bytes);
  if (!source.ok()) return findings_.absorb("content", node, std::move(source).error());
  Sha256Hasher hasher;
  std::vector<std::uint8_t> buffer(kReadBytes);
  for (std::uint64_t offset = 0; offset < version.size_bytes;) {
    SPIND_TRY(steps_.step());
    auto got = (*source)->read_at(offset, buffer);
    if (!got.ok()) return findings_.absorb("content", node, std::move(got).error());
    if (*got == 0) break;
    hasher.update(Bytes(buffer.data(), *got));
    offset += *got;
  }
  if (hasher.finish() != version.sha256)
    findings_.add("content", node,
                  fmt::format("version {} reads, but not as it was written", version.number));
  return {};
}

Status ContentCheck::count_pass(std::uint32_t pass, std::uint32_t passes) {
  std::unordered_map<std::string, std::uint64_t> counts;
  SPIND_TRY(visit_versions([&](NodeId node, const model::VersionRecord& version) -> Status {
    SPIND_TRY_ASSIGN(const auto pieces, pieces_of(node, version));
    for (const model::Piece& piece : pieces) {
      std::string id(as_text(piece.id));
      if (pass_of(id, passes) == pass) ++counts[std::move(id)];
    }
    return {};
  }));
  return compare_pass(pass, passes, counts);
}

Status ContentCheck::compare_pass(std::uint32_t pass, std::uint32_t passes,
                                  std::unordered_map<std::string, std::uint64_t>& counts) {
  const std::size_t prefix_bytes =
      model::row_prefix(reading_.space(), SpaceRow::reference).size();
  SPIND_TRY(scan_rows(
      reading_, SpaceRow::reference,
      [&](std::string_view key, std::string_view value) -> Status {
        SPIND_TRY(steps_.step());
        const std::string id(key.substr(prefix_bytes));
        if (id.size() != std::tuple_size_v<model::PieceId> || pass_of(id, passes) != pass)
          return {};
        const auto count = model::decode_count(value);
        const auto found = counts.find(id);
        const std::uint64_t expected = found == counts.end() ? 0 : found->second;
        if (!count.ok() || *count != expected)
          findings_.add("references", 0,
                        fmt::format("a piece counts {} references, there are {}",
                                    count.ok() ? *count : 0, expected));
        if (found != counts.end()) counts.erase(found);
        model::PieceId piece;
        std::copy(id.begin(), id.end(), piece.begin());
        SPIND_TRY_ASSIGN(const bool held, content_.holds(reading_.snapshot(), owner_, piece));
        if (!held) findings_.add("holder", 0, "the vault does not hold a piece for the space");
        return {};
      }));
  for (const auto& left : counts)
    findings_.add("references", 0,
                  fmt::format("a piece counts no references, there are {}", left.second));
  return {};
}

}  // namespace spind::upkeep
