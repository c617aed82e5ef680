#include "model/entry.h"

#include <doctest/doctest.h>

#include "base/hash.h"

namespace spind::model {
namespace {

NodeRecord a_file() {
  NodeRecord node;
  node.id = 7;
  node.kind = NodeKind::file;
  node.creator = "ada";
  node.mtime_ns = node.current.mtime_ns = -5;
  node.current.number = 1;
  node.current.author = "ada";
  return node;
}

// An entry that holds one change of every kind.
Entry a_full_entry() {
  NodeRecord root;
  root.id = kRootNode;
  root.kind = NodeKind::folder;
  SpaceRecord before, after;
  before.name = "before";
  after.name = "after";
  Entry entry;
  entry.number = 12;
  entry.type = EntryType::moved;
  entry.epoch = 3;
  entry.wall_ns = 1'700'000'000'000'000'000;
  entry.time_ns = entry.wall_ns + 1;
  entry.previous.fill(0xab);
  entry.salt.fill(0x5a);
  entry.principal = "ada";
  entry.application = "files";
  entry.request_id = "r-1";
  entry.replaced_visible = 11;
  entry.replaced_time_ns = 42;
  entry.replaced_next_node = 8;
  entry.way = {{1, 0, 11}, {5, 0, 9}, {6, 1, 10}};
  entry.changes = {SpaceCreated{before, root},
                   SpaceUpdated{before, after},
                   NodeAdded{5, "essay.odt", a_file()},
                   VersionAdded{7, a_file().current, 1, 10},
                   NodeMoved{7, 5, 6, "essay.odt", "final.odt", 12},
                   NodeTrashed{9, 6, "old.odt"},
                   MtimeSet{7, -5, 5, 12}};
  entry.manifests = {sha256(as_bytes("manifest"))};
  return entry;
}

TEST_CASE("entry: every kind of change comes back as it went in") {
  const Entry entry = a_full_entry();
  const EncodedEntry encoded = encode(entry);
  const auto back = decode_entry(encoded.skeleton, encoded.payload);
  REQUIRE(back.ok());
  CHECK(*back == entry);
}

TEST_CASE("entry: the chain covers the skeleton, and the skeleton commits to the payload") {
  const Entry entry = a_full_entry();
  const EncodedEntry encoded = encode(entry);
  CHECK(encoded.chain == sha256(as_bytes(encoded.skeleton)));
  const auto skeleton = decode_skeleton(encoded.skeleton);
  REQUIRE(skeleton.ok());
  CHECK(skeleton->commitment == sha256(as_bytes(encoded.payload)));
  Entry other = entry;
  other.principal = "eve";
  CHECK(encode(other).chain != encoded.chain);
  CHECK(decode_entry(encoded.skeleton, encode(other).payload).code() == Code::corruption);
}

TEST_CASE("entry: the same names under another salt have another commitment") {
  Entry entry = a_full_entry();
  const auto first = decode_skeleton(encode(entry).skeleton);
  entry.salt.fill(0x11);
  const auto second = decode_skeleton(encode(entry).skeleton);
  CHECK(first->commitment != second->commitment);
}

TEST_CASE("entry: the skeleton can be read without its payload, as after an erasure") {
  const Entry entry = a_full_entry();
  const auto skeleton = decode_skeleton(encode(entry).skeleton);
  REQUIRE(skeleton.ok());
  CHECK(skeleton->number == entry.number);
  CHECK(skeleton->previous == entry.previous);
  CHECK(skeleton->time_ns == entry.time_ns);
}

TEST_CASE("entry: a rewind is alone in its entry, and undoes at least one") {
  Entry entry;
  entry.number = 7;
  entry.type = EntryType::rewound;
  const auto decoded = [&entry](std::vector<Change> changes) {
    entry.changes = std::move(changes);
    const EncodedEntry encoded = encode(entry);
    return decode_entry(encoded.skeleton, encoded.payload).code();
  };
  CHECK(decoded({Rewound{5}}) == Code::ok);
  CHECK(rewound_to(entry) == 5);
  CHECK(decoded({Rewound{1}}) == Code::ok);
  CHECK(decoded({Unchanged{1}}) == Code::ok);
  CHECK(rewound_to(entry) == 0);
  CHECK(decoded({Rewound{0}}) == Code::corruption);
  CHECK(decoded({Rewound{6}}) == Code::corruption);
  CHECK(decoded({Rewound{7}}) == Code::corruption);
  CHECK(decoded({Rewound{UINT64_MAX}}) == Code::corruption);
  CHECK(decoded({Rewound{5}, Rewound{4}}) == Code::corruption);
  CHECK(decoded({NodeTrashed{9, 6, "old.odt"}}) == Code::corruption);
  CHECK(decoded({}) == Code::corruption);
  entry.way = {{1, 0, 6}};
  CHECK(decoded({Rewound{5}}) == Code::corruption);
  entry.way.clear();
  entry.type = EntryType::moved;
  CHECK(decoded({Rewound{5}}) == Code::corruption);
}

TEST_CASE("entry: edits of properties are in order, each once, and each a change") {
  Entry entry;
  entry.number = 7;
  entry.type = EntryType::properties_set;
  const auto decoded = [&entry](std::vector<PropertyEdit> edits) {
    entry.changes = {PropertiesSet{3, std::move(edits), 6}};
    const EncodedEntry encoded = encode(entry);
    const auto back = decode_entry(encoded.skeleton, encoded.payload);
    if (back.ok()) CHECK(*back == entry);
    return back.code();
  };
  const auto none = std::nullopt;
  CHECK(decoded({{"a", none, "1"}, {"b", "", none}, {"c", "1", "2"}}) == Code::ok);
  CHECK(decoded({{"a", none, ""}}) == Code::ok);
  CHECK(decoded({}) == Code::corruption);
  CHECK(decoded({{"a", none, none}}) == Code::corruption);
  CHECK(decoded({{"a", "1", "1"}}) == Code::corruption);
  CHECK(decoded({{"b", none, "1"}, {"a", none, "1"}}) == Code::corruption);
  CHECK(decoded({{"a", none, "1"}, {"a", "1", none}}) == Code::corruption);
}

TEST_CASE("entry: has the format that its space records need") {
  Entry entry;
  entry.number = 7;
  entry.type = EntryType::space_updated;
  SpaceRecord before, after;
  after.name = "after";
  entry.changes = {SpaceUpdated{before, after}};
  CHECK(encode(entry).payload[1] == 1);
  after.state = SpaceStatus::disabled;
  after.image = 5;
  SpaceRecord thinned = after;
  thinned.versions.thinning = Thinning::ladder;
  for (const auto& [changed, format] : {std::pair{after, 2}, {thinned, 3}})
    for (const auto& change : {SpaceUpdated{before, changed}, SpaceUpdated{changed, before}}) {
      entry.changes = {change};
      const EncodedEntry encoded = encode(entry);
      CHECK(encoded.payload[1] == format);
      CHECK(decode_entry(encoded.skeleton, encoded.payload).value() == entry);
    }
}

TEST_CASE("entry: cuts and flipped bits are corruption") {
  const EncodedEntry encoded = encode(a_full_entry());
  for (std::size_t size = 0; size < encoded.payload.size(); ++size)
    CHECK(decode_entry(encoded.skeleton, encoded.payload.substr(0, size)).code() ==
          Code::corruption);
  for (std::size_t at = 0; at < encoded.skeleton.size(); ++at) {
    std::string flipped = encoded.skeleton;
    flipped[at] = static_cast<char>(flipped[at] ^ 4);
    CHECK(decode_entry(flipped, encoded.payload).code() == Code::corruption);
  }
}

}  // namespace
}  // namespace spind::model
