#include "model/upload_record.h"

#include <doctest/doctest.h>

#include <random>

#include "base/codec.h"
#include "model/records.h"
#include "support/harness.h"

namespace spind::model {
namespace {

// Records with every field at random, and often at its edges.
class RandomRecords {
 public:
  explicit RandomRecords(std::uint64_t seed) : random_(seed) {}

  std::uint64_t number() {
    const std::uint64_t value = random_();
    return random_() % 4 == 0 ? (value % 2 == 0 ? 0 : ~std::uint64_t{0}) : value >> random_() % 64;
  }
  std::string text() {
    std::string text(random_() % 40, '\0');
    for (char& c : text) c = static_cast<char>(random_());
    return text;
  }
  template <std::size_t kSize>
  std::array<std::uint8_t, kSize> array() {
    std::array<std::uint8_t, kSize> out;
    for (auto& byte : out) byte = static_cast<std::uint8_t>(random_());
    return out;
  }
  bool coin() { return random_() % 2 == 0; }

  VersionRecord version() {
    VersionRecord v;
    v.number = number();
    v.size_bytes = number();
    v.mtime_ns = static_cast<std::int64_t>(number());
    v.written_ms = static_cast<std::int64_t>(number()) / 1'000'000;
    v.entry = number();
    v.author = text();
    v.sha256 = array<32>();
    if (coin()) v.checksums.sha1 = array<20>();
    if (coin()) v.checksums.md5 = array<16>();
    if (coin()) v.checksums.adler32 = static_cast<std::uint32_t>(random_());
    v.content.kind = static_cast<ContentKind>(random_() % 4);
    if (v.content.kind == ContentKind::piece) v.content.piece = coin() ? v.sha256 : array<32>();
    if (v.content.kind == ContentKind::inline_bytes || v.content.kind == ContentKind::manifest)
      v.content.attachment = {number(), static_cast<std::uint32_t>(random_())};
    return v;
  }
  NodeRecord node() {
    NodeRecord n;
    n.id = number();
    n.kind = coin() ? NodeKind::file : NodeKind::folder;
    n.changed = number();
    n.creator = text();
    if (n.kind == NodeKind::file) {
      n.current = version();
      n.version_bytes = number();
      n.mtime_ns = n.current.mtime_ns;
    } else {
      n.mtime_ns = static_cast<std::int64_t>(number());
      n.totals = {number(), number(), number(), number()};
    }
    return n;
  }
  SpaceRecord space() {
    return {
        coin() ? SpaceKind::personal : SpaceKind::project,
        coin() ? NameRule::exact : NameRule::folded,
        text(),
        text(),
        text(),
        text(),
        text(),
        text(),
        static_cast<std::int64_t>(number()),
        number(),
        coin() ? FloorPolicy{} : FloorPolicy{static_cast<std::int64_t>(number() >> 1), number()},
        coin()   ? SpaceStatus::active
        : coin() ? SpaceStatus::disabled
                 : SpaceStatus::purged,
        coin() ? 0 : number(),
        coin() ? 0 : number(),
        coin() ? TrashPolicy{} : TrashPolicy{static_cast<std::int64_t>(number() >> 1)},
        coin() ? VersionPolicy{} : version_policy(),
        coin() ? PieceRule::fixed : PieceRule::content};
  }
  VersionPolicy version_policy() {
    if (coin()) return {.thinning = coin() ? Thinning::ladder : Thinning::automatic};
    return {Thinning::count_and_age, number(), static_cast<std::int64_t>(number() >> 1), number()};
  }
  Head head() {
    return {number(), number(),   static_cast<std::int64_t>(number()), number(), number(), number(),
            number(), array<32>()};
  }
  UploadRecord upload() {
    UploadRecord u;
    u.starter = text();
    u.start = number();
    u.path = text();
    u.options.make_parents = coin();
    if (coin()) u.options.mtime_ns = static_cast<std::int64_t>(number());
    if (coin()) u.options.conditions.if_match = text();
    if (coin()) u.options.conditions.if_none_match = text();
    if (coin()) u.options.conditions.if_unmodified_since_ns = static_cast<std::int64_t>(number());
    if (coin()) u.options.sha256 = array<32>();
    if (coin()) u.options.checksums.md5 = array<16>();
    u.options.checksums_wanted = static_cast<std::uint8_t>(random_() % 8);
    u.started_ns = static_cast<std::int64_t>(number());
    u.kept_seconds = random_() % 1'000'000;
    u.progress.entry = number();
    u.progress.touched_ns = static_cast<std::int64_t>(number());
    u.progress.settled_bytes = random_() % 4 * (8 << 20);
    for (std::uint64_t parts = random_() % 4; parts > 0; --parts)
      u.progress.tail.push_back({coin() ? ContentRef{ContentKind::piece, {}, array<32>()}
                                        : ContentRef{ContentKind::inline_bytes, {number(), 1}, {}},
                                 1 + random_() % 10'000});
    u.options.size_bytes = u.progress.received_bytes();
    if (coin()) {
      *u.options.size_bytes += random_() % 1000;
    } else if (coin()) {
      u.progress.stage = coin() ? UploadStage::held : UploadStage::quarantined;
      u.progress.sha256 = array<32>();
      if (coin()) u.progress.checksums.sha1 = array<20>();
    }
    return u;
  }

 private:
  std::mt19937_64 random_;
};

// Comes back equal; refuses every cut and every flipped bit.
template <class Record, class Decode>
void check_record(const Record& record, const std::string& bytes, Decode decode) {
  const auto back = decode(bytes);
  REQUIRE(back.ok());
  CHECK(*back == record);
  for (std::size_t size = 0; size < bytes.size(); ++size)
    CHECK(decode(std::string_view(bytes).substr(0, size)).code() == Code::corruption);
  for (std::size_t bit = 0; bit < bytes.size() * 8; bit += 5) {
    std::string flipped = bytes;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ 1 << bit % 8);
    CHECK(decode(flipped).code() == Code::corruption);
  }
  CHECK(decode(bytes + '\0').code() == Code::corruption);
}

TEST_CASE("records: come back as they went in, and refuse cuts and flipped bits") {
  RandomRecords random(test::seed());
  for (int i = 0; i < 60; ++i) {
    const VersionRecord version = random.version();
    check_record(version, encode(version), decode_version);
    const NodeRecord node = random.node();
    check_record(node, encode(node), [](std::string_view bytes) { return decode_node(bytes); });
    const TrashRecord old{random.number(), random.text(), random.node(), {}, 0};
    check_record(old, encode(old), decode_trash);
    const TrashRecord trash{random.number(), random.text(), random.node(), "grace", 1 + i};
    check_record(trash, encode(trash), decode_trash);
    const Locator locator{random.number(), random.text(), {random.number(), 7}};
    check_record(locator, encode(locator), decode_locator);
    const SpaceRecord space = random.space();
    check_record(space, encode(space), decode_space);
    const std::string value = random.text();
    check_record(std::string_view(value), encode_property(value), decode_property);
    const Head head = random.head();
    check_record(head, encode(head), decode_head);
    const std::vector<Piece> pieces(static_cast<std::size_t>(i % 4),
                                    Piece{random.array<32>(), random.number()});
    check_record(pieces, encode_manifest(pieces), decode_manifest);
    const UploadRecord upload = random.upload();
    check_record(upload, encode(upload), decode_upload);
    const std::uint64_t count = random.number();
    check_record(count, encode_count(count), decode_count);
  }
}

TEST_CASE("records: a space that says nothing new is written as it always was") {
  SpaceRecord space = RandomRecords(test::seed()).space();
  space.floor = {};
  space.state = SpaceStatus::active;
  space.image = space.readme = 0;
  space.trash = {};
  space.versions = {};
  space.pieces = PieceRule::fixed;
  std::string bytes = encode(space);
  CHECK(bytes[1] == 1);
  // The same in a format that could say more is not what the encoder makes.
  bytes.resize(bytes.size() - kSealBytes);
  bytes[1] = 2;
  Encoder(bytes).zigzag(space.floor.keep_ns).varint(0).u8(1).varint(0).varint(0);
  std::string third = bytes;
  seal(bytes);
  CHECK(decode_space(bytes).code() == Code::corruption);
  third[1] = 3;
  Encoder(third).zigzag(space.trash.keep_ns).u8(1);
  seal(third);
  CHECK(decode_space(third).code() == Code::corruption);
  const auto needs_format = [](const SpaceRecord& record, int format) {
    CHECK(encode(record)[1] == format);
    CHECK(decode_space(encode(record)).value() == record);
  };
  SpaceRecord presented = space, kept = space;
  presented.readme = 7;
  kept.floor.keep_entries = 7;
  needs_format(presented, 2);
  needs_format(kept, 2);
  SpaceRecord trash = space, versions = kept, purged = presented;
  trash.trash.keep_ns = 7;
  versions.versions.thinning = Thinning::count_and_age;
  purged.state = SpaceStatus::purged;
  needs_format(trash, 3);
  needs_format(versions, 3);
  needs_format(purged, 3);
}

TEST_CASE(
    "records: a space keeps its trash and versions for no time below zero, in no unknown way") {
  SpaceRecord space;
  space.trash.keep_ns = -1;
  CHECK(decode_space(encode(space)).code() == Code::corruption);
  space.trash = {};
  space.versions = {Thinning::count_and_age, 1, -1, 2};
  CHECK(decode_space(encode(space)).code() == Code::corruption);
  for (const int thinning : {0, 5}) {
    space.versions = {.thinning = static_cast<Thinning>(thinning)};
    CHECK(decode_space(encode(space)).code() == Code::corruption);
  }
  space.versions = {};
  space.state = static_cast<SpaceStatus>(4);
  CHECK(decode_space(encode(space)).code() == Code::corruption);
}

TEST_CASE("records: an upload has no more than was declared, and all of it once it is held") {
  UploadRecord upload;
  upload.options.size_bytes = 9;
  upload.progress.tail = {{{ContentKind::inline_bytes, {2, 0}, {}}, 10}};
  CHECK(decode_upload(encode(upload)).code() == Code::corruption);
  upload.options.size_bytes = 11;
  CHECK(decode_upload(encode(upload)).ok());
  upload.progress.stage = UploadStage::held;
  CHECK(decode_upload(encode(upload)).code() == Code::corruption);
  upload.options.size_bytes = 10;
  CHECK(decode_upload(encode(upload)).ok());
  upload.progress.tail.front().content.kind = ContentKind::manifest;
  CHECK(decode_upload(encode(upload)).code() == Code::corruption);
}

TEST_CASE("records: a version is of a time that nanoseconds can say") {
  VersionRecord version;
  for (const std::int64_t written_ms : {INT64_MAX / 1'000'000, INT64_MIN / 1'000'000}) {
    version.written_ms = written_ms;
    CHECK(decode_version(encode(version)).ok());
    version.written_ms += written_ms > 0 ? 1 : -1;
    CHECK(decode_version(encode(version)).code() == Code::corruption);
  }
}

TEST_CASE("records: one kind is never read as another") {
  RandomRecords random(test::seed());
  CHECK(decode_node(encode(random.version())).code() == Code::corruption);
  CHECK(decode_version(encode(random.node())).code() == Code::corruption);
  CHECK(decode_head(encode_count(1)).code() == Code::corruption);
}

TEST_CASE("records: a newer format is unsupported, not corrupt") {
  std::string bytes = encode_count(1);
  bytes.resize(bytes.size() - kSealBytes);
  bytes[1] = 99;
  seal(bytes);
  CHECK(decode_count(bytes).code() == Code::unsupported);
}

TEST_CASE("inline content: comes back borrowed, and refuses cuts and flipped bits") {
  const std::string content = "twelve bytes";
  const std::string row = encode_inline(content);
  REQUIRE(decode_inline(row).ok());
  CHECK(*decode_inline(row) == content);
  for (std::size_t size = 0; size < row.size(); ++size)
    CHECK(decode_inline(std::string_view(row).substr(0, size)).code() == Code::corruption);
  for (std::size_t at = 0; at < row.size(); ++at) {
    std::string flipped = row;
    flipped[at] = static_cast<char>(flipped[at] ^ 1);
    CHECK(decode_inline(flipped).code() == Code::corruption);
  }
}

TEST_CASE("a node's weight: a file counts itself, a folder what lies below and itself") {
  NodeRecord file;
  file.kind = NodeKind::file;
  file.current.size_bytes = 10;
  file.version_bytes = 7;
  CHECK(file.weight() == FolderTotals{10, 7, 1, 0});
  NodeRecord folder;
  folder.kind = NodeKind::folder;
  folder.totals = {100, 50, 3, 2};
  CHECK(folder.weight() == FolderTotals{100, 50, 3, 3});
}

}  // namespace
}  // namespace spind::model
