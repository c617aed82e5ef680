// Every verb takes every form of reference.
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>

#include "bad_days/all_verbs.h"
#include "base/try.h"
#include "support/store/test_store.h"

namespace spind::test {
namespace {

enum class Form { path, id, id_and_path };

struct Tree {
  Space space;
  NodeId folder = 0, file = 0;
};

Tree make_tree(TestStore& store, const std::string& alias) {
  Tree tree{.space = store.make_space(alias)};
  tree.folder = tree.space.make_folder("/folder").value().node;
  tree.file = tree.space.put("/folder/file", "first").value().node;
  REQUIRE(tree.space.put("/folder/file", "second").ok());
  return tree;
}

Ref reference(const Tree& tree, Form form, bool folder) {
  switch (form) {
    case Form::path: return folder ? "/folder" : "/folder/file";
    case Form::id: return Ref::node(folder ? tree.folder : tree.file);
    default: return folder ? Ref::below(kRootNode, "folder") : Ref::below(tree.folder, "file");
  }
}

// A verb that is no Request; `other` is another space with the same tree in it.
struct OtherVerb {
  const char* name;
  bool of_folder;
  Result<Written> (*run)(const Space& space, const Space& other, const Ref& ref);
};

const std::string& local_file() {
  static const TemporaryFolder folder;
  static const std::string path = [] {
    std::string made = folder / "local";
    std::ofstream(made) << "local";
    return made;
  }();
  return path;
}

constexpr OtherVerb kOtherVerbs[] = {
    {"set_favourite", false,
     [](const Space& space, const Space&, const Ref& ref) -> Result<Written> {
       SPIND_TRY(space.set_favourite(ref, true));
       return Written{};
     }},
    {"add_tags", false,
     [](const Space& space, const Space&, const Ref& ref) { return space.add_tags(ref, {"new"}); }},
    {"remove_tags", false,
     [](const Space& space, const Space&, const Ref& ref) {
       return space.remove_tags(ref, {"old"});
     }},
    {"put_stream", false,
     [](const Space& space, const Space&, const Ref& ref) {
       std::string_view left = "stream";
       return space.put_stream(ref, [&](std::span<std::uint8_t> out) -> Result<std::size_t> {
         const std::size_t count = std::min(out.size(), left.size());
         std::copy_n(left.begin(), count, out.begin());
         left.remove_prefix(count);
         return count;
       });
     }},
    {"put_local_file", false,
     [](const Space& space, const Space&, const Ref& ref) {
       return space.put_local_file(ref, local_file());
     }},
    {"copy_from, the source", false,
     [](const Space& space, const Space& other, const Ref& ref) {
       return other.copy_from(space, ref, "/copy");
     }},
    {"copy_from, the source, a folder", true,
     [](const Space& space, const Space& other, const Ref& ref) {
       return other.copy_from(space, ref, "/copy");
     }},
    {"copy_from, the target", false,
     [](const Space& space, const Space& other, const Ref& ref) {
       return space.copy_from(other, "/folder/file", ref, {.on_conflict = OnConflict::replace});
     }},
};

// All that the verbs above may change.
std::string state_of(TestStore& store, const Space& space) {
  std::string state;
  for (const Walk::Item& item : run(space, {.verb = Verb::walk}).items) {
    const Ref ref = Ref::node(item.node.id);
    state += item.path + ":" + std::to_string(item.node.id) + ":" +
             std::to_string(item.node.version) + " ";
    if (item.node.kind == NodeKind::file) state += space.get(ref).value() + " ";
    for (const Property& one : space.properties(ref).value()) state += one.key + " ";
  }
  for (const TrashItem& item : space.trash().value().items)
    state += "trash " + std::to_string(item.node.id) + " ";
  for (const Favourite& one : store.session().favourites().value().items)
    if (one.space == space.id()) state += "favourite " + std::to_string(one.node.id) + " ";
  return state;
}

}  // namespace

TEST_CASE("verbs: each takes a path, an id, and an id with a path below it, to the same effect") {
  TestStore store(MetadataEngine::memory);
  int number = 0;
  for (std::size_t i = 0; i < kVerbCount; ++i) {
    const auto verb = static_cast<Verb>(i);
    CAPTURE(verb_name(verb));
    if (verb == Verb::restore || verb == Verb::purge) continue;  // what is removed has no path
    std::vector<std::string> states;
    for (const Form form : {Form::path, Form::id, Form::id_and_path}) {
      const Tree tree = make_tree(store, "references " + std::to_string(++number));
      Request request{.verb = verb,
                      .ref = reference(tree, form, verb == Verb::list || verb == Verb::walk),
                      .to = Ref::below(tree.folder, "moved"),
                      .size_bytes = 50};
      request.mtime_ns = 77;
      request.mark.pinned = true;
      request.properties = {{"colour", "blue"}, {"tag:draft", ""}};
      if (verb == Verb::make_folder) {
        request.ref = reference(tree, form, true);
        request.exist_ok = true;
      }
      const Answer answer = run(tree.space, request);
      CHECK(answer.code == Code::ok);
      std::string state = answer.bytes + " " + std::to_string(answer.written.node) + " " +
                          std::to_string(answer.written.entry) + " " +
                          std::to_string(answer.node.id);
      const Request ask{.verb = Verb::properties, .ref = Ref::node(tree.file)};
      for (const Property& one : run(tree.space, ask).properties)
        state += " " + one.key + "=" + one.value;
      for (const Walk::Item& item : answer.items) state += " " + item.node.name;
      for (const Walk::Item& item : run(tree.space, {.verb = Verb::walk}).items)
        state += " " + item.path + ":" + std::to_string(item.node.version);
      states.push_back(state);
    }
    CHECK(states[1] == states[0]);
    CHECK(states[2] == states[0]);
  }
}

TEST_CASE("verbs: streams, tags, favourites and copies between spaces take each form as well") {
  TestStore store(MetadataEngine::memory);
  int number = 0;
  for (const OtherVerb& verb : kOtherVerbs) {
    CAPTURE(verb.name);
    std::vector<std::string> states;
    for (const Form form : {Form::path, Form::id, Form::id_and_path}) {
      const Tree tree = make_tree(store, "tree " + std::to_string(++number));
      const Tree other = make_tree(store, "other " + std::to_string(number));
      REQUIRE(tree.space.add_tags(Ref::node(tree.file), {"old"}).ok());
      const std::string before = state_of(store, tree.space) + state_of(store, other.space);
      const Result<Written> written =
          verb.run(tree.space, other.space, reference(tree, form, verb.of_folder));
      REQUIRE(written.ok());
      const std::string state = state_of(store, tree.space) + state_of(store, other.space);
      CHECK(state != before);
      states.push_back(std::to_string(written->node) + " " + std::to_string(written->entry) + " " +
                       state);
    }
    CHECK(states[1] == states[0]);
    CHECK(states[2] == states[0]);
  }
}

TEST_CASE("verbs: what is in the trash is named by its id, and what lies below it by a path too") {
  TestStore store(MetadataEngine::memory);
  for (const bool by_path : {false, true}) {
    const Tree tree = make_tree(store, by_path ? "by path" : "by id");
    REQUIRE(tree.space.remove(Ref::node(tree.folder)).ok());
    CHECK(tree.space.restore("/folder").code() == Code::not_found);
    CHECK(tree.space.purge("/folder").code() == Code::not_found);
    const Ref file = by_path ? Ref::below(tree.folder, "file") : Ref::node(tree.file);
    CHECK(tree.space.restore(file, {.to = "/file"})->node == tree.file);
    CHECK(*tree.space.get("/file", {.version = 1}) == "first");
    CHECK(tree.space.purge(Ref::node(tree.folder)).ok());
    CHECK(tree.space.restore(Ref::node(tree.folder)).code() == Code::not_found);
  }
}

TEST_CASE("verbs: the target of an upload is named as that of a put") {
  TestStore store(MetadataEngine::memory);
  const Tree tree = make_tree(store, "uploads");
  for (const Form form : {Form::path, Form::id, Form::id_and_path}) {
    const UploadInfo upload = tree.space.start_upload(reference(tree, form, false), 3).value();
    REQUIRE(tree.space.append_upload(upload.id, 0, "new").ok());
    CHECK(upload.target.to_string() == reference(tree, form, false).to_string());
    CHECK(tree.space.finish_upload(upload.id)->node == tree.file);
  }
  CHECK(*tree.space.get("/folder/file") == "new");
  CHECK(tree.space.start_upload(Ref::node(99), 3).code() == Code::not_found);
  CHECK(tree.space.start_upload(Ref::below(tree.folder, "none/file"), 3).code() == Code::not_found);
}

TEST_CASE("verbs: a new node is named by its folder's id and a name") {
  TestStore store(MetadataEngine::memory);
  const Tree tree = make_tree(store, "new");
  CHECK(tree.space.put(Ref::below(tree.folder, "one"), "1").ok());
  CHECK(tree.space.make_folder(Ref::below(tree.folder, "two/three"), {.make_parents = true}).ok());
  Writer writer = tree.space.writer(Ref::below(tree.folder, "four")).value();
  REQUIRE(writer.write("4").ok());
  REQUIRE(writer.commit().ok());
  CHECK(tree.space.move(Ref::node(tree.file), Ref::below(tree.folder, "two/five")).ok());
  CHECK(*tree.space.get("/folder/two/five") == "second");
  CHECK(*tree.space.get("/folder/one") == "1");
  CHECK(*tree.space.get("/folder/four") == "4");
}

}  // namespace spind::test
