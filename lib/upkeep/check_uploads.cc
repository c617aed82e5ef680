#include "upkeep/check_uploads.h"

#include <fmt/format.h>

#include "base/try.h"
#include "upkeep/mends.h"
#include "upkeep/row_scan.h"

namespace spind::upkeep {

using model::SpaceRow;

Status UploadCheck::run() {
  SPIND_TRY(scan_rows(reading_, SpaceRow::upload,
                      [&](std::string_view key, std::string_view value) -> Status {
                        SPIND_TRY(steps_.step());
                        ++uploads_;
                        const EntryNumber number = model::last_u64_in(key);
                        const auto upload = model::decode_upload(value);
                        if (!upload.ok())
                          return findings_.absorb(Kind::upload, 0, upload.error(),
                                                  away(number, upload.error().text));
                        return check_upload(number, *upload);
                      }));
  std::uint64_t pieces = 0;
  SPIND_TRY(scan_rows(reading_, SpaceRow::settled, [&](auto, auto) {
    ++pieces;
    return steps_.step();
  }));
  if (pieces != pieces_)
    findings_.add(Kind::upload, 0,
                  fmt::format("there are {} settled pieces, uploads have {}", pieces, pieces_),
                  take_settled_away(reading_.space(), "of an upload that is not there"));
  return uploads_ > 0 ? check_noted() : Status();
}

// Its settled pieces lie one behind the other, up to the tail.
Status UploadCheck::check_upload(EntryNumber number, const model::UploadRecord& upload) {
  if (number > head_.entry || upload.progress.entry > head_.entry ||
      upload.progress.entry < number) {
    const std::string text =
        fmt::format("upload {}: it changed with an entry that was not made", number);
    findings_.add(Kind::upload, 0, text, away(number, text));
  }
  std::uint64_t offset = 0;
  const std::string prefix = model::settled_prefix(reading_.space(), number);
  const auto cursor = reading_.snapshot().scan(kv::Family::state, prefix, model::end_of(prefix));
  for (; cursor->valid(); cursor->next()) {
    SPIND_TRY(steps_.step());
    ++pieces_;
    const auto pieces = model::decode_manifest(cursor->value());
    if (!pieces.ok())
      return findings_.absorb(Kind::upload, 0, pieces.error(), away(number, pieces.error().text));
    if (pieces->size() != 1 || model::last_u64_in(cursor->key()) != offset) break;
    offset += pieces->front().size_bytes;
  }
  SPIND_TRY(cursor->status());
  if (offset != upload.progress.settled_bytes || cursor->valid()) {
    const std::string text = fmt::format("upload {}: it has other pieces than it says", number);
    findings_.add(Kind::upload, 0, text, away(number, text));
  }
  return {};
}

Mend UploadCheck::away(EntryNumber number, const std::string& text) {
  return take_upload_away(reading_.space(), number, text);
}

Status UploadCheck::check_noted() {
  SPIND_TRY_ASSIGN(
      const auto noted,
      reading_.snapshot().get(kv::Family::state, model::waiting_uploads_key(reading_.space())));
  if (!noted)
    findings_.add(Kind::upload, 0, "the space has uploads that nobody looks at when they expire",
                  put_row(kv::Family::state, model::waiting_uploads_key(reading_.space()), ""));
  return {};
}

}  // namespace spind::upkeep
