// Every record and entry: what is written today is what was written then, and what was written then
// reads as it was meant.
#include <doctest/doctest.h>

#include "base/codec.h"
#include "content/frames.h"
#include "format/golden.h"
#include "model/aside.h"
#include "model/entry.h"
#include "model/keys.h"
#include "model/vault_rows.h"

namespace spind::test {
namespace {

using namespace model;

template <class T, class Decode>
void check_golden(std::string_view name, const T& value, const std::string& bytes, Decode decode) {
  CAPTURE(name);
  const std::string golden = golden_bytes(name, bytes);
  CHECK(bytes == golden);
  const auto decoded = decode(golden);
  REQUIRE(decoded.ok());
  CHECK(*decoded == value);
}

template <std::size_t kSize>
std::array<std::uint8_t, kSize> filled(std::uint8_t first) {
  std::array<std::uint8_t, kSize> out;
  for (std::uint8_t& byte : out) byte = first++;
  return out;
}

const SpaceId kSpace{filled<16>(1)};

VersionRecord a_version() {
  VersionRecord v;
  v.number = 3;
  v.size_bytes = 1234567;
  v.mtime_ns = 1'767'225'600'123'456'789;
  v.written_ms = 1'767'225'601'000;
  v.entry = 42;
  v.author = "ada";
  v.sha256 = filled<32>(10);
  v.checksums = {filled<20>(50), filled<16>(80), 0xdeadbeef};
  v.content = {ContentKind::manifest, {42, 1}, {}};
  return v;
}

NodeRecord a_file(ContentRef content) {
  NodeRecord node;
  node.id = 77;
  node.kind = NodeKind::file;
  node.changed = 43;
  node.creator = "grace";
  node.version_bytes = 99;
  node.current = a_version();
  node.current.checksums = {};
  node.current.content = content;
  node.mtime_ns = node.current.mtime_ns;
  return node;
}

NodeRecord a_folder() {
  NodeRecord node;
  node.id = 5;
  node.kind = NodeKind::folder;
  node.changed = 41;
  node.creator = "ada";
  node.mtime_ns = -1;
  node.totals = {1000, 200, 30, 4};
  return node;
}

SpaceRecord a_space() {
  SpaceRecord space;
  space.kind = SpaceKind::project;
  space.names = NameRule::folded;
  space.tenant = "school-12";
  space.alias = "maths";
  space.name = "Mathematik 9d";
  space.description = "Hefte";
  space.creator = "ada";
  space.created_ns = 1'767'225'600'000'000'000;
  space.history = 0x0123456789abcdef;
  return space;
}

// Which of its two forms is meant.
Result<NodeRecord> a_node(std::string_view bytes) { return decode_node(bytes); }

TEST_CASE("format: records of a space") {
  const NodeRecord folder = a_folder();
  check_golden("node-folder", folder, encode(folder), a_node);
  const PieceId piece = filled<32>(200);
  for (const auto& [name, content] :
       {std::pair<std::string_view, ContentRef>{"node-empty", {}},
        {"node-inline", {ContentKind::inline_bytes, {42, 0}, {}}},
        {"node-piece", {ContentKind::piece, {}, piece}},
        {"node-whole-piece", {ContentKind::piece, {}, filled<32>(10)}},
        {"node-manifest", {ContentKind::manifest, {42, 0}, {}}}}) {
    const NodeRecord file = a_file(content);
    check_golden(name, file, encode(file), a_node);
  }
  const VersionRecord version = a_version();
  check_golden("version", version, encode(version), decode_version);
  const Locator hanging{5, "essay.odt", {}}, trashed{0, "", {44, 1}};
  check_golden("locator", hanging, encode(hanging), decode_locator);
  check_golden("locator-trash", trashed, encode(trashed), decode_locator);
  const TrashRecord trash{5, "essay.odt", a_file({}), {}, 0};
  check_golden("trash", trash, encode(trash), decode_trash);
  const TrashRecord told{5, "essay.odt", a_file({}), "grace", 1'767'225'600'000'000'002};
  check_golden("trash-2", told, encode(told), decode_trash);
  const SpaceRecord space = a_space();
  check_golden("space", space, encode(space), decode_space);
  const Head head{44, 43, 1'767'225'600'000'000'001, 78, 1, 5000, 2, filled<32>(90)};
  check_golden("head", head, encode(head), decode_head);
  check_golden("count", std::uint64_t{300}, encode_count(300), decode_count);
  const std::vector<Piece> pieces{{piece, 8 << 20}, {filled<32>(7), 17}};
  check_golden("manifest", pieces, encode_manifest(pieces), decode_manifest);
  const MarkRecord mark{true, "handed in"};
  check_golden("mark", mark, encode(mark), decode_mark);
  check_golden("inline", std::string_view("content"), encode_inline("content"), decode_inline);
}

TEST_CASE("format: records of content") {
  const PieceRow piece{{BlobPlace::Kind::pack, 1001, 4096}, 65536, 65632};
  check_golden("piece-row", piece, encode(piece), decode_piece);
  const PackRow pack{1 << 20, 333};
  check_golden("pack-row", pack, encode(pack), decode_pack);
  check_golden("number", std::uint64_t{77}, encode_number(77), decode_number);
  const BlobOwnerRow owner{filled<16>(9), 3, 0x0123456789abcdef, 42};
  check_golden("blob-owner-row", owner, encode(owner), decode_blob_owner);
  const BlobMoveRow move{BlobMoveRow::State::clear_folder, filled<16>(9), 4'321};
  check_golden("blob-move-row", move, encode(move), decode_blob_move);
  const ScrubRow scrub{piece_key(filled<16>(1), filled<32>(2)), 9'000'000, 2, 1'767'225'600'000};
  check_golden("scrub-row", scrub, encode(scrub), decode_scrub);
  const VaultKeysRow keys{VaultKeysRow::State::in_use, 2, std::string(168, 'b')};
  check_golden("vault-keys", keys, encode(keys), decode_vault_keys);
  const VaultKeysRow destroyed{VaultKeysRow::State::destroyed, 2, {}};
  check_golden("vault-keys-destroyed", destroyed, encode(destroyed), decode_vault_keys);
  const VaultKeysRow encrypting{VaultKeysRow::State::encrypting, 1, std::string(124, 'b')};
  check_golden("vault-keys-encrypting", encrypting, encode(encrypting), decode_vault_keys);
  const VaultSecret secret{filled<16>(1), "9f2c41d07a3be655", std::string(72, 'w')};
  check_golden("vault-secret", secret, encode(secret), decode_vault_secret);
  const KeyCheckRow check{"9f2c41d07a3be655", std::string(72, 'w'), filled<32>(2)};
  check_golden("key-check", check, encode(check), decode_key_check);
  const PieceRow compressed{
      {BlobPlace::Kind::object, 1002, 0}, 300'000, 256 + 20'000 + 37'856, {20'000, 37'856}};
  check_golden("piece-row-2", compressed, encode(compressed), decode_piece);
  PieceRow sealed = compressed;
  sealed.generation = 300;
  check_golden("piece-row-3", sealed, encode(sealed), decode_piece);
}

void check_frame(std::string_view name, const content::FrameHeader& header) {
  std::string bytes(header.header_bytes(), '\0');
  content::encode_frame_header(header, reinterpret_cast<std::uint8_t*>(bytes.data()));
  check_golden(name, header, bytes, [](const std::string& golden) {
    return content::decode_frame_header(as_bytes(golden));
  });
}

TEST_CASE("format: headers of frames") {
  content::FrameHeader header{.format = 1,
                              .size_bytes = 300000 - 262144,
                              .stored_bytes = 300000 - 262144,
                              .position = 1,
                              .piece_bytes = 300000,
                              .piece_stored_bytes = 300000 + 2 * 96,
                              .vault = filled<16>(1),
                              .piece = filled<32>(2),
                              .digest = filled<16>(3)};
  check_frame("frame-header", header);
  header.format = 2;
  header.piece_stored_bytes = 300000 + 2 * 128;
  check_frame("frame-header-2", header);
  header.compressed = true;
  header.stored_bytes = 20'000;
  header.piece_stored_bytes -= 10'000;
  check_frame("frame-header-2-zstd", header);
  header.generation = 7;
  header.salt = filled<12>(40);
  header.tag = filled<16>(60);
  check_frame("frame-header-2-sealed", header);
}

// One entry with every kind of change, and one as small as they get.
Entry a_full_entry() {
  Entry entry;
  entry.number = 45;
  entry.type = EntryType::moved;
  entry.epoch = 1;
  entry.wall_ns = 1'767'225'602'000'000'000;
  entry.time_ns = entry.wall_ns + 5;
  entry.previous = filled<32>(90);
  entry.salt = filled<16>(160);
  entry.principal = "ada";
  entry.application = "files";
  entry.request_id = "request-1";
  entry.replaced_visible = 44;
  entry.replaced_time_ns = entry.wall_ns - 1;
  entry.replaced_next_node = 78;
  entry.way = {{1, 0, 44}, {5, 0, 41}, {6, 1, 40}};
  SpaceRecord after = a_space();
  after.name = "Mathematik 10d";
  entry.changes = {SpaceCreated{a_space(), a_folder()},
                   SpaceUpdated{a_space(), after},
                   NodeAdded{5, "essay.odt", a_file({ContentKind::inline_bytes, {45, 0}, {}})},
                   VersionAdded{77, a_version(), 2, 43},
                   NodeMoved{77, 5, 6, "essay.odt", "final.odt", 43},
                   NodeTrashed{9, 6, "old.odt"},
                   MtimeSet{77, -1, 1, 44}};
  entry.manifests = {filled<32>(33)};
  return entry;
}

void check_entry(std::string_view name, const Entry& entry) {
  const EncodedEntry encoded = encode(entry);
  const std::string skeleton = golden_bytes(std::string(name) + "-skeleton", encoded.skeleton);
  const std::string payload = golden_bytes(std::string(name) + "-payload", encoded.payload);
  CHECK(encoded.skeleton == skeleton);
  CHECK(encoded.payload == payload);
  const auto decoded = decode_entry(skeleton, payload);
  REQUIRE(decoded.ok());
  CHECK(*decoded == entry);
}

TEST_CASE("format: entries of the journal") {
  check_entry("entry-full", a_full_entry());
  Entry small;
  small.number = 1;
  small.visible = false;
  check_entry("entry-small", small);
}

// The same of changes that came later: what was written before stays as it is.
TEST_CASE("format: entries about versions") {
  Entry entry = a_full_entry();
  entry.type = EntryType::version_removed;
  entry.changes = {Unchanged{77}, VersionRemoved{77, a_version(), {false, "draft"}, 43},
                   VersionMarked{77, 2, {true, "draft"}, {}, 44}};
  check_entry("entry-versions", entry);
}

TEST_CASE("format: entries about the trash") {
  Entry entry = a_full_entry();
  entry.type = EntryType::restored;
  entry.changes = {NodeRestored{9, {44, 1}, false, 6, 5, "old.odt", "new.odt", "grace", -1, 43},
                   NodeRestored{10, {44, 1}, true, 9, 5, "below", "above", "", 0, 42},
                   NodePurged{9, {44, 1}}};
  check_entry("entry-trash", entry);
}

TEST_CASE("format: a space with a floor policy of its own, and an entry that sets it") {
  SpaceRecord space = a_space();
  space.floor = {3'600'000'000'000, 1000};
  check_golden("space-2", space, encode(space), decode_space);
  Entry entry = a_full_entry();
  entry.type = EntryType::space_updated;
  entry.changes = {SpaceUpdated{a_space(), space}};
  check_entry("entry-policy", entry);
}

TEST_CASE("format: the entry of a rewind") {
  Entry rewound;
  rewound.number = 45;
  rewound.type = EntryType::rewound;
  rewound.changes = {Rewound{40}};
  check_entry("entry-rewound", rewound);
}

TEST_CASE("format: entries about what is staged") {
  Entry entry = a_full_entry();
  entry.type = EntryType::copied;
  NodeRecord top = a_folder();
  top.totals = {};
  entry.changes = {SubtreeStaged{top}, SubtreeAttached{5, {44, 0}, 1, "copy"},
                   StagingPurged{5, {44, 0}}};
  check_entry("entry-staged", entry);
  top.totals.files = 1;
  entry.changes = {SubtreeStaged{top}};
  const EncodedEntry broken = encode(entry);
  CHECK(decode_entry(broken.skeleton, broken.payload).code() == Code::corruption);
}

TEST_CASE("format: the key of what is staged") {
  const std::string key = staged_key(kSpace, {45, 1});
  CHECK(key == golden_bytes("key-staged", key));
  CHECK(attachment_in_key(key) == AttachmentId{45, 1});
}

TEST_CASE("format: properties") {
  check_golden("property", std::string_view("My essay"), encode_property("My essay"),
               decode_property);
  Entry entry = a_full_entry();
  entry.type = EntryType::properties_set;
  entry.changes = {PropertiesSet{
      77,
      {{"colour", "blue", std::nullopt}, {"n", "1", "2"}, {"tag:draft", std::nullopt, ""}},
      43}};
  check_entry("entry-properties", entry);
  std::string keys;
  const auto add = [&keys](const std::string& key) { Encoder(keys).bytes(key); };
  add(property_key(kSpace, 77, "colour"));
  add(property_key(kSpace, 77, tag_property("draft")));
  add(tagged_key(kSpace, "draft", 77));
  add(favourite_key("school-12", "ada", kSpace, 77));
  CHECK(keys == golden_bytes("keys-properties", keys));
}

TEST_CASE("format: a space out of use, with what presents it") {
  SpaceRecord space = a_space();
  space.state = SpaceStatus::disabled;
  space.image = 78;
  space.readme = 79;
  check_golden("space-2-disabled", space, encode(space), decode_space);
  Entry entry = a_full_entry();
  entry.type = EntryType::space_updated;
  entry.changes = {SpaceUpdated{a_space(), space}};
  check_entry("entry-space-2-disabled", entry);
}

TEST_CASE("format: a space with policies of its trash and its versions, and where it is thinned") {
  SpaceRecord space = a_space();
  space.trash.keep_ns = 3'600'000'000'000;
  space.versions.thinning = Thinning::ladder;
  check_golden("space-3-ladder", space, encode(space), decode_space);
  space.versions = {Thinning::count_and_age, 3, 86'400'000'000'000, 100};
  check_golden("space-3-count", space, encode(space), decode_space);
  Entry entry = a_full_entry();
  entry.type = EntryType::space_updated;
  entry.changes = {SpaceUpdated{a_space(), space}};
  check_entry("entry-space-3", entry);
  const std::string key = waiting_thinning_key(kSpace);
  CHECK(key == golden_bytes("key-thinning", key));
}

TEST_CASE("format: a space whose files are cut by their content") {
  SpaceRecord space = a_space();
  space.pieces = PieceRule::content;
  check_golden("space-4", space, encode(space), decode_space);
  Entry entry = a_full_entry();
  entry.type = EntryType::space_updated;
  entry.changes = {SpaceUpdated{a_space(), space}};
  check_entry("entry-space-4", entry);
}

TEST_CASE("format: a space with a vault of its own, and what that is called") {
  SpaceRecord space = a_space();
  space.vault = VaultRule::own;
  check_golden("space-5", space, encode(space), decode_space);
  Entry entry = a_full_entry();
  entry.type = EntryType::space_updated;
  entry.changes = {SpaceUpdated{a_space(), space}};
  check_entry("entry-space-5", entry);
  const std::string name = vault_name(space, kSpace);
  CHECK(name == golden_bytes("vault-name", name));
  CHECK(decode_vault_name(name) == VaultName{space.tenant, kSpace});
  CHECK(vault_of(name) != vault_of(space.tenant));
  CHECK(vault_name(a_space(), kSpace) == space.tenant);
  CHECK(decode_vault_name(space.tenant) == VaultName{space.tenant});
}

TEST_CASE("format: a space that was purged, and its id that is taken") {
  SpaceRecord space = a_space();
  space.state = SpaceStatus::purged;
  check_golden("space-3-purged", space, encode(space), decode_space);
  Entry entry = a_full_entry();
  entry.type = EntryType::space_updated;
  entry.changes = {SpaceUpdated{a_space(), space}};
  check_entry("entry-space-3-purged", entry);
  const std::string key = catalogue_gone_key(kSpace);
  CHECK(key == golden_bytes("key-gone", key));
}

TEST_CASE("format: an entry that thins versions out") {
  Entry entry = a_full_entry();
  entry.type = EntryType::versions_thinned;
  entry.visible = false;
  entry.way.clear();
  entry.changes = {VersionRemoved{77, a_version(), {}, 43},
                   VersionRemoved{78, a_version(), {}, 44}};
  check_entry("entry-thinned", entry);
}

UploadRecord an_upload() {
  UploadRecord upload;
  upload.starter = "ada";
  upload.start = 5;
  upload.path = "sub/film.mp4";
  upload.options.conditions = {"\"1-2\"", "*", -7};
  upload.options.mtime_ns = 1'767'225'600'123'456'789;
  upload.options.size_bytes = (8 << 20) + 100;
  upload.options.sha256 = filled<32>(20);
  upload.options.checksums = {filled<20>(50), filled<16>(80), 0xdeadbeef};
  upload.options.checksums_wanted = kSha1 | kMd5 | kAdler32;
  upload.options.make_parents = true;
  upload.started_ns = 1'767'225'600'000'000'003;
  upload.kept_seconds = 86'400;
  upload.progress.entry = 46;
  upload.progress.touched_ns = 1'767'225'600'000'000'004;
  upload.progress.settled_bytes = 8 << 20;
  upload.progress.tail = {{{ContentKind::inline_bytes, {46, 0}, {}}, 10},
                          {{ContentKind::piece, {}, filled<32>(200)}, 80}};
  return upload;
}

UploadRecord a_held_upload() {
  UploadRecord upload;
  upload.starter = "ada";
  upload.start = 1;
  upload.options.size_bytes = 0;
  upload.progress.stage = UploadStage::held;
  upload.progress.sha256 = filled<32>(30);
  upload.progress.checksums.md5 = filled<16>(80);
  return upload;
}

TEST_CASE("format: uploads") {
  check_golden("upload", an_upload(), encode(an_upload()), decode_upload);
  check_golden("upload-held", a_held_upload(), encode(a_held_upload()), decode_upload);
}

TEST_CASE("format: entries about uploads") {
  Entry entry = a_full_entry();
  entry.type = EntryType::upload_changed;
  UploadProgress before;
  before.entry = 45;
  entry.changes = {UploadStarted{an_upload()},
                   UploadChanged{45, before, an_upload().progress, {{filled<32>(7), 8 << 20}}},
                   UploadEnded{45, a_held_upload(), 1}};
  check_entry("entry-uploads", entry);
}

TEST_CASE("format: keys about uploads") {
  std::string keys;
  const auto add = [&keys](const std::string& key) { Encoder(keys).bytes(key); };
  add(upload_key(kSpace, 45));
  add(settled_key(kSpace, 45, 8 << 20));
  add(waiting_uploads_key(kSpace));
  CHECK(keys == golden_bytes("keys-uploads", keys));
  CHECK(space_in_waiting_key(waiting_uploads_key(kSpace)) == kSpace);
}

// One after the other, each behind its length.
TEST_CASE("format: keys") {
  std::string keys;
  const auto add = [&keys](const std::string& key) { Encoder(keys).bytes(key); };
  add(head_key(kSpace));
  add(info_key(kSpace));
  add(node_key(kSpace, 5, "essay.odt"));
  add(locator_key(kSpace, 77));
  add(version_key(kSpace, 77, 3));
  add(reference_key(kSpace, filled<32>(200)));
  add(trash_key(kSpace, {44, 1}));
  add(folded_key(kSpace, 5, "essay.odt"));
  add(request_key(kSpace, "ada", "request-1"));
  add(skeleton_key(kSpace, 45));
  add(payload_key(kSpace, 45));
  add(attachment_key(kSpace, {45, 1}));
  add(catalogue_space_key("school-12", SpaceKind::project, kSpace));
  add(catalogue_alias_key("school-12", "maths"));
  const VaultId vault = vault_of("school-12");
  add(piece_key(vault, filled<32>(200)));
  add(holder_key(vault, filled<32>(200), kSpace));
  add(unchecked_key(vault, filled<32>(200), kSpace));
  add(condemned_key(vault, filled<32>(200)));
  add(doomed_key(vault, 200, {BlobPlace::Kind::pack, 1001, 4096}));
  add(next_number_key());
  add(ledger_key(LedgerRow::pack_open, 1001));
  add(ledger_vault_key(vault));
  CHECK(keys == golden_bytes("keys", keys));
}

TEST_CASE("format: what was set aside") {
  const AsideRecord note{77, "the row with its content is missing", 0, {}};
  check_golden("aside", note, encode(note), decode_aside);
  const AsideRecord taken{0, "broken", 2, "a row"};
  check_golden("aside-row", taken, encode(taken), decode_aside);
  const std::string partition = space_partition(kSpace);
  const std::string key = aside_key(partition, "manifest", attachment_key(kSpace, {45, 1}));
  CHECK(key == golden_bytes("key-aside", key));
  CHECK(kind_in_aside_key(partition, key) == "manifest");
}

TEST_CASE("format: the key of what was purged") {
  const std::string key = purged_key(kSpace, {45, 1});
  CHECK(key == golden_bytes("key-purged", key));
  CHECK(attachment_in_key(key) == AttachmentId{45, 1});
}

TEST_CASE("format: keys about the floor") {
  std::string keys;
  const auto add = [&keys](const std::string& key) { Encoder(keys).bytes(key); };
  add(rewind_key(kSpace, 45));
  add(trimmed_key(kSpace));
  CHECK(keys == golden_bytes("keys-floor", keys));
  CHECK(entry_in_key(rewind_key(kSpace, 45)) == 45);
  CHECK(piece_in_dropped_key(dropped_key(kSpace, 45, filled<32>(200))) == filled<32>(200));
}

TEST_CASE("format: keys about versions") {
  std::string keys;
  const auto add = [&keys](const std::string& key) { Encoder(keys).bytes(key); };
  add(mark_key(kSpace, 77, 3));
  add(gaps_key(kSpace, 77));
  add(dropped_key(kSpace, 45, filled<32>(200)));
  add(kept_key(kSpace, filled<32>(200), 45));
  add(unused_key(kSpace, 45, {42, 1}));
  CHECK(keys == golden_bytes("keys-versions", keys));
}

}  // namespace
}  // namespace spind::test
