// Versions, attachments, references, holders and pieces are held against each other, in both
// directions.
#include <algorithm>

#include "unit/upkeep/planted.h"

namespace spind::test {
namespace {

using kv::Family;

const SpaceId kOther{{0x40, 1, 2, 3}};

// A version with the given manifest, put by hand over what /work/notes has.
void plant_manifest(Planted& planted, const Ref& file, EntryNumber entry, std::string_view row,
                    std::uint64_t size_bytes) {
  planted.put(Family::attachment, model::attachment_key(planted.id(), {entry, 0}), row);
  planted.change_node(file, [&](model::NodeRecord& node) {
    node.current.content = {model::ContentKind::manifest, {entry, 0}, {}};
    node.current.size_bytes = size_bytes;
  });
}

TEST_CASE("check: finds an attachment that is missing, broken, or that nothing refers to") {
  Planted planted;
  const std::string key = model::attachment_key(planted.id(), {planted.notes_entry, 0});
  const std::string row = planted.row(Family::attachment, key);
  planted.erase(Family::attachment, key);
  CHECK(planted.kinds(false) == Kinds{"inline_content"});
  CHECK(planted.kinds(true) == Kinds{"inline_content"});
  const std::string stray = model::attachment_key(planted.id(), {planted.notes_entry, 1});
  planted.put(Family::attachment, stray, row);
  CHECK(planted.kinds() == Kinds{"attachment", "inline_content"});
  planted.put(Family::attachment, key, row);
  CHECK(planted.kinds() == Kinds{"attachment"});
  planted.erase(Family::attachment, stray);
  CHECK(planted.store().findings(true) == "");
  planted.put(Family::attachment, key, "broken");
  CHECK(planted.kinds() == Kinds{"inline_content"});
  planted.put(Family::attachment, key, model::encode_inline("longer than notes"));
  CHECK(planted.kinds() == Kinds{"inline_content"});
}

TEST_CASE("check: a broken manifest is one finding, in however many passes pieces are counted") {
  Planted planted;
  std::vector<model::Piece> pieces(60'000);
  std::uint64_t number = 0;
  for (model::Piece& piece : pieces) {
    for (std::size_t i = 0; i < 8; ++i) piece.id[i] = static_cast<std::uint8_t>(number >> (8 * i));
    piece.size_bytes = 1;
    ++number;
  }
  plant_manifest(planted, "/pack", 901, model::encode_manifest(pieces), pieces.size());
  plant_manifest(planted, "/work/notes", 900, "broken", 5);
  const CheckReport report = planted.check();
  std::uint64_t manifests = 0;
  for (const CheckFinding& finding : report.findings)
    if (finding.kind == "manifest") ++manifests;
  CHECK(manifests == 1);
  CHECK(report.findings_total > pieces.size());  // each of its pieces counts no reference
  CHECK(report.findings.size() == 1000);
}

TEST_CASE("check: finds a manifest that its entry was not made with, or that has another length") {
  Planted planted;
  const Written written = planted.space().put("/large", content(2, 9'000'000)).value();
  CHECK(planted.store().findings() == "");
  const std::string key = model::attachment_key(planted.id(), {written.entry, 0});
  auto pieces = model::decode_manifest(planted.row(Family::attachment, key)).value();
  REQUIRE(pieces.size() == 2);
  std::swap(pieces[0], pieces[1]);
  planted.put(Family::attachment, key, model::encode_manifest(pieces));
  CHECK(planted.kinds(false) == Kinds{"manifest"});
  CHECK(planted.kinds(true) == Kinds{"content", "manifest"});
  pieces[0].size_bytes += 1;
  planted.put(Family::attachment, key, model::encode_manifest(pieces));
  CHECK(planted.kinds().contains("manifest"));
}

TEST_CASE("check: manifests of one entry lie among other content, each in its place") {
  Planted planted;
  REQUIRE(planted.space().make_folder("/mixed").ok());
  for (const char* small : {"/mixed/a", "/mixed/c", "/mixed/e"})
    REQUIRE(planted.space().put(small, content(3, 100)).ok());
  REQUIRE(planted.space().put("/mixed/b", content(4, 9'000'000)).ok());
  REQUIRE(planted.space().put("/mixed/d", content(5, 9'000'000)).ok());
  REQUIRE(planted.space().copy("/mixed", "/copied").ok());
  CHECK(planted.store().findings() == "");

  const auto manifest_key = [&](const char* file) {
    const auto node = model::decode_node(planted.row(Family::state, planted.node_key(file)));
    REQUIRE(node->current.content.kind == model::ContentKind::manifest);
    return model::attachment_key(planted.id(), node->current.content.attachment);
  };
  const std::string b = manifest_key("/copied/b"), d = manifest_key("/copied/d");
  const std::string b_row = planted.row(Family::attachment, b);
  planted.put(Family::attachment, b, planted.row(Family::attachment, d));
  planted.put(Family::attachment, d, b_row);
  CHECK(planted.kinds(false) == Kinds{"manifest"});
}

TEST_CASE("check: reading content finds other checksums than were kept, and other bytes") {
  Planted planted;
  const std::string key = planted.node_key("/pack");
  const auto node = model::decode_node(planted.row(Family::state, key)).value();
  const auto put = [&](const auto& change) {
    model::NodeRecord changed = node;
    change(changed.current);
    planted.put(Family::state, key, model::encode(changed));
    CHECK(planted.kinds(false) == Kinds{"undo"});  // the journal says otherwise
    CHECK(planted.kinds(true) == Kinds{"content"});
  };
  put([](model::VersionRecord& version) { ++(*version.checksums.sha1)[3]; });
  put([](model::VersionRecord& version) { ++(*version.checksums.md5)[3]; });
  put([](model::VersionRecord& version) { ++*version.checksums.adler32; });
  put([](model::VersionRecord& version) { ++version.sha256[3]; });
}

TEST_CASE("check: finds references that are lost, miscounted, or of nobody") {
  Planted planted;
  const std::string key = model::reference_key(planted.id(), planted.piece());
  planted.put(Family::state, key, model::encode_count(2));
  CHECK(planted.kinds() == Kinds{"references"});
  planted.put(Family::state, key, model::encode_count(1));
  CHECK(planted.store().findings() == "");
  model::PieceId nothing{};
  planted.put(Family::state, model::reference_key(planted.id(), nothing), model::encode_count(0));
  CHECK(planted.kinds() == Kinds{"holder", "references"});
  planted.erase(Family::state, model::reference_key(planted.id(), nothing));
  REQUIRE(planted.store().store().collect().ok());  // the queue lets go of what it has seen
  planted.erase(Family::state, key);
  CHECK(planted.kinds() == Kinds{"references", "stray_holder"});
}

TEST_CASE("check: finds a holder without a reference, unless the collector will look at it") {
  Planted planted;
  planted.put(Family::content, model::holder_key(planted.vault(), planted.piece(), kOther), "");
  CHECK(planted.kinds() == Kinds{"stray_holder"});
  planted.put(Family::content, model::unchecked_key(planted.vault(), planted.piece(), kOther), "");
  CHECK(planted.store().findings() == "");
}

TEST_CASE("check: what uploads in flight and uploads that were given up hold is right") {
  Planted planted;
  {
    Writer writer = planted.space().writer("/large").value();
    REQUIRE(writer.write(content(3, 18'000'000)).ok());
    CHECK(planted.store().findings() == "");
  }
  CHECK(planted.store().findings() == "");
  REQUIRE(planted.store().store().collect().ok());
  CHECK(planted.store().findings() == "");
  REQUIRE(planted.store().store().collect({.grace = std::chrono::seconds(0)}).ok());
  CHECK(planted.store().findings() == "");
}

TEST_CASE("check: finds a piece that is neither held nor condemned, and one that is both") {
  Planted planted;
  const std::string refused = content(4, 40'000);
  REQUIRE(planted.space().put("/refused", refused, {.sha256 = Sha256{}}).code() ==
          Code::precondition_failed);
  REQUIRE(planted.store().store().collect().ok());
  CHECK(planted.store().findings() == "");
  planted.erase(Family::content, model::condemned_key(planted.vault(), sha256_of(refused)));
  CHECK(planted.kinds() == Kinds{"unheld_piece"});
  Planted both;
  both.put(Family::content, model::condemned_key(both.vault(), both.piece()),
           model::encode_number(1));
  CHECK(both.kinds() == Kinds{"condemned_piece"});
}

TEST_CASE("check: finds a piece, a holder or a vault that a reference needs and that is lost") {
  Planted holder;
  holder.erase(Family::content, model::holder_key(holder.vault(), holder.piece(), holder.id()));
  CHECK(holder.kinds() == Kinds{"holder", "unheld_piece"});
  Planted piece;
  piece.erase(Family::content, model::piece_key(piece.vault(), piece.piece()));
  CHECK(piece.kinds() == Kinds{"holder", "missing_piece"});
  Planted broken;
  broken.put(Family::content, model::piece_key(broken.vault(), broken.piece()), "broken");
  CHECK(broken.kinds() == Kinds{"corrupt_piece"});
  Planted vault;
  vault.erase(Family::content, model::ledger_vault_key(vault.vault()));
  CHECK(vault.kinds() == Kinds{"holder"});
}

}  // namespace
}  // namespace spind::test
