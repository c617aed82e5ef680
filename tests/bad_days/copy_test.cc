// What may be asked to be copied, and is refused or ended.
#include <doctest/doctest.h>

#include "support/store/test_store.h"

namespace spind::test {
namespace {

std::string tree(const Space& space) {
  std::string text;
  Walk walk = space.walk("/").value();
  while (const auto item = walk.next().value())
    text += item->path + ":" + std::to_string(item->node.id) + " ";
  return text;
}

}  // namespace

TEST_CASE("bad day: a copy over itself or over what it lies in, or to nowhere, is refused") {
  TestStore store(MetadataEngine::memory);
  const Space space = store.make_space("copy");
  REQUIRE(space.put("/folder/sub/file", "1", {.make_parents = true}).ok());
  const std::string before = tree(space);
  const CopyOptions replace{.on_conflict = OnConflict::replace};
  for (const char* to : {"/folder/sub", "/folder", "/"})
    CHECK(space.copy("/folder/sub", to, replace).code() == Code::conflict);
  CHECK(space.copy("/folder", "/folder/sub").code() == Code::already_exists);
  CHECK(space.copy("/folder", "/none/copy").code() == Code::not_found);
  CHECK(space.copy("/folder", "/folder/sub/file/copy").code() == Code::not_a_folder);
  CHECK(space.copy("/none", "/copy").code() == Code::not_found);
  CHECK(space.copy("/folder", "/a//b").code() == Code::invalid_argument);
  CHECK(space.copy("/folder", "/" + std::string(256, 'x')).code() == Code::name_too_long);
  CHECK(tree(space) == before);
  CHECK(store.findings() == "");
}

TEST_CASE("bad day: a copy from another store is refused") {
  TestStore store(MetadataEngine::memory), second(MetadataEngine::memory);
  const Space space = store.make_space("copy"), source = second.make_space("second");
  REQUIRE(source.put("/file", "1").ok());
  CHECK(space.copy_from(source, "/file", "/file").code() == Code::unsupported);
  CHECK(space.copy_from(source, "/", "/all").code() == Code::unsupported);
  CHECK(space.info().value().entry == 1);
}

TEST_CASE("bad day: a copy that was cancelled, or whose time is over, leaves nothing") {
  TestStore store(MetadataEngine::memory);
  const Space space = store.make_space("copy");
  REQUIRE(space.put("/folder/file", "1", {.make_parents = true}).ok());
  const std::string before = tree(space);
  CancelToken token;
  const Session session = store.store().session({.user = "ada", .cancel = token}).value();
  CopyOptions options;
  options.progress = [&](const Progress& progress) { return progress.done == 0; };
  CHECK(space.copy("/folder", "/copy", options).code() == Code::cancelled);
  options.progress = [&](const Progress& progress) {
    if (progress.done > 0) token.cancel();
    return true;
  };
  CHECK(session.space(space.id())->copy("/folder", "/copy", options).code() == Code::cancelled);
  CHECK(tree(space) == before);
  CHECK(space.trash()->items.empty());
  CHECK(store.findings() == "");
}

TEST_CASE("bad day: a space that is rewound under a copy ends it, and the copy leaves nothing") {
  TestStore store(MetadataEngine::memory);
  const Space space = store.make_space("copy");
  REQUIRE(space.put("/folder/file", "1", {.make_parents = true}).ok());
  const EntryNumber then = space.info()->entry;
  REQUIRE(space.put("/later", "2").ok());
  CopyOptions options;
  options.progress = [&](const Progress& progress) {
    if (progress.done > 0) REQUIRE(space.rewind({.entry = then}).ok());
    return true;
  };
  CHECK(space.copy("/folder", "/copy", options).code() == Code::aborted);
  CHECK(space.stat("/copy").code() == Code::not_found);
  REQUIRE(space.copy("/folder", "/copy").ok());
  CHECK(store.findings() == "");
}

}  // namespace spind::test
