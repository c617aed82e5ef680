// Counts, sizes, offsets, ids and checksums that do not fit.
#include <doctest/doctest.h>

#include "bad_days/all_verbs.h"
#include "base/limits.h"
#include "model/keys.h"
#include "support/store/content.h"
#include "support/store/test_store.h"

namespace spind::test {

TEST_CASE("bad day: counts and sizes at their limits work, and over them are refused") {
  TestStore store(MetadataEngine::memory);
  const Session session = store.session();
  const Space space = store.make_space("limits");

  CHECK(space.list("/", {.count_max = kPageMax}).ok());
  CHECK(space.list("/", {.count_max = kPageMax + 1}).code() == Code::invalid_argument);
  CHECK(space.list("/", {.count_max = 0}).code() == Code::invalid_argument);
  CHECK(session.list_spaces({}, kPageMax).ok());
  CHECK(session.list_spaces({}, kPageMax + 1).code() == Code::invalid_argument);
  CHECK(session.list_spaces({}, 0).code() == Code::invalid_argument);

  CHECK(space.put("/a", "x", {.request_id = std::string(kRequestIdBytesMax, 'r')}).ok());
  CHECK(space.put("/b", "x", {.request_id = std::string(kRequestIdBytesMax + 1, 'r')}).code() ==
        Code::limit_exceeded);
  CHECK(space.writer("/b", {.size_bytes = kFileBytesMax}).ok());
  CHECK(space.writer("/b", {.size_bytes = kFileBytesMax + 1}).code() == Code::limit_exceeded);

  CHECK(space.update({.alias = std::string(kSpaceNameBytesMax, 'a')}).ok());
  CHECK(space.update({.alias = std::string(kSpaceNameBytesMax + 1, 'a')}).code() ==
        Code::limit_exceeded);
  CHECK(space.update({.description = std::string(kDescriptionBytesMax, 'd')}).ok());
  CHECK(space.update({.description = std::string(kDescriptionBytesMax + 1, 'd')}).code() ==
        Code::limit_exceeded);
  CHECK(space.update({.name = "\xff"}).code() == Code::invalid_argument);
  CHECK(store.findings() == "");
}

TEST_CASE("bad day: a session that names nobody, or with names over their limits, is refused") {
  TestStore store(MetadataEngine::memory);
  const auto session = [&](const SessionOptions& options) {
    return store.store().session(options).code();
  };
  CHECK(session({}) == Code::unauthenticated);
  CHECK(session({.user = std::string(kPrincipalBytesMax, 'u')}) == Code::ok);
  CHECK(session({.user = std::string(kPrincipalBytesMax + 1, 'u')}) != Code::ok);
  CHECK(session({.user = "a\nb"}) == Code::invalid_argument);
  CHECK(session({.user = "\xff"}) == Code::invalid_argument);
  CHECK(session({.user = "ada", .tenant = ""}) == Code::invalid_argument);
  CHECK(session({.user = "ada", .tenant = std::string(256, 't')}) != Code::ok);
  CHECK(session({.user = "ada", .application = std::string(256, 'a')}) != Code::ok);
  CHECK(session({.user = "ada", .groups = std::vector<std::string>(kGroupsMax + 1, "g")}) ==
        Code::limit_exceeded);
}

TEST_CASE("bad day: content on both sides of every limit comes back as it went in") {
  TestStore store(MetadataEngine::memory);
  const Space space = store.make_space("sizes");
  for (const std::uint64_t limit :
       {std::uint64_t{0}, std::uint64_t{kInlineBytesMax}, std::uint64_t{kFrameBytesMax},
        std::uint64_t{kPackedBytesMax}, std::uint64_t{kPieceBytesMax}}) {
    for (const std::uint64_t size_bytes : {limit, limit + 1, limit == 0 ? 2 : limit - 1}) {
      CAPTURE(size_bytes);
      for (const Verb verb : {Verb::put, Verb::write}) {
        const Request write{
            .verb = verb, .ref = "/file", .content_seed = size_bytes, .size_bytes = size_bytes};
        REQUIRE(run(space, write).code == Code::ok);
        for (const std::size_t by_reader : {0u, 1u})
          CHECK(run(space, {.verb = Verb::get, .ref = "/file", .page = by_reader}).bytes ==
                content(size_bytes, size_bytes));
      }
    }
  }
  CHECK(store.findings(true) == "");
}

TEST_CASE("bad day: an offset at or past the end reads nothing") {
  TestStore store(MetadataEngine::memory);
  const Space space = store.make_space("offsets");
  for (const std::uint64_t size_bytes : {0u, 10u, 70'000u, 1'500'000u}) {
    CAPTURE(size_bytes);
    const std::string bytes = content(1, size_bytes);
    REQUIRE(space.put("/file", bytes).ok());
    const Reader reader = space.reader("/file").value();
    std::vector<std::uint8_t> out(8);
    for (const std::uint64_t offset : {size_bytes, size_bytes + 1, ~std::uint64_t{0},
                                       ~std::uint64_t{0} - 4, std::uint64_t{1} << 63})
      CHECK(reader.read_at(offset, out).value() == 0);
    if (size_bytes == 0) continue;
    REQUIRE(reader.read_at(size_bytes - 3, out).value() == 3);
    CHECK(std::equal(out.begin(), out.begin() + 3, bytes.end() - 3,
                     [](std::uint8_t a, char b) { return a == static_cast<std::uint8_t>(b); }));
    CHECK(reader.read_at(0, {}).value() == 0);
  }
}

TEST_CASE("bad day: a wrong checksum or declared size refuses the content and changes nothing") {
  TestStore store(MetadataEngine::memory);
  const Space space = store.make_space("declared");
  for (const std::uint64_t size_bytes : {100u, 70'000u, 1'500'000u}) {
    CAPTURE(size_bytes);
    const std::string bytes = content(1, size_bytes);
    const Sha256 right = sha256_of(bytes);
    const Sha256 wrong = sha256_of(bytes + "x");
    CHECK(space.put("/file", bytes, {.sha256 = wrong}).code() == Code::precondition_failed);
    CHECK(space.put("/file", bytes, {.checksums = {.adler32 = 1}}).code() ==
          Code::precondition_failed);
    const Checksums wrong_md5{.md5 = std::array<std::uint8_t, 16>{}};
    CHECK(space.put("/file", bytes, {.checksums = wrong_md5}).code() == Code::precondition_failed);
    const Checksums wrong_sha1{.sha1 = std::array<std::uint8_t, 20>{}};
    CHECK(space.put("/file", bytes, {.checksums = wrong_sha1}).code() == Code::precondition_failed);
    CHECK(space.put("/file", bytes, {.size_bytes = size_bytes + 1}).code() ==
          Code::invalid_argument);
    CHECK(space.put("/file", bytes, {.size_bytes = size_bytes - 1}).code() ==
          Code::invalid_argument);
    CHECK(space.stat("/file").code() == Code::not_found);
    CHECK(space.put("/file", bytes, {.size_bytes = size_bytes, .sha256 = right}).ok());
    REQUIRE(space.remove("/file").ok());
  }
  REQUIRE(store.store().collect({.grace = std::chrono::seconds(0)}).ok());
  CHECK(store.findings(true) == "");
}

TEST_CASE("bad day: ids of other spaces, of nobody and of strangers lead nowhere") {
  TestStore store(MetadataEngine::memory);
  const Space space = store.make_space("ids");
  const NodeId node = space.put("/file", "x").value().node;
  const Space empty = store.make_space("empty");
  for (const Request& request : all_verbs(Ref::node(node))) {
    CAPTURE(verb_name(request.verb));
    CHECK(run(empty, request).code == Code::not_found);
  }
  for (const NodeId id : {NodeId{0}, ~NodeId{0}, NodeId{1} << 63, NodeId{999}})
    for (const Request& request : all_verbs(Ref::node(id))) {
      CAPTURE(verb_name(request.verb));
      CAPTURE(id);
      CHECK(run(space, request).code == Code::not_found);
    }
  const Session eve = store.session("eve");
  CHECK(eve.space(space.id()).code() == Code::not_found);
  CHECK(eve.space(SpaceId{}).code() == Code::not_found);
  const Session elsewhere = store.store().session({.user = "ada", .tenant = "elsewhere"}).value();
  CHECK(elsewhere.space(space.id()).code() == Code::not_found);
  CHECK(elsewhere.space_by_alias("ids").code() == Code::not_found);
  CHECK(elsewhere.list_spaces()->items.empty());
  CHECK(SpaceId::parse("not a uuid").code() == Code::invalid_argument);
  CHECK(store.session().create_space({.id = space.id()}).code() == Code::already_exists);
}

TEST_CASE("bad day: a version that is the current one, pinned, or not there is not removed") {
  TestStore store(MetadataEngine::memory);
  const Space space = store.make_space("versions");
  for (const char* bytes : {"1", "2", "3"}) REQUIRE(space.put("/file", bytes).ok());
  REQUIRE(space.mark_version("/file", 1, {.pinned = true}).ok());
  const EntryNumber before = space.info()->entry;
  CHECK(space.remove_version("/file", 3).code() == Code::conflict);
  CHECK(space.remove_version("/file", 1).code() == Code::precondition_failed);
  for (const VersionNumber number : {VersionNumber{0}, VersionNumber{4}, ~VersionNumber{0}}) {
    CHECK(space.remove_version("/file", number).code() == Code::not_found);
    CHECK(space.restore_version("/file", number).code() == Code::not_found);
    CHECK(space.mark_version("/file", number, {.pinned = true}).code() == Code::not_found);
  }
  CHECK(space.remove_version("/", 1).code() == Code::is_a_folder);
  CHECK(space.mark_version("/file", 2, {.label = std::string(kLabelBytesMax + 1, 'x')}).code() ==
        Code::limit_exceeded);
  CHECK(space.info()->entry == before);
}

TEST_CASE("bad day: what is not in the trash, or has no place to go back to, stays where it is") {
  TestStore store(MetadataEngine::memory);
  const Space space = store.make_space("trash");
  const NodeId file = space.put("/folder/file", "1", {.make_parents = true}).value().node;
  const NodeId hanging = space.put("/hanging", "1").value().node;
  const NodeId folder = space.remove("/folder").value().node;
  REQUIRE(space.put("/folder", "2").ok());
  const EntryNumber before = space.info()->entry;
  for (const NodeId id : {hanging, kRootNode, NodeId{0}, NodeId{999}, ~NodeId{0}}) {
    CHECK(space.restore(Ref::node(id)).code() == Code::not_found);
    CHECK(space.purge(Ref::node(id)).code() == Code::not_found);
  }
  CHECK(space.restore(Ref::below(folder, "other")).code() == Code::not_found);
  CHECK(space.restore(Ref::below(folder, "file/below")).code() == Code::not_found);
  CHECK(space.restore(Ref::below(folder, "..")).code() == Code::invalid_argument);
  CHECK(space.restore(Ref::node(folder)).code() == Code::already_exists);
  CHECK(space.restore(Ref::node(file), {.make_parents = true}).code() == Code::not_a_folder);
  CHECK(space.restore(Ref::node(file), {.to = "/"}).code() == Code::conflict);
  CHECK(space.restore(Ref::node(file), {.to = "/a/b"}).code() == Code::not_found);
  CHECK(space.purge(Ref::node(file)).code() == Code::conflict);
  CHECK(space.info()->entry == before);
}

TEST_CASE("bad day: properties and tags at their limits are kept, and over them are refused") {
  TestStore store(MetadataEngine::memory);
  const Space space = store.make_space("properties");
  REQUIRE(space.put("/file", "x").ok());
  const auto set = [&](const std::string& key, const std::string& value) {
    return space.set_properties("/file", {{key, value}}).code();
  };
  const std::string longest_key(kPropertyKeyBytesMax, 'k');
  const std::string longest_value(kPropertyValueBytesMax, 'v');
  CHECK(set(longest_key, longest_value) == Code::ok);
  CHECK(space.properties("/file")->at(0) == Property{longest_key, longest_value});
  const EntryNumber before = space.info()->entry;
  CHECK(set(longest_key + "k", "") == Code::limit_exceeded);
  CHECK(set("a", longest_value + "v") == Code::limit_exceeded);
  for (const char* key : {"", "a\nb", "a\x7f", "\xff", "tag:", "tag:\x01"})
    CHECK(set(key, "") == Code::invalid_argument);
  CHECK(set(std::string("a\0b", 3), "") == Code::invalid_argument);
  CHECK(set("tag:a", "a value") == Code::invalid_argument);
  CHECK(space.add_tags("/file", {std::string(kTagBytesMax + 1, 't')}).code() ==
        Code::limit_exceeded);
  CHECK(space.add_tags("/file", {"good", ""}).code() == Code::invalid_argument);
  CHECK(space.tagged("").code() == Code::invalid_argument);
  CHECK(space.tagged(std::string(kTagBytesMax + 1, 't')).code() == Code::limit_exceeded);
  CHECK(space.properties("/file", std::string(100'000, 'p'))->empty());
  CHECK(space.info()->entry == before);
  CHECK(space.add_tags("/file", {std::string(kTagBytesMax, 't')}).ok());
  CHECK(space.tagged(std::string(kTagBytesMax, 't'))->items.size() == 1);

  // All of a node's together.
  for (const char* key : {"a", "b"}) CHECK(set(key, longest_value) == Code::ok);
  CHECK(set("c", longest_value) == Code::limit_exceeded);
  CHECK(space.set_properties("/file", {{"a", std::nullopt}, {"c", longest_value}}).ok());
  PropertyChanges many;
  for (std::size_t i = 0; i <= kPropertiesMax; ++i) many[std::to_string(i)] = "";
  CHECK(space.set_properties("/", many).code() == Code::limit_exceeded);
  many.erase("0");
  CHECK(space.set_properties("/", many).ok());
  CHECK(space.set_properties("/", {{"0", ""}}).code() == Code::limit_exceeded);
  CHECK(space.set_properties("/", {{"1", std::nullopt}, {"0", ""}}).ok());
  CHECK(store.findings() == "");
}

TEST_CASE("bad day: a person who has as many favourites as there may be gets no more") {
  kv::Store* kv = nullptr;
  engine::Seams seams;
  seams.open_kv = [&kv](const engine::KvSetup& setup) {
    auto opened = engine::default_kv(setup);
    if (opened.ok()) kv = opened->get();
    return opened;
  };
  TestStore store(MetadataEngine::memory, seams);
  const Space space = store.make_space("favourites");
  const Ref one = Ref::node(space.put("/one", "").value().node);
  const Ref other = Ref::node(space.put("/other", "").value().node);
  REQUIRE(space.set_favourite(one, true).ok());
  // As of nodes that are gone, which count too.
  const kv::Answer planted = kv->update(
      {model::principal_partition("default", "ada")}, [&](kv::Transaction& rows) -> kv::Outcome {
        for (NodeId node = 100; node < 100 + kFavouritesMax - 1; ++node)
          rows.put(kv::Family::state, model::favourite_key("default", "ada", space.id(), node), "");
        return kv::Commit{};
      });
  REQUIRE(planted.status.ok());
  CHECK(space.set_favourite(other, true).code() == Code::limit_exceeded);
  CHECK(space.set_favourite(one, true).ok());
  CHECK(space.set_favourite(Ref::node(100), false).ok());
  CHECK(space.set_favourite(other, true).ok());
  CHECK(store.session().favourites()->items.size() == 2);
}

TEST_CASE("bad day: a space out of use answers to nobody, and stays whole") {
  TestStore store(MetadataEngine::memory);
  const Space space = store.make_space("disabled");
  const NodeId node = space.put("/file", "x").value().node;
  REQUIRE(space.disable().ok());
  for (const Request& request : all_verbs(Ref::node(node))) {
    CAPTURE(verb_name(request.verb));
    CHECK(run(space, request).code == Code::not_found);
  }
  CHECK(store.session("eve").space(space.id()).code() == Code::not_found);
  CHECK(store.findings(true) == "");
  REQUIRE(space.enable().ok());
  CHECK(*space.get("/file") == "x");
}

TEST_CASE("bad day: a purged space answers to nobody, and its id comes to no other") {
  TestStore store(MetadataEngine::memory);
  const Space space = store.make_space("purged");
  const NodeId node = space.put("/file", content(1, 40'000)).value().node;
  CHECK(space.purge().code() == Code::conflict);
  REQUIRE(space.disable().ok());
  CHECK(store.session("eve").space(space.id()).code() == Code::not_found);
  REQUIRE(space.purge().ok());
  for (const std::int64_t gone : {0, 1}) {
    for (const Request& request : all_verbs(Ref::node(node))) {
      CAPTURE(verb_name(request.verb));
      CHECK(run(space, request).code == Code::not_found);
    }
    CHECK(space.enable().code() == Code::not_found);
    CHECK(space.purge().code() == Code::not_found);
    CHECK(store.session().space(space.id()).code() == Code::not_found);
    CHECK(store.session().create_space({.id = space.id()}).code() == Code::already_exists);
    if (gone == 1) break;
    CollectOptions forget{.grace = std::chrono::seconds(0)};
    forget.forget = space.id();
    CHECK(store.store().collect(forget)->spaces == 1);
  }
  CHECK(store.findings(true) == "");
}

TEST_CASE("bad day: a policy of the trash or of versions that cannot be is refused") {
  TestStore store(MetadataEngine::memory);
  const Space space = store.make_space("policies");
  const EntryNumber before = space.info()->entry;
  CHECK(space.update({.trash = TrashPolicy{-1}}).code() == Code::invalid_argument);
  for (const VersionPolicy& wrong :
       {VersionPolicy{.thinning = static_cast<Thinning>(0)},
        VersionPolicy{.thinning = static_cast<Thinning>(5)},
        VersionPolicy{.thinning = Thinning::count_and_age, .keep_ns = -1},
        VersionPolicy{.thinning = Thinning::automatic, .count_max = 7}})
    CHECK(space.update({.versions = wrong}).code() == Code::invalid_argument);
  CHECK(space.info()->entry == before);
}

TEST_CASE("bad day: a rule for pieces that is none is refused") {
  TestStore store(MetadataEngine::memory);
  const Space space = store.make_space("s");
  for (const auto rule : {static_cast<PieceRule>(0), static_cast<PieceRule>(3)}) {
    CHECK(space.update({.pieces = rule}).code() == Code::invalid_argument);
    CHECK(store.session().create_space({.pieces = rule}).code() == Code::invalid_argument);
  }
  CHECK(space.info()->pieces == PieceRule::fixed);
}

}  // namespace spind::test
