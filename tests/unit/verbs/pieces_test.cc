// Where the files of a space are cut: at fixed places, or by their content.
#include <doctest/doctest.h>

#include <random>

#include "base/limits.h"
#include "support/store/test_store.h"

namespace spind::test {
namespace {

std::string noise(std::size_t size_bytes) {
  std::mt19937 random(11);
  std::string out(size_bytes, '\0');
  for (char& byte : out) byte = static_cast<char>(random());
  return out;
}

std::uint64_t gathered(TestStore& store) {
  const std::string name = "\nspind_content_gathered_bytes_total ";
  const std::string text = store.store().metrics();
  const std::size_t at = text.find(name);
  REQUIRE(at != std::string::npos);
  return std::stoull(text.substr(at + name.size()));
}

}  // namespace

TEST_CASE("pieces: a space that cuts by content keeps once what two of its files share") {
  TestStore store(MetadataEngine::memory, {}, {.compress = false});
  const Space space =
      store.session().create_space({.alias = "s", .pieces = PieceRule::content}).value();
  CHECK(space.info()->pieces == PieceRule::content);
  const std::string text = noise(20 << 20);
  REQUIRE(space.put("/a", text).ok());
  const std::uint64_t before = gathered(store);
  CHECK(before == text.size());
  REQUIRE(space.put("/b", "ahead of it" + text).ok());
  CHECK(gathered(store) - before <= 2 * kPieceBytesMax);
  CHECK(space.get("/b").value() == "ahead of it" + text);

  REQUIRE(space.update({.pieces = PieceRule::fixed}).ok());
  CHECK(space.info()->pieces == PieceRule::fixed);
  const std::uint64_t then = gathered(store);
  REQUIRE(space.put("/c", "and more" + text).ok());
  CHECK(gathered(store) - then == text.size() + 8);
  CHECK(store.findings(true) == "");
}

TEST_CASE("pieces: an upload in parts is cut by content as well") {
  TestStore store(MetadataEngine::memory, {}, {.compress = false});
  const Space space =
      store.session().create_space({.alias = "s", .pieces = PieceRule::content}).value();
  const std::string text = noise(20 << 20);
  const UploadId upload = space.start_upload("/a", text.size()).value().id;
  for (std::size_t at = 0; at < text.size(); at += 3'000'001)
    REQUIRE(space.append_upload(upload, at, std::string_view(text).substr(at, 3'000'001)).ok());
  REQUIRE(space.finish_upload(upload).ok());
  CHECK(space.get("/a").value() == text);
  CHECK(store.findings(true) == "");
}

}  // namespace spind::test
