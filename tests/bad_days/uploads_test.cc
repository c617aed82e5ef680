// What goes wrong with an upload.
#include <doctest/doctest.h>

#include "base/limits.h"
#include "support/store/content.h"
#include "support/store/test_clock.h"
#include "support/store/test_store.h"

namespace spind::test {

TEST_CASE("bad day: bytes at another offset than the next, or too many, change no upload") {
  TestStore store(MetadataEngine::memory);
  const Space space = store.make_space("uploads");
  const UploadInfo upload = space.start_upload("/file", 100).value();
  REQUIRE(space.append_upload(upload.id, 0, content(1, 50)).ok());
  const EntryNumber before = space.info()->entry;
  for (const std::uint64_t offset : {std::uint64_t{0}, std::uint64_t{49}, std::uint64_t{51},
                                     std::uint64_t{100}, ~std::uint64_t{0}}) {
    CAPTURE(offset);
    const auto refused = space.append_upload(upload.id, offset, "x");
    CHECK(refused.code() == Code::precondition_failed);
    CHECK(refused.error().limit == 50);
  }
  CHECK(space.append_upload(upload.id, 50, content(1, 51)).code() == Code::invalid_argument);
  CHECK(space.start_upload("/file", kFileBytesMax + 1).code() == Code::limit_exceeded);
  CHECK(space.start_upload("/file", ~std::uint64_t{0}).code() == Code::limit_exceeded);
  CHECK(space.finish_upload(upload.id).code() == Code::conflict);
  CHECK(space.upload(upload.id)->offset == 50);
  CHECK(space.info()->entry == before);
  CHECK(store.findings(true) == "");
}

TEST_CASE("bad day: an upload that is unknown, ended, expired or a stranger's is not found") {
  TestClock clock;
  TestStore store(MetadataEngine::memory, seams_with(clock));
  const Space space = store.make_space("uploads");
  const UploadId expired = space.start_upload("/file", 1).value().id;
  clock.advance(std::int64_t{25} * 3600 * 1'000'000'000);
  const UploadId ended = space.start_upload("/file", 1).value().id;
  REQUIRE(space.abort_upload(ended).ok());
  const UploadId other = store.make_space("other").start_upload("/file", 1).value().id;
  for (const UploadId id : {UploadId{0}, UploadId{1}, expired, ended, other + 100, ~UploadId{0}}) {
    CAPTURE(id);
    CHECK(space.upload(id).code() == Code::not_found);
    CHECK(space.append_upload(id, 0, "x").code() == Code::not_found);
    CHECK(space.finish_upload(id).code() == Code::not_found);
    CHECK(space.finish_upload(id, {.hold = true, .request_id = "held"}).code() == Code::not_found);
    CHECK(space.abort_upload(id).code() == Code::not_found);
    CHECK(space.release_upload(id, {.request_id = "released"}).code() == Code::not_found);
    CHECK(space.quarantine_upload(id).code() == Code::not_found);
    CHECK(space.upload_reader(id).code() == Code::not_found);
  }
}

TEST_CASE("bad day: what is held cannot be read, and what is quarantined not by its starter") {
  TestStore store(MetadataEngine::memory);
  const Space space = store.make_space("uploads");
  const UploadInfo upload = space.start_upload("/file", 3).value();
  CHECK(space.upload_reader(upload.id).code() == Code::too_early);
  CHECK(space.upload_reader(upload.id, {.inspect = true}).code() == Code::too_early);
  REQUIRE(space.append_upload(upload.id, 0, "abc").ok());
  REQUIRE(space.finish_upload(upload.id, {.hold = true}).ok());
  CHECK(space.upload_reader(upload.id).code() == Code::too_early);
  CHECK(space.get("/file").code() == Code::not_found);
  REQUIRE(space.quarantine_upload(upload.id).ok());
  CHECK(space.upload_reader(upload.id).code() == Code::permission_denied);
  CHECK(space.upload_reader(upload.id, {.inspect = true}).ok());
}

TEST_CASE("bad day: an upload that is interrupted or cancelled is as it was") {
  TestStore store(MetadataEngine::memory);
  const Space space = store.make_space("uploads");
  const UploadInfo upload = space.start_upload("/file", 50'000).value();
  REQUIRE(space.append_upload(upload.id, 0, content(1, 49'999)).ok());
  SessionOptions options{.user = "ada"};
  options.cancel.emplace();
  const Space cancelled = store.store().session(options).value().space(space.id()).value();
  options.cancel->cancel();
  CHECK(cancelled.append_upload(upload.id, 49'999, "x").code() == Code::cancelled);
  CHECK(cancelled.finish_upload(upload.id).code() == Code::cancelled);
  CHECK(cancelled.abort_upload(upload.id).code() == Code::cancelled);
  CHECK(cancelled.start_upload("/other", 1).code() == Code::cancelled);
  CHECK(space.upload(upload.id)->offset == 49'999);
  CHECK(space.uploads()->items.size() == 1);
  CHECK(store.findings(true) == "");
}

}  // namespace spind::test
