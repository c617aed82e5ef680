// The public classes over a store in memory: what is particular to them, beside the verbs.
#include "spind/store.h"

#include <doctest/doctest.h>

#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "support/harness.h"

namespace spind {
namespace {

Store open_in_memory() { return Store::open("", {.metadata = MetadataEngine::memory}).value(); }

struct Fixture {
  Store store = open_in_memory();
  Session ada = store.session({.user = "ada"}).value();
  Space space = ada.create_space({.alias = "ada"}).value();
  test::TemporaryFolder folder;

  std::string local(std::string_view name, std::string_view content) {
    const std::string path = folder / name;
    std::ofstream(path) << content;
    return path;
  }
};

std::string whole_error(const Error& error) { return error.to_string(); }

TEST_CASE_FIXTURE(Fixture, "put_stream: stores what the source gives, until it gives nothing") {
  int parts = 3;
  const auto source = [&parts](std::span<std::uint8_t> out) -> Result<std::size_t> {
    if (parts-- == 0) return std::size_t{0};
    std::fill_n(out.begin(), 20'000, std::uint8_t('x'));
    return std::size_t{20'000};
  };
  const auto written = space.put_stream("/streamed", source);
  REQUIRE(written.ok());
  CHECK(written->size_bytes == 60'000);
  CHECK(space.get("/streamed").value() == std::string(60'000, 'x'));
}

TEST_CASE_FIXTURE(Fixture, "put_stream: an error of the source is the answer, and nothing is put") {
  const auto broken = [](std::span<std::uint8_t>) -> Result<std::size_t> {
    return Error{.code = Code::io_error, .text = "the line went dead"};
  };
  CHECK(space.put_stream("/streamed", broken).code() == Code::io_error);
  const auto too_much = [](std::span<std::uint8_t> out) -> Result<std::size_t> {
    return out.size() + 1;
  };
  CHECK(space.put_stream("/streamed", too_much).code() == Code::invalid_argument);
  CHECK(space.stat("/streamed").code() == Code::not_found);
}

TEST_CASE_FIXTURE(Fixture, "put_local_file: takes content and mtime of a regular file") {
  const std::string path = local("essay.txt", "essay");
  const auto written = space.put_local_file("/essay.txt", path);
  REQUIRE(written.ok());
  CHECK(space.get("/essay.txt").value() == "essay");
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK(space.stat("/essay.txt")->mtime_ns ==
        status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec);
}

TEST_CASE_FIXTURE(Fixture, "put_local_file: refuses links, folders, pipes and what is not there") {
  const std::string path = local("essay.txt", "essay");
  std::filesystem::create_symlink(path, folder.path() / "link");
  REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  CHECK(space.put_local_file("/x", folder / "link").code() == Code::invalid_argument);
  CHECK(space.put_local_file("/x", folder.path().string()).code() == Code::invalid_argument);
  CHECK(space.put_local_file("/x", folder / "pipe").code() == Code::invalid_argument);
  CHECK(space.put_local_file("/x", folder / "missing").code() == Code::not_found);
  CHECK(space.stat("/x").code() == Code::not_found);
}

TEST_CASE_FIXTURE(Fixture, "a stranger is told of a space what is told of none, to the letter") {
  const Session eve = store.session({.user = "eve"}).value();
  const Session other = store.session({.user = "ada", .tenant = "other"}).value();
  const SpaceId none = SpaceId::parse("01932c4e-7d2a-7000-8000-0123456789ab").value();
  for (const Session& stranger : {eve, other}) {
    std::string of_none = whole_error(stranger.space(none).error());
    const std::size_t at = of_none.find(none.to_string());
    REQUIRE(at != std::string::npos);
    of_none.replace(at, none.to_string().size(), space.id().to_string());
    CHECK(whole_error(stranger.space(space.id()).error()) == of_none);
    CHECK(stranger.space_by_alias("ada").code() == Code::not_found);
    CHECK(stranger.list_spaces()->items.empty());
  }
}

TEST_CASE_FIXTURE(Fixture, "a request id remembers also that there was nothing to do") {
  const FolderOptions once{.exist_ok = true, .request_id = "once"};
  const auto made = space.make_folder("/folder");
  const auto first = space.make_folder("/folder", once);
  REQUIRE(first.ok());
  CHECK(first->entry == 0);
  CHECK(space.info()->visible < space.info()->entry);  // nobody else need hear of it
  CHECK(space.remove("/folder").ok());
  const auto repeat = space.make_folder("/folder", once);
  REQUIRE(repeat.ok());
  CHECK(repeat->repeated);
  CHECK(repeat->node == made->node);
  CHECK(repeat->entry == 0);
  CHECK(space.stat("/folder").code() == Code::not_found);
}

TEST_CASE_FIXTURE(Fixture, "a request id that was used for another verb is a conflict") {
  CHECK(space.make_folder("/folder", {.request_id = "r"}).ok());
  CHECK(space.remove("/folder", {.request_id = "r"}).code() == Code::conflict);
  CHECK(space.stat("/folder").ok());
}

TEST_CASE_FIXTURE(Fixture, "a reader of an earlier version has that version's ETag") {
  space.put("/file", "first").value();
  const std::string first = space.stat("/file")->etag();
  space.put("/file", "second").value();
  CHECK(space.reader("/file", {.version = 1})->info().etag() == first);
  CHECK(space.reader("/file")->info().etag() != first);
}

TEST_CASE_FIXTURE(Fixture, "If-None-Match compares weakly, If-Match does not") {
  space.put("/file", "first").value();
  const std::string etag = space.stat("/file")->etag();
  CHECK(space.put("/file", "x", {.conditions = {.if_none_match = "W/" + etag}}).code() ==
        Code::precondition_failed);
  CHECK(space.put("/file", "x", {.conditions = {.if_match = "W/" + etag}}).code() ==
        Code::precondition_failed);
  CHECK(space.put("/file", "x", {.conditions = {.if_match = "\"other\",\t" + etag}}).ok());
}

TEST_CASE_FIXTURE(Fixture, "a timeout out of reach is none, and one in the past is over at once") {
  const auto space_of = [&](std::chrono::milliseconds timeout) {
    return store.session({.user = "ada", .timeout = timeout}).value().space_by_alias("ada");
  };
  CHECK(space_of(std::chrono::milliseconds::max()).ok());
  CHECK(space_of(std::chrono::milliseconds(-1)).code() == Code::deadline_exceeded);
  CHECK(space_of(std::chrono::milliseconds::min()).code() == Code::deadline_exceeded);
}

TEST_CASE_FIXTURE(Fixture, "a deferred session can use at once the space that it made") {
  const Session deferred = store.session({.user = "ada", .deferred = true}).value();
  const Space made = deferred.create_space({}).value();
  REQUIRE(made.put("/large", std::string(100'000, 'x')).ok());
  CHECK(deferred.wait().ok());
  CHECK(made.get("/large").value() == std::string(100'000, 'x'));
}

TEST_CASE_FIXTURE(Fixture,
                  "after close every object answers unavailable, and may be destroyed late") {
  Reader reader = [&] {
    space.put("/file", std::string(50'000, 'x')).value();
    return space.reader("/file").value();
  }();
  Writer writer = space.writer("/other").value();
  REQUIRE(writer.write("bytes").ok());
  Walk walk = space.walk("/").value();
  CHECK(store.close().ok());
  std::vector<std::uint8_t> buffer(10);
  CHECK(reader.read(buffer).code() == Code::unavailable);
  CHECK(writer.write("more").code() == Code::unavailable);
  CHECK(writer.commit().code() == Code::unavailable);
  CHECK(walk.next().code() == Code::unavailable);
  CHECK(space.stat("/").code() == Code::unavailable);
  CHECK(ada.list_spaces().code() == Code::unavailable);
  CHECK(store.check().code() == Code::unavailable);
  CHECK(store.metrics().empty());
}

TEST_CASE_FIXTURE(Fixture, "metrics: every verb has its histogram, and what happened is counted") {
  space.put("/file", "x").value();
  CHECK(space.stat("/missing").code() == Code::not_found);
  const std::string text = store.metrics();
  CHECK(text.find("spind_verb_seconds_count{verb=\"put\"} 1\n") != std::string::npos);
  CHECK(text.find("spind_verb_errors_total{verb=\"stat\"} 1\n") != std::string::npos);
  CHECK(text.find("spind_store_poisoned 0\n") != std::string::npos);
  CHECK(text.find("spind_sync_group_size_count") != std::string::npos);
  CHECK(text.find("spind_memory_bytes{part=\"metadata\"}") != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "nobody need hear that a change is durable") {
  const Session deferred = store.session({.user = "ada", .deferred = true}).value();
  const Written written = deferred.create_space({}).value().put("/file", "bytes").value();
  deferred.on_durable(written.ticket, nullptr);
  CHECK(deferred.wait().ok());
}

TEST_CASE("a store may close while a deferred session changes it") {
  const std::uint64_t rounds = test::scaled(50, 200, 2000);
  for (std::uint64_t round = 0; round < rounds; ++round) {
    Store store = open_in_memory();
    const Session ada = store.session({.user = "ada", .deferred = true}).value();
    const Space space = ada.create_space({}).value();
    std::atomic<int> made{0}, refused{0};
    std::vector<std::thread> makers;
    for (int maker = 0; maker < 8; ++maker)
      makers.emplace_back([&, maker] {
        for (int i = 0;; ++i) {
          const auto folder = space.make_folder("/" + std::to_string(maker * 100'000 + i));
          if (folder.ok()) {
            ++made;
            continue;
          }
          if (folder.code() == Code::unavailable) ++refused;
          return;
        }
      });
    while (made < 20) std::this_thread::yield();
    CHECK(store.close().ok());
    for (std::thread& maker : makers) maker.join();
    CHECK(refused == 8);
  }
}

TEST_CASE("a store stays where it was opened when the host goes to another folder") {
  const std::filesystem::path before = std::filesystem::current_path();
  const test::TemporaryFolder home, elsewhere;
  const std::string large(300'000, 'l');
  {
    std::filesystem::current_path(home.path());
    Store store = Store::open("store", {.create = true}).value();
    const Session ada = store.session({.user = "ada"}).value();
    const Space space = ada.create_space({.alias = "ada"}).value();
    std::filesystem::current_path(elsewhere.path());
    CHECK(space.put("/small", "small").ok());
    CHECK(space.put("/large", large).ok());
    CHECK(space.get("/large").code() == Code::ok);
    CHECK(store.check({.read_content = true}).value().findings_total == 0);
  }
  std::filesystem::current_path(before);
  CHECK(std::filesystem::is_empty(elsewhere.path()));
  Store store = Store::open(home / "store").value();
  const Session ada = store.session({.user = "ada"}).value();
  CHECK(ada.space_by_alias("ada").value().get("/large").value() == large);
}

TEST_CASE("two stores of one process are apart, and one goes on when the other closes") {
  const test::TemporaryFolder folder;
  const auto open = [&](const char* name) {
    return Store::open(folder / name, {.create = true, .memory_bytes = kMemoryBytesMin}).value();
  };
  const auto space_of = [](const Store& store) {
    return store.session({.user = "ada"})->create_space({.alias = "ada"}).value();
  };
  const std::string large(300'000, 'l');
  Store one = open("one");
  const Store two = open("two");
  const Space in_one = space_of(one), in_two = space_of(two);
  REQUIRE(in_one.put("/small", "of one").ok());
  REQUIRE(in_two.put("/small", "of two").ok());
  REQUIRE(in_two.put("/large", large).ok());
  CHECK(in_one.get("/small").value() == "of one");
  CHECK(in_one.stat("/large").code() == Code::not_found);
  CHECK(two.session({.user = "ada"})->space(in_one.id()).code() == Code::not_found);

  REQUIRE(one.close().ok());
  CHECK(in_one.get("/small").code() == Code::unavailable);
  CHECK(in_two.get("/small").value() == "of two");
  CHECK(in_two.get("/large").value() == large);
  CHECK(in_two.put("/more", "more").ok());
  CHECK(two.check({.read_content = true}).value().findings_total == 0);
  const Store again = open("one");
  CHECK(again.session({.user = "ada"})->space_by_alias("ada")->get("/small").value() == "of one");
}

TEST_CASE("closing a store joins the threads that it started") {
  const test::TemporaryFolder folder;
  const auto threads_of_stores = [] {
    std::vector<std::string> names;
    for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task")) {
      std::string name;
      std::ifstream(thread.path() / "comm") >> name;
      if (name.starts_with("spind")) names.push_back(name);
    }
    return names;
  };
  REQUIRE(threads_of_stores().empty());
  Store store = Store::open(folder / "store", {.create = true}).value();
  const Space space = store.session({.user = "ada"})->create_space({}).value();
  REQUIRE(space.put("/large", std::string(3'000'000, 'l')).ok());
  CHECK(!threads_of_stores().empty());
  REQUIRE(store.close().ok());
  CHECK(threads_of_stores() == std::vector<std::string>());
}

TEST_CASE("a store whose metadata is in memory touches no folder") {
  const test::TemporaryFolder folder;
  {
    const Store store = Store::open(folder / "store", {.metadata = MetadataEngine::memory}).value();
    const Space space = store.session({.user = "ada"})->create_space({}).value();
    for (const std::size_t size : {100u, 100'000u, 3'000'000u}) {
      const std::string content(size, 'x');
      REQUIRE(space.put("/file", content).ok());
      CHECK(space.get("/file").value() == content);
    }
  }
  CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("sessions: who is nobody, or has names over their limits, is refused") {
  const Store store = open_in_memory();
  CHECK(store.session({}).code() == Code::unauthenticated);
  CHECK(store.session({.user = std::string(256, 'x')}).code() == Code::invalid_argument);
  CHECK(store.session({.user = "a\nb"}).code() == Code::invalid_argument);
  CHECK(store.session({.user = "\xff"}).code() == Code::invalid_argument);
  CHECK(store.session({.user = "ada", .tenant = ""}).code() == Code::invalid_argument);
  CHECK(store.session({.user = "ada", .groups = {std::string(256, 'x')}}).code() ==
        Code::invalid_argument);
}

}  // namespace
}  // namespace spind
