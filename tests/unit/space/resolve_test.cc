#include "space/resolve.h"

#include <doctest/doctest.h>

#include <map>

#include "base/limits.h"

namespace spind::space {
namespace {

// A tree in a map: id → (parent, name, kind).
class FakeTree final : public NodeSource {
 public:
  FakeTree() { add(kRootNode, 0, "", NodeKind::folder); }
  void add(NodeId id, NodeId parent, const std::string& name, NodeKind kind) {
    auto node = std::make_shared<model::NodeRecord>();
    node->id = id;
    node->kind = kind;
    by_name_[{parent, name}] = node;
    locators_[id] = {parent, name, {}};
  }
  void set_locator(NodeId id, model::Locator locator) { locators_[id] = std::move(locator); }

  const SpaceId& space() const override { return space_; }
  Result<NodeRef> child(NodeId parent, std::string_view name) override {
    const auto found = by_name_.find({parent, std::string(name)});
    return found == by_name_.end() ? NodeRef{} : found->second;
  }
  Result<model::Locator> locate(NodeId node) override {
    const auto found = locators_.find(node);
    if (found == locators_.end()) return Error{.code = Code::not_found, .text = "no such node"};
    return found->second;
  }
  Result<std::optional<model::TrashRecord>> trashed(const model::AttachmentId&) override {
    return std::optional<model::TrashRecord>{};
  }
  Result<std::optional<model::TrashRecord>> purged(const model::AttachmentId&) override {
    return std::optional<model::TrashRecord>{};
  }

 private:
  SpaceId space_;
  std::map<std::pair<NodeId, std::string>, NodeRef> by_name_;
  std::map<NodeId, model::Locator> locators_;
};

struct Fixture {
  Fixture() {
    tree.add(2, 1, "a", NodeKind::folder);
    tree.add(3, 2, "b", NodeKind::folder);
    tree.add(4, 3, "f", NodeKind::file);
  }
  FakeTree tree;
};

TEST_CASE_FIXTURE(Fixture, "resolve: a path, an id, and an id with a path lead to the same node") {
  for (const Ref& ref :
       {Ref("/a/b/f"), Ref("a/b/f"), Ref::node(4), Ref::below(2, "b/f"), Ref::below(3, "/f")}) {
    CAPTURE(ref.to_string());
    const auto at = resolve(tree, ref);
    REQUIRE(at.ok());
    REQUIRE(at->exists());
    CHECK(at->place.node->id == 4);
    CHECK(at->place.parent == 3);
    CHECK(at->place.name == "f");
    CHECK(at->way == std::vector<NodeId>{1, 2, 3});
  }
}

TEST_CASE_FIXTURE(Fixture, "resolve: the root has no parent, no name and an empty way") {
  for (const Ref& ref : {Ref("/"), Ref(""), Ref::node(kRootNode)}) {
    const auto at = resolve(tree, ref);
    REQUIRE(at.ok());
    CHECK(at->place.node->id == kRootNode);
    CHECK(at->place.parent == 0);
    CHECK(at->way.empty());
  }
}

TEST_CASE_FIXTURE(Fixture, "resolve: the last name may be missing, a folder before it may not") {
  const auto last = resolve(tree, "/a/b/new");
  REQUIRE(last.ok());
  CHECK(!last->exists());
  CHECK(last->way == std::vector<NodeId>{1, 2, 3});
  CHECK(last->place.name == "new");
  CHECK(resolve(tree, "/a/x/new").code() == Code::not_found);
  CHECK(resolve(tree, "/a/b/f/new").code() == Code::not_a_folder);
  CHECK(resolve(tree, Ref::node(99)).code() == Code::not_found);
}

TEST_CASE_FIXTURE(Fixture, "resolve: missing folders are listed in order for those who make them") {
  std::vector<std::string> missing;
  const auto at = resolve_with_missing(tree, "/a/x/y/new", &missing);
  REQUIRE(at.ok());
  CHECK(missing == std::vector<std::string>{"x", "y"});
  CHECK(at->place.parent == 2);
  CHECK(at->place.name == "new");
}

TEST_CASE_FIXTURE(Fixture, "resolve: what lies in the trash is not found, by whatever id") {
  tree.set_locator(3, {0, "", {17, 0}});
  CHECK(resolve(tree, Ref::node(3)).code() == Code::not_found);
  CHECK(resolve(tree, Ref::node(4)).code() == Code::not_found);
  CHECK(resolve(tree, Ref::below(3, "f")).code() == Code::not_found);
}

TEST_CASE_FIXTURE(Fixture, "resolve: locators in a circle end at a limit, not in an endless loop") {
  tree.set_locator(2, {3, "a", {}});
  CHECK(resolve(tree, Ref::node(4)).code() == Code::limit_exceeded);
}

TEST_CASE("names: every rule") {
  CHECK(check_name("essay.odt").ok());
  CHECK(check_name(std::string(kNameBytesMax, 'x')).ok());
  CHECK(check_name("\xc3\xa4").ok());
  for (const std::string& name :
       {std::string(), std::string("."), std::string(".."), std::string("a/b"),
        std::string("a\0b", 3), std::string("\x1f"), std::string("\x7f"), std::string("\xc2\x9b"),
        std::string("\xc3"), std::string("\xff")}) {
    CAPTURE(name);
    CHECK(check_name(name).code() == Code::invalid_argument);
  }
  CHECK(check_name(std::string(kNameBytesMax + 1, 'x')).code() == Code::name_too_long);
}

TEST_CASE("paths: limits bind, and empty parts are refused") {
  CHECK(split_path("/a//b").code() == Code::invalid_argument);
  CHECK(split_path("/a/b/").code() == Code::invalid_argument);
  CHECK(split_path("//").code() == Code::invalid_argument);
  CHECK(split_path(std::string(kPathBytesMax + 1, 'x')).code() == Code::name_too_long);
  std::string deep;
  for (std::size_t i = 0; i <= kDepthMax; ++i) deep += "/d";
  CHECK(split_path(deep).code() == Code::limit_exceeded);
  CHECK(split_path(deep.substr(2))->size() == kDepthMax);
}

}  // namespace
}  // namespace spind::space
