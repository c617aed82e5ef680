// Uploads, and what is planted among their rows.
#include "model/upload_record.h"
#include "unit/upkeep/planted.h"

namespace spind::test {
namespace {

using kv::Family;

// One with two settled pieces and a tail, and one that is held.
struct Uploading : Planted {
  Uploading() {
    const std::string bytes = content(2, (16 << 20) + 20'000);
    upload = space().start_upload("/film", bytes.size() + 1).value().id;
    REQUIRE(space().append_upload(upload, 0, bytes).ok());
    held = space().start_upload("/held", 3).value().id;
    REQUIRE(space().append_upload(held, 0, "abc").ok());
    REQUIRE(space().finish_upload(held, {.hold = true}).ok());
    key = model::upload_key(id(), upload);
  }
  EntryNumber upload = 0, held = 0;
  std::string key;
};

TEST_CASE("check: uploads are no findings, whatever becomes of them") {
  Uploading uploading;
  CHECK(uploading.store().findings(true) == "");
  REQUIRE(uploading.space().release_upload(uploading.held).ok());
  REQUIRE(uploading.space().abort_upload(uploading.upload).ok());
  CHECK(uploading.store().findings(true) == "");
}

TEST_CASE("check: finds uploads that are broken, or not as their pieces") {
  Uploading uploading;
  const std::string row = uploading.row(Family::state, uploading.key);
  uploading.put(Family::state, uploading.key, "broken");
  CHECK(uploading.kinds().contains("upload"));
  auto upload = model::decode_upload(row).value();
  upload.progress.entry = 900;
  uploading.put(Family::state, uploading.key, model::encode(upload));
  CHECK(uploading.kinds() == Kinds{"upload"});
  uploading.put(Family::state, uploading.key, row);
  CHECK(uploading.store().findings() == "");

  const std::string settled = model::settled_key(uploading.id(), uploading.upload, 8 << 20);
  const std::string piece = uploading.row(Family::state, settled);
  uploading.erase(Family::state, settled);
  CHECK(uploading.kinds() == Kinds{"upload", "references"});
  uploading.put(Family::state, settled, piece);
  uploading.put(Family::state, model::settled_key(uploading.id(), 900, 0), piece);
  CHECK(uploading.kinds() == Kinds{"upload", "references"});
}

TEST_CASE("check: finds that a part of an upload is missing or counted by nobody") {
  Uploading uploading;
  const auto upload = model::decode_upload(uploading.row(Family::state, uploading.key)).value();
  REQUIRE(upload.progress.tail.size() == 1);
  const auto piece = upload.progress.tail.front().content.piece;
  const std::string count = model::reference_key(uploading.id(), piece);
  const std::string row = uploading.row(Family::state, count);
  uploading.erase(Family::state, count);
  CHECK(uploading.kinds().contains("references"));
  uploading.put(Family::state, count, row);
  const std::string holder = model::holder_key(uploading.vault(), piece, uploading.id());
  uploading.erase(Family::content, holder);
  CHECK(uploading.kinds().contains("holder"));
  uploading.put(Family::content, holder, "");

  const auto held =
      model::decode_upload(
          uploading.row(Family::state, model::upload_key(uploading.id(), uploading.held)))
          .value();
  uploading.erase(
      Family::attachment,
      model::attachment_key(uploading.id(), held.progress.tail.front().content.attachment));
  CHECK(uploading.kinds() == Kinds{"inline_content"});
}

TEST_CASE("check: finds that nobody would look at the uploads of a space") {
  Uploading uploading;
  uploading.erase(Family::state, model::waiting_uploads_key(uploading.id()));
  CHECK(uploading.kinds() == Kinds{"upload"});
}

}  // namespace
}  // namespace spind::test
