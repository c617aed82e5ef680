// Checksums that the caller gives: the right ones are accepted and kept, however the bytes come.
#include <doctest/doctest.h>

#include "base/hash.h"
#include "support/store/content.h"
#include "support/store/test_store.h"

namespace spind::test {
namespace {

struct Given {
  Sha256 sha256{};
  Checksums checksums;
};

template <std::size_t kSize>
std::array<std::uint8_t, kSize> hash_of(HashKind kind, std::string_view bytes) {
  Hasher hasher(kind);
  hasher.update(as_bytes(bytes));
  const std::vector<std::uint8_t> digest = hasher.finish();
  REQUIRE(digest.size() == kSize);
  std::array<std::uint8_t, kSize> hash{};
  std::copy(digest.begin(), digest.end(), hash.begin());
  return hash;
}

Given given_for(std::string_view bytes) {
  const auto adler = hash_of<4>(HashKind::adler32, bytes);
  const std::uint32_t adler32 = std::uint32_t{adler[0]} << 24 | std::uint32_t{adler[1]} << 16 |
                                std::uint32_t{adler[2]} << 8 | std::uint32_t{adler[3]};
  return {sha256_of(bytes),
          {hash_of<20>(HashKind::sha1, bytes), hash_of<16>(HashKind::md5, bytes), adler32}};
}

constexpr std::uint64_t kSizes[] = {0, 100, 70'000, 1'500'000};

struct ChecksumsFixture {
  TestStore store{MetadataEngine::memory};
  Space space = store.make_space("checksums");

  // Of the newest version; what was not given is not kept.
  void check_kept(const Given& given, const Checksums& checksums) {
    const NodeInfo info = space.stat("/file").value();
    CHECK(info.sha256 == given.sha256);
    CHECK(info.checksums == checksums);
  }
  // Each alone, then all of them.
  template <class Put>
  void check_each(const Put& put) {
    for (const std::uint64_t size_bytes : kSizes) {
      CAPTURE(size_bytes);
      const std::string bytes = content(3, size_bytes);
      const Given given = given_for(bytes);
      const Checksums one_each[] = {{.sha1 = given.checksums.sha1},
                                    {.md5 = given.checksums.md5},
                                    {.adler32 = given.checksums.adler32},
                                    given.checksums};
      for (const Checksums& checksums : one_each) {
        put(bytes, given.sha256, checksums);
        check_kept(given, checksums);
      }
    }
    CHECK(store.findings(true) == "");
  }
};

TEST_CASE_FIXTURE(ChecksumsFixture, "checksums: a put with the right ones is accepted") {
  check_each([this](const std::string& bytes, const Sha256& sha256, const Checksums& checksums) {
    const auto written = space.put("/file", bytes, {.sha256 = sha256, .checksums = checksums});
    REQUIRE(written.ok());
  });
}

TEST_CASE_FIXTURE(ChecksumsFixture, "checksums: a writer with the right ones is accepted") {
  check_each([this](const std::string& bytes, const Sha256& sha256, const Checksums& checksums) {
    Writer writer = space.writer("/file", {.sha256 = sha256, .checksums = checksums}).value();
    const std::size_t half = bytes.size() / 2;
    REQUIRE(writer.write(std::string_view(bytes).substr(0, half)).ok());
    REQUIRE(writer.write(std::string_view(bytes).substr(half)).ok());
    REQUIRE(writer.commit().ok());
  });
}

TEST_CASE_FIXTURE(ChecksumsFixture, "checksums: an upload with the right ones is accepted") {
  check_each([this](const std::string& bytes, const Sha256& sha256, const Checksums& checksums) {
    const UploadId id =
        space.start_upload("/file", bytes.size(), {.sha256 = sha256, .checksums = checksums})
            .value()
            .id;
    const std::size_t half = bytes.size() / 2;
    if (half > 0) REQUIRE(space.append_upload(id, 0, bytes.substr(0, half)).ok());
    if (!bytes.empty()) REQUIRE(space.append_upload(id, half, bytes.substr(half)).ok());
    REQUIRE(space.finish_upload(id).ok());
  });
}

TEST_CASE_FIXTURE(ChecksumsFixture, "checksums: an upload with a wrong one stays unfinished") {
  const std::string bytes = content(3, 70'000);
  const Checksums wrong[] = {{.sha1 = std::array<std::uint8_t, 20>{}},
                             {.md5 = std::array<std::uint8_t, 16>{}},
                             {.adler32 = 1}};
  for (const Checksums& checksums : wrong) {
    const UploadId id =
        space.start_upload("/file", bytes.size(), {.checksums = checksums}).value().id;
    REQUIRE(space.append_upload(id, 0, bytes).ok());
    CHECK(space.finish_upload(id).code() == Code::precondition_failed);
    CHECK(space.stat("/file").code() == Code::not_found);
  }
}

}  // namespace
}  // namespace spind::test
