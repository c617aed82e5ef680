// Properties and tags as the public classes give them.
#include <doctest/doctest.h>

#include "base/limits.h"
#include "support/store/test_store.h"

namespace spind::test {
namespace {

struct PropertiesFixture {
  TestStore store{MetadataEngine::memory};
  Space space = store.make_space("properties");
  NodeId file = space.put("/file", "x").value().node;

  std::string shown(const Space& where, const Ref& node, std::string_view prefix = {}) {
    std::string text;
    const std::vector<Property> all = where.properties(node, prefix).value();
    for (const Property& one : all) text += one.key + "=" + one.value + " ";
    return text;
  }
  std::string shown(const Ref& node = "/file", std::string_view prefix = {}) {
    return shown(space, node, prefix);
  }
  std::vector<NodeId> tagged(std::string_view tag, std::size_t count_max = 1000) {
    std::vector<NodeId> ids;
    TaggedOptions options{.count_max = count_max, .after = {}};
    do {
      const Page page = space.tagged(tag, options).value();
      CHECK(page.items.size() <= count_max);
      for (const NodeInfo& node : page.items) ids.push_back(node.id);
      options.after = page.next;
    } while (!options.after.empty());
    return ids;
  }
};

TEST_CASE_FIXTURE(PropertiesFixture, "set_properties: many are set and removed by one change") {
  const std::string bytes("\0\xff", 2);
  const Written first =
      space.set_properties("/file", {{"{DAV:}displayname", "Essay"}, {"b", bytes}, {"a", ""}})
          .value();
  CHECK(first.node == file);
  CHECK(first.entry == space.info()->visible);
  CHECK(shown() == "a= b=" + bytes + " {DAV:}displayname=Essay ");
  const Written second =
      space.set_properties("/file", {{"a", std::nullopt}, {"b", "2"}, {"none", std::nullopt}})
          .value();
  CHECK(second.entry == first.entry + 1);
  CHECK(shown() == "b=2 {DAV:}displayname=Essay ");
  CHECK(shown("/file", "{DAV:}") == "{DAV:}displayname=Essay ");
  CHECK(shown("/file", "c") == "");
  CHECK(shown("/") == "");
  CHECK(space.set_properties("/", {{"of the root", "1"}}).ok());
  CHECK(shown(Ref::node(kRootNode)) == "of the root=1 ");
  CHECK(space.set_properties("/none", {{"a", "1"}}).code() == Code::not_found);
  CHECK(space.properties("/none").code() == Code::not_found);
  CHECK(store.findings() == "");
}

TEST_CASE_FIXTURE(PropertiesFixture, "set_properties: what is so already is no change") {
  REQUIRE(space.set_properties("/file", {{"a", "1"}}).ok());
  const std::string etag = space.stat("/file")->etag();
  const EntryNumber before = space.info()->entry;
  CHECK(space.set_properties("/file", {{"a", "1"}, {"b", std::nullopt}})->entry == 0);
  CHECK(space.set_properties("/file", {})->entry == 0);
  CHECK(space.info()->entry == before);
  CHECK(space.stat("/file")->etag() == etag);
}

TEST_CASE_FIXTURE(PropertiesFixture,
                  "set_properties: changes the node's ETag and those of its folders") {
  REQUIRE(space.put("/folder/below", "x", {.make_parents = true}).ok());
  const std::string folder = space.stat("/folder")->etag(), other = space.stat("/file")->etag();
  const std::string etag = space.stat("/folder/below")->etag();
  CHECK(space.set_properties("/folder/below", {{"a", "1"}}, {.conditions = {.if_match = "\"x\""}})
            .code() == Code::precondition_failed);
  CHECK(
      space.set_properties("/folder/below", {{"a", "1"}}, {.conditions = {.if_match = etag}}).ok());
  CHECK(space.stat("/folder/below")->etag() != etag);
  CHECK(space.stat("/folder")->etag() != folder);
  CHECK(space.stat("/file")->etag() == other);
  const ChangeEvent event = space.changes("").value().events.back();
  CHECK(event.kind == ChangeKind::properties_changed);
  CHECK(change_name(event.kind) == "properties_changed");
  CHECK(event.node == space.stat("/folder/below")->id);
  CHECK(event.way.size() == 2);
}

TEST_CASE_FIXTURE(PropertiesFixture,
                  "set_properties: a repeated request id answers as the first did") {
  const PropertyOptions options{.request_id = "one"};
  const Written first = space.set_properties("/file", {{"a", "1"}}, options).value();
  REQUIRE(space.set_properties("/file", {{"a", "2"}}).ok());
  const Written again = space.set_properties("/file", {{"a", "1"}}, options).value();
  CHECK(again.repeated);
  CHECK(again.entry == first.entry);
  CHECK(shown() == "a=2 ");
  CHECK(space.set_mtime("/file", 1, {.request_id = "one"}).code() == Code::conflict);
}

TEST_CASE_FIXTURE(PropertiesFixture, "properties: stay with the node wherever it goes") {
  REQUIRE(space.set_properties("/file", {{"a", "1"}}).ok());
  REQUIRE(space.add_tags("/file", {"t"}).ok());
  REQUIRE(space.make_folder("/folder").ok());
  REQUIRE(space.move("/file", "/folder/moved").ok());
  REQUIRE(space.put("/folder/moved", "another version").ok());
  CHECK(shown("/folder/moved") == "a=1 tag:t= ");
  REQUIRE(space.remove("/folder").ok());
  CHECK(space.properties(Ref::node(file)).code() == Code::not_found);
  CHECK(tagged("t").empty());
  REQUIRE(space.restore(Ref::node(space.trash()->items[0].node.id)).ok());
  CHECK(shown(Ref::node(file)) == "a=1 tag:t= ");
  CHECK(tagged("t") == std::vector<NodeId>{file});
  // Another node in its place is another node.
  REQUIRE(space.remove(Ref::node(file)).ok());
  REQUIRE(space.put("/folder/moved", "x").ok());
  CHECK(shown("/folder/moved") == "");
  CHECK(store.findings() == "");
}

TEST_CASE_FIXTURE(PropertiesFixture,
                  "properties: are part of the past, and of what a rewind brings back") {
  REQUIRE(space.set_properties("/file", {{"a", "1"}, {"tag:then", ""}}).ok());
  const EntryNumber then = space.info()->entry;
  REQUIRE(space.set_properties("/file", {{"a", "2"}, {"b", "1"}, {"tag:then", std::nullopt}}).ok());
  const Space past = space.at({.entry = then}).value();
  CHECK(shown(past, "/file") == "a=1 tag:then= ");
  CHECK(past.tagged("then")->items.size() == 1);
  CHECK(space.tagged("then")->items.empty());
  CHECK(past.set_properties("/file", {{"a", "3"}}).code() == Code::unsupported);
  REQUIRE(space.rewind({.entry = then}).ok());
  CHECK(shown() == "a=1 tag:then= ");
  CHECK(tagged("then") == std::vector<NodeId>{file});
  REQUIRE(space.rewind({.entry = then + 1}).ok());
  CHECK(shown() == "a=2 b=1 ");
  CHECK(tagged("then").empty());
  CHECK(store.findings() == "");
}

TEST_CASE_FIXTURE(PropertiesFixture,
                  "tags: are added, removed, and found without the tags that they begin") {
  const NodeId other = space.make_folder("/other").value().node;
  const Written added = space.add_tags("/file", {"german", "2026", "german"}).value();
  CHECK(added.entry != 0);
  CHECK(space.add_tags("/file", {"german"})->entry == 0);
  REQUIRE(space.add_tags("/other", {"german", "germany"}).ok());
  CHECK(shown() == "tag:2026= tag:german= ");
  CHECK(tagged("german") == std::vector<NodeId>{file, other});
  CHECK(tagged("germany") == std::vector<NodeId>{other});
  CHECK(tagged("germ").empty());
  CHECK(space.tagged("german")->items[0].name == "file");
  CHECK(space.remove_tags("/file", {"german", "none"})->entry != 0);
  CHECK(space.remove_tags("/file", {"german"})->entry == 0);
  CHECK(tagged("german") == std::vector<NodeId>{other});
  // As it was given: another normal form is another tag.
  REQUIRE(space.add_tags("/file", {"\xc3\xa9"}).ok());
  CHECK(tagged("e\xcc\x81").empty());
  CHECK(store.findings() == "");
}

TEST_CASE_FIXTURE(PropertiesFixture, "tagged: comes in pages that go on in another process") {
  std::vector<NodeId> expected;
  for (int i = 0; i < 10; ++i) {
    const std::string path = "/" + std::to_string(i);
    expected.push_back(space.put(path, "x").value().node);
    REQUIRE(space.add_tags(path, {"all"}).ok());
  }
  for (const std::size_t count : {1u, 3u, 10u, 11u}) CHECK(tagged("all", count) == expected);
  const std::string after = space.tagged("all", {.count_max = 4})->next;
  store.reopen();
  space = store.space("properties");
  REQUIRE(space.remove("/5").ok());
  const Page page = space.tagged("all", {.after = after}).value();
  REQUIRE(page.items.size() == 5);
  CHECK(page.items[0].id == expected[4]);
  CHECK(page.items[1].id == expected[6]);
  CHECK(space.tagged("other", {.after = after}).code() == Code::invalid_argument);
  CHECK(space.tagged("all", {.after = "rubbish"}).code() == Code::invalid_argument);
  CHECK(space.tagged("all", {.count_max = 0}).code() == Code::invalid_argument);
  CHECK(space.tagged("all", {.count_max = kPageMax + 1}).code() == Code::invalid_argument);
}

}  // namespace
}  // namespace spind::test
