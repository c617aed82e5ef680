#include "upkeep/check_content.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/try.h"
#include "content/piece_upload.h"
#include "model/aside.h"
#include "upkeep/mends.h"
#include "upkeep/row_scan.h"
#include "upkeep/version_scan.h"

namespace spind::upkeep {

using model::ContentKind;
using model::SpaceRow;

namespace {

constexpr std::uint64_t kCountsAPass = 50'000;  // about 8 MiB
constexpr std::uint64_t kReadBytes = 256 << 10;

std::uint32_t pass_of(std::string_view piece, std::uint32_t passes) {
  return static_cast<std::uint32_t>(xxh3_64(as_bytes(piece)) % passes);
}

// Which checksums a version keeps, as PutOptions::checksums_wanted says it.
std::uint8_t kept(const Checksums& checksums) {
  return static_cast<std::uint8_t>((checksums.sha1 ? kSha1 : 0) | (checksums.md5 ? kMd5 : 0) |
                                   (checksums.adler32 ? kAdler32 : 0));
}

}  // namespace

void KeySum::add(std::string_view key) {
  ++count;
  hash += xxh3_64(as_bytes(key));
}

ContentCheck::ContentCheck(space::Reading& reading, const model::Head& head,
                           content::Content& content, const Lineage& lineage, Findings& findings,
                           Steps& steps)
    : reading_(reading),
      head_(head),
      content_(content),
      lineage_(lineage),
      findings_(findings),
      steps_(steps) {}

Status ContentCheck::run(bool read_content) {
  SPIND_TRY_ASSIGN(const space::SpaceRef info, reading_.info());
  owner_ = {model::vault_name(*info, reading_.space()), reading_.space()};
  SPIND_TRY_ASSIGN(countable_, all_can_be_counted());
  const auto step = [this] { return steps_.step(); };
  SPIND_TRY(visit_versions(reading_, step,
                           [&](NodeId node, const model::VersionRecord& version) -> Status {
                             SPIND_TRY_ASSIGN(const bool whole, check_version(node, version));
                             return whole && read_content ? read_through(node, version) : Status();
                           }));
  SPIND_TRY(
      visit_uploads(reading_, step, [&](NodeId node, const model::VersionRecord& part) -> Status {
        SPIND_TRY(check_version(node, part));
        return {};
      }));
  SPIND_TRY(check_unused());
  SPIND_TRY(check_attachments());
  SPIND_TRY(check_dropped());
  const auto passes = static_cast<std::uint32_t>(references_ / kCountsAPass + 1);
  for (std::uint32_t pass = 0; pass < passes; ++pass) SPIND_TRY(count_pass(pass, passes));
  return {};
}

Status ContentCheck::run_held() {
  SPIND_TRY_ASSIGN(const space::SpaceRef info, reading_.info());
  owner_ = {model::vault_name(*info, reading_.space()), reading_.space()};
  SPIND_TRY(check_dropped());
  return scan_rows(reading_, SpaceRow::reference, [&](std::string_view key, auto) -> Status {
    SPIND_TRY(steps_.step());
    return check_held(key);
  });
}

// That the vault keeps the piece of a row of references.
Status ContentCheck::check_held(std::string_view key) {
  const std::size_t prefix_bytes = model::row_prefix(reading_.space(), SpaceRow::reference).size();
  model::PieceId piece{};
  if (key.size() != prefix_bytes + piece.size()) return {};
  std::copy(key.begin() + static_cast<std::ptrdiff_t>(prefix_bytes), key.end(), piece.begin());
  SPIND_TRY_ASSIGN(const bool held, content_.holds(reading_.snapshot(), owner_, piece));
  if (!held)
    findings_.add(Kind::holder, 0, "the vault does not hold a piece for the space",
                  hold_piece(owner_, piece));
  return {};
}

// Whether what it refers to in the space is there, as long as it says.
Result<bool> ContentCheck::check_version(NodeId node, const model::VersionRecord& version) {
  const bool is_inline = version.content.kind == ContentKind::inline_bytes;
  if (is_inline || version.content.kind == ContentKind::manifest) {
    const Kind kind = is_inline ? Kind::inline_content : Kind::manifest;
    auto row = attachment_of(reading_, version);
    const std::string key = model::attachment_key(reading_.space(), version.content.attachment);
    if (!row.ok()) {
      if (!is_inline) countable_ = false;
      SPIND_TRY(findings_.absorb(kind, node, std::move(row).error(), note_only(key)));
      return false;
    }
    referred_.add(key);
    auto size = is_inline ? inline_size(*row) : manifest_size(*row);
    if (size.ok() && *size == version.size_bytes) return true;
    if (!is_inline && !size.ok()) countable_ = false;
    findings_.add(
        kind, node,
        size.ok() ? "its content is not as long as it says" : std::move(size).error().text,
        note_only(key));
    return false;
  }
  if (version.content.kind == ContentKind::piece) ++references_;
  if (version.content.kind != ContentKind::empty || version.size_bytes == 0) return true;
  findings_.add(Kind::content, node, "a version with a size has no content",
                note_only(subject_of(node) + subject_of(version.number)));
  return false;
}

Result<std::uint64_t> ContentCheck::inline_size(std::string_view row) {
  SPIND_TRY_ASSIGN(const std::string_view content, model::decode_inline(row));
  return std::uint64_t{content.size()};
}

Result<std::uint64_t> ContentCheck::manifest_size(std::string_view row) {
  SPIND_TRY_ASSIGN(const auto pieces, model::decode_manifest(row));
  references_ += pieces.size();
  std::uint64_t size_bytes = 0;
  for (const model::Piece& piece : pieces) size_bytes += piece.size_bytes;
  return size_bytes;
}

// Attachments that nothing refers to any more stay until the floor has passed.
Status ContentCheck::check_unused() {
  const std::string attachments = model::row_prefix(reading_.space(), SpaceRow::attachment);
  const std::size_t prefix_bytes = model::row_prefix(reading_.space(), SpaceRow::unused).size() + 8;
  return scan_rows(reading_, SpaceRow::unused, [&](std::string_view key, std::string_view) {
    // One that is too short names none, and so one too many is there.
    referred_.add(attachments + std::string(key.substr(std::min(prefix_bytes, key.size()))));
    return steps_.step();
  });
}

// Each of the two rows that remember a piece is found from the other: one way by look-up, the other
// by their number.
Status ContentCheck::check_dropped() {
  const std::size_t prefix_bytes = model::row_prefix(reading_.space(), SpaceRow::dropped).size();
  std::uint64_t dropped = 0, kept = 0;
  SPIND_TRY(scan_rows(reading_, SpaceRow::dropped, [&](std::string_view key, auto) -> Status {
    SPIND_TRY(steps_.step());
    const auto wrong = [&](const std::string& text) {
      findings_.add(Kind::dropped, 0, text,
                    note_dropped(Kind::dropped, reading_.space(), std::string(key), text));
    };
    if (key.size() != prefix_bytes + 8 + sizeof(model::PieceId)) {
      wrong("a row of the queue has a broken key");
      return {};
    }
    const EntryNumber entry = model::last_u64_in(key.substr(0, prefix_bytes + 8));
    const model::PieceId piece = model::piece_in_dropped_key(key);
    SPIND_TRY_ASSIGN(const auto row,
                     reading_.snapshot().get(kv::Family::state,
                                             model::kept_key(reading_.space(), piece, entry)));
    ++dropped;
    if (!row || entry > head_.entry)
      wrong(fmt::format("a piece that fell away with entry {} is not kept", entry));
    SPIND_TRY_ASSIGN(const bool held, content_.holds(reading_.snapshot(), owner_, piece));
    if (!held)
      findings_.add(Kind::dropped, 0, "the vault does not hold a piece that the space keeps",
                    hold_piece(owner_, piece));
    return {};
  }));
  SPIND_TRY(scan_rows(reading_, SpaceRow::kept, [&](auto, auto) {
    ++kept;
    return steps_.step();
  }));
  if (kept != dropped)
    findings_.add(Kind::dropped, 0, fmt::format("{} pieces are kept, {} fell away", kept, dropped),
                  note_kept(reading_.space()));
  return {};
}

// Whether all that refers to pieces can be read. Where an upload's row or a manifest was lost,
// nobody knows which pieces it referred to, and they stay.
Result<bool> ContentCheck::all_can_be_counted() {
  for (const Kind kind : {Kind::upload, Kind::manifest}) {
    const std::string prefix =
        model::aside_key(model::space_partition(reading_.space()), name_of(kind), "");
    const auto notes = reading_.snapshot().scan(kv::Family::state, prefix, model::end_of(prefix));
    SPIND_TRY(notes->status());
    if (notes->valid()) return false;
  }
  return true;
}

// Attachments are as many as versions refer to, and the same ones. Those of entries that a rewind
// undid wait for being done again.
Status ContentCheck::check_attachments() {
  KeySum rows;
  SPIND_TRY(scan_rows(reading_, SpaceRow::attachment, kv::Family::attachment,
                      [&](std::string_view key, std::string_view) {
                        if (lineage_.holds(model::attachment_in_key(key).entry)) rows.add(key);
                        return steps_.step();
                      }));
  if (rows == referred_) return {};
  const auto passes = static_cast<std::uint32_t>(rows.count / kCountsAPass + 1);
  bool found = false;
  for (std::uint32_t pass = 0; pass < passes; ++pass)
    SPIND_TRY(compare_attachments(pass, passes, found));
  if (!found)
    findings_.add(Kind::attachment, 0,
                  fmt::format("there are {} attachments, versions refer to {} or to others",
                              rows.count, referred_.count));
  return {};
}

// Counts who refers to each attachment of the pass.
Status ContentCheck::compare_attachments(std::uint32_t pass, std::uint32_t passes, bool& found) {
  std::unordered_map<std::string, std::uint64_t> counts;
  const auto count = [&](std::string key) {
    if (pass_of(key, passes) == pass) ++counts[std::move(key)];
  };
  const auto visit = [&](NodeId, const model::VersionRecord& version) -> Status {
    if (version.content.has_attachment())
      count(model::attachment_key(reading_.space(), version.content.attachment));
    return {};
  };
  const auto step = [this] { return steps_.step(); };
  SPIND_TRY(visit_versions(reading_, step, visit));
  SPIND_TRY(visit_uploads(reading_, step, visit));
  SPIND_TRY(scan_rows(reading_, SpaceRow::unused, [&](std::string_view key, auto) {
    count(model::attachment_key(reading_.space(), model::attachment_in_key(key)));
    return steps_.step();
  }));
  SPIND_TRY(scan_rows(
      reading_, SpaceRow::attachment, kv::Family::attachment,
      [&](std::string_view key, auto) -> Status {
        SPIND_TRY(steps_.step());
        const model::AttachmentId id = model::attachment_in_key(key);
        const std::string own(key);
        if (!lineage_.holds(id.entry) || pass_of(key, passes) != pass || counts.contains(own))
          return {};
        found = true;
        findings_.add(
            Kind::attachment, 0,
            fmt::format("no version refers to attachment {} of entry {}", id.index, id.entry),
            countable_ ? give_up_attachment(reading_.space(), id) : note_only(own));
        return {};
      }));
  for (const auto& [key, times] : counts) {
    if (times < 2) continue;
    found = true;
    const model::AttachmentId id = model::attachment_in_key(key);
    findings_.add(
        Kind::attachment, 0,
        fmt::format("{} versions refer to attachment {} of entry {}", times, id.index, id.entry),
        note_only(key));
  }
  return {};
}

Status ContentCheck::read_through(NodeId node, const model::VersionRecord& version) {
  auto source =
      content_.source(reading_.snapshot_ref(), owner_, version.content, version.size_bytes);
  const auto mend = [&] { return note_only(subject_of(node) + subject_of(version.number)); };
  if (!source.ok()) return findings_.absorb(Kind::content, node, source.error(), mend());
  content::FileHashes hashes(kept(version.checksums));
  std::vector<std::uint8_t> buffer(
      static_cast<std::size_t>(std::min<std::uint64_t>(version.size_bytes, kReadBytes)));
  for (std::uint64_t offset = 0; offset < version.size_bytes;) {
    SPIND_TRY(steps_.step());
    auto got = (*source)->read_at(offset, buffer);
    if (!got.ok()) return findings_.absorb(Kind::content, node, got.error(), mend());
    if (*got == 0) break;
    hashes.update(Bytes(buffer).first(*got));
    offset += *got;
  }
  content::Stored read;
  hashes.finish(read);
  if (read.sha256 != version.sha256)
    findings_.add(Kind::content, node,
                  fmt::format("version {} reads, but not as it was written", version.number),
                  mend());
  else if (read.checksums != version.checksums)
    findings_.add(Kind::content, node,
                  fmt::format("version {} has other checksums than it was given", version.number),
                  mend());
  return {};
}

Status ContentCheck::count_pass(std::uint32_t pass, std::uint32_t passes) {
  std::unordered_map<std::string, std::uint64_t> counts;
  const auto count = [&](NodeId, const model::VersionRecord& version) -> Status {
    const auto pieces = pieces_of(reading_, version);
    // What is wrong with it was told when the version was looked at.
    if (!pieces.ok()) return is_damage(pieces.error()) ? Status() : pieces.error();
    for (const model::Piece& piece : *pieces) {
      std::string id(as_text(piece.id));
      if (pass_of(id, passes) == pass) ++counts[std::move(id)];
    }
    return {};
  };
  const auto step = [this] { return steps_.step(); };
  SPIND_TRY(visit_versions(reading_, step, count));
  SPIND_TRY(visit_uploads(reading_, step, count));
  return compare_pass(pass, passes, counts);
}

Status ContentCheck::compare_pass(std::uint32_t pass, std::uint32_t passes,
                                  std::unordered_map<std::string, std::uint64_t>& counts) {
  const std::size_t prefix_bytes = model::row_prefix(reading_.space(), SpaceRow::reference).size();
  SPIND_TRY(scan_rows(
      reading_, SpaceRow::reference, [&](std::string_view key, std::string_view value) -> Status {
        SPIND_TRY(steps_.step());
        const std::string id(key.substr(prefix_bytes));
        model::PieceId piece;
        if (id.size() != piece.size() || pass_of(id, passes) != pass) return {};
        std::copy(id.begin(), id.end(), piece.begin());
        const auto count = model::decode_count(value);
        const auto found = counts.find(id);
        compare_count(piece, count.ok() ? *count : 0, found == counts.end() ? 0 : found->second);
        if (found != counts.end()) counts.erase(found);
        return check_held(key);
      }));
  for (const auto& left : counts) {
    model::PieceId piece;
    std::copy(left.first.begin(), left.first.end(), piece.begin());
    findings_.add(Kind::references, 0,
                  fmt::format("a piece counts no references, there are {}", left.second),
                  count_references(reading_.space(), piece, 0, left.second));
  }
  return {};
}

void ContentCheck::compare_count(const model::PieceId& piece, std::uint64_t counted,
                                 std::uint64_t expected) {
  const bool may_be_more = !countable_ && counted > expected;
  if ((counted == expected && counted != 0) || may_be_more) return;
  findings_.add(Kind::references, 0,
                fmt::format("a piece counts {} references, there are {}", counted, expected),
                count_references(reading_.space(), piece, counted, expected));
}

}  // namespace spind::upkeep
