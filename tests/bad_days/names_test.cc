// Names and paths that nobody may use, in every verb and every form of reference.
#include <doctest/doctest.h>

#include "bad_days/all_verbs.h"
#include "base/limits.h"
#include "support/store/test_store.h"

namespace spind::test {
namespace {

struct BadName {
  const char* what;
  std::string name;
  Code code;
};

const std::vector<BadName>& bad_names() {
  using namespace std::string_literals;
  static const std::vector<BadName> names = {
      {"an empty part", "a//b"s, Code::invalid_argument},
      {"a slash at the end", "a/"s, Code::invalid_argument},
      {"dot", "."s, Code::invalid_argument},
      {"dot dot", ".."s, Code::invalid_argument},
      {"dot dot in the middle", "a/../b"s, Code::invalid_argument},
      {"NUL", "a\0b"s, Code::invalid_argument},
      {"a line end", "a\nb"s, Code::invalid_argument},
      {"a control character", "\x01"s, Code::invalid_argument},
      {"delete", "\x7f"s, Code::invalid_argument},
      {"256 bytes", std::string(256, 'x'), Code::name_too_long},
      {"a lone continuation byte", "\x80"s, Code::invalid_argument},
      {"a cut sequence", "\xc3"s, Code::invalid_argument},
      {"an overlong form", "\xc0\xaf"s, Code::invalid_argument},
      {"a surrogate", "\xed\xa0\x80"s, Code::invalid_argument},
      {"above Unicode", "\xf4\x90\x80\x80"s, Code::invalid_argument},
  };
  return names;
}

}  // namespace

TEST_CASE("bad day: names that are no names are refused by every verb") {
  TestStore store(MetadataEngine::memory);
  const Space space = store.make_space("names");
  const EntryNumber before = space.info()->entry;
  for (const BadName& bad : bad_names()) {
    CAPTURE(bad.what);
    for (const Ref& ref : {Ref("/" + bad.name), Ref::below(kRootNode, bad.name)})
      for (const Request& request : all_verbs(ref)) {
        CAPTURE(verb_name(request.verb));
        const Answer answer = run(space, request);
        // Beside the name, what is there need not be looked at.
        CHECK(answer.code == bad.code);
      }
  }
  CHECK(space.info()->entry == before);
  CHECK(run(space, {.verb = Verb::list}).items.empty());
}

TEST_CASE("bad day: the target of a move has the same rules as any name") {
  TestStore store(MetadataEngine::memory);
  const Space space = store.make_space("names");
  REQUIRE(space.put("/file", "x").ok());
  for (const BadName& bad : bad_names()) {
    CAPTURE(bad.what);
    CHECK(space.move("/file", "/" + bad.name).code() == bad.code);
  }
  CHECK(space.stat("/file").ok());
}

TEST_CASE("bad day: names at their limit, of every script and form, come back as they went in") {
  TestStore store(MetadataEngine::memory);
  const Space space = store.make_space("names");
  const std::vector<std::string> names = {std::string(255, 'x'),
                                          "...",
                                          " ",
                                          "-",
                                          "~",
                                          "\\",
                                          "a:b",
                                          "\xc3\xa9",
                                          "e\xcc\x81",
                                          "CON",
                                          "\xf0\x9f\x98\x80",
                                          "name.with.dots.",
                                          "\xe2\x80\xae"
                                          "reversed"};
  for (const std::string& name : names) REQUIRE(space.put("/" + name, name).ok());
  for (const std::string& name : names) {
    CAPTURE(name);
    CHECK(space.stat("/" + name)->name == name);
    CHECK(*space.get("/" + name) == name);
  }
  CHECK(space.list("/")->items.size() == names.size());
}

TEST_CASE("bad day: a path that is too long or too deep is refused with its limit") {
  TestStore store(MetadataEngine::memory);
  const Space space = store.make_space("names");
  std::string deep, deepest;
  for (int i = 0; i < 100'000; ++i) deep += "/d";
  for (std::size_t i = 0; i < kDepthMax + 1; ++i) deepest += "/d";
  const std::string at_limit = deepest.substr(2);
  for (const Request& request : all_verbs(deep)) {
    CAPTURE(verb_name(request.verb));
    CHECK(run(space, request).code == Code::name_too_long);
  }
  for (const Request& request : all_verbs(deepest)) {
    CAPTURE(verb_name(request.verb));
    CHECK(run(space, request).code == Code::limit_exceeded);
  }
  const Result<NodeInfo> long_one = space.stat("/" + std::string(kPathBytesMax, 'x'));
  REQUIRE(long_one.code() == Code::name_too_long);
  CHECK(long_one.error().limit.has_value());
  CHECK(space.make_folder(at_limit, {.make_parents = true}).ok());
  CHECK(space.stat(at_limit).ok());
}

TEST_CASE("bad day: a tree deeper than a path may be stays reachable by id") {
  TestStore store(MetadataEngine::memory);
  const Space space = store.make_space("deep");
  // A chain at the limit, hung below a second one.
  std::string chain;
  for (std::size_t i = 0; i < kDepthMax; ++i) chain += "/d";
  const NodeId upper = space.make_folder(chain, {.make_parents = true})->node;
  const std::string other = "/o" + chain.substr(2);
  const NodeId lower = space.make_folder(other, {.make_parents = true})->node;
  REQUIRE(space.put(Ref::below(lower, "file"), "deep down").ok());
  REQUIRE(space.move("/o", Ref::below(upper, "o")).ok());

  CHECK(*space.get(Ref::below(lower, "file")) == "deep down");
  CHECK(space.stat(Ref::node(lower)).ok());
  const Answer walked = run(space, {.verb = Verb::walk});
  CHECK(walked.code == Code::ok);
  CHECK(walked.items.size() == 2 * kDepthMax + 2);
  CHECK(space.move(Ref::below(lower, "file"), "/up").ok());
  CHECK(*space.get("/up") == "deep down");
  CHECK(space.remove(Ref::node(lower)).ok());
  CHECK(space.remove("/d").ok());
  CHECK(space.info()->totals.folders == 0);
  CHECK(store.findings() == "");
}

TEST_CASE("bad day: names that differ only by case or normal form collide where a space says so") {
  TestStore store(MetadataEngine::memory);
  const Space space = store.make_space("folded", NameRule::folded);
  REQUIRE(space.put("/R\xc3\xa9sum\xc3\xa9", "x").ok());
  for (const char* twin :
       {"/r\xc3\xa9sum\xc3\xa9", "/Re\xcc\x81sume\xcc\x81", "/R\xc3\x89SUM\xc3\x89"}) {
    CAPTURE(twin);
    CHECK(space.put(twin, "y").code() == Code::already_exists);
    CHECK(space.make_folder(twin).code() == Code::already_exists);
    CHECK(space.stat(twin).code() == Code::not_found);
  }
  CHECK(space.move("/R\xc3\xa9sum\xc3\xa9", "/r\xc3\xa9sum\xc3\xa9").ok());
  CHECK(space.put("/R\xc3\xa9sum\xc3\xa9", "x").code() == Code::already_exists);
  CHECK(store.findings() == "");
}

}  // namespace spind::test
