// Opening a store: where there is none, where another has it, where it is of another time, where an
// earlier open was interrupted; and a store whose folder goes away.
#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <stdexcept>

#include "support/store/content.h"
#include "support/store/faults.h"
#include "support/store/test_store.h"

namespace spind::test {
namespace {

// The first line that the command prints.
std::string first_line(const std::string& command) {
  FILE* const pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("cannot run " + command);
  char line[1000] = "";
  const bool read = std::fgets(line, sizeof line, pipe) != nullptr;
  ::pclose(pipe);
  const std::string text(line);
  return read ? text.substr(0, text.find('\n')) : "nothing";
}

std::string program(const std::string& verb, const std::string& folder) {
  return std::string(SPIND_BAD_DAY_PROGRAM) + " " + verb + " '" + folder + "'";
}

StoreOptions small(bool create) {
  StoreOptions options{.create = create};
  options.memory_bytes = kMemoryBytesMin;
  options.free_space_reserve_bytes = 0;
  return options;
}

std::string format_of(const std::string& store) {
  std::ifstream in(store + "/FORMAT");
  return std::string(std::istreambuf_iterator<char>(in), {});
}

}  // namespace

TEST_CASE("bad day: opening where there is no store says so and leaves nothing behind") {
  TemporaryFolder folder;
  CHECK(Store::open(folder / "none", small(false)).code() == Code::not_found);
  CHECK_FALSE(std::filesystem::exists(folder / "none"));
  CHECK(Store::open("", small(true)).code() == Code::invalid_argument);
  std::ofstream(folder / "a file") << "x";
  CHECK_FALSE(Store::open(folder / "a file", small(true)).ok());
  CHECK(Store::open(folder.path().string(), small(true)).code() == Code::invalid_argument);
  CHECK(std::filesystem::exists(folder / "a file"));
  StoreOptions tiny = small(true);
  tiny.memory_bytes = kMemoryBytesMin - 1;
  CHECK(Store::open(folder / "tiny", tiny).code() == Code::invalid_argument);
}

TEST_CASE("bad day: a store that is open elsewhere is busy, and names its holder") {
  if (kThreadSanitizer) return;
  TemporaryFolder folder;
  const std::string path = folder / "store";
  {
    const Result<Store> store = Store::open(path, small(true));
    REQUIRE(store.ok());
    const Result<Store> second = Store::open(path, small(true));
    REQUIRE(second.code() == Code::busy);
    CHECK(second.error().text.find(std::to_string(::getpid())) != std::string::npos);
    const std::string other = first_line(program("open", path));
    CHECK(other.starts_with("busy"));
    CHECK(other.find(std::to_string(::getpid())) != std::string::npos);
  }
  CHECK(first_line(program("open", path)) == "ok");
  FILE* const holder = ::popen((program("hold", path) + " > " + (folder / "said")).c_str(), "w");
  REQUIRE(holder != nullptr);
  std::string said;
  while (!std::getline(std::ifstream(folder / "said"), said)) continue;
  CHECK(said == "open");
  CHECK(Store::open(path, small(true)).code() == Code::busy);
  ::pclose(holder);
  CHECK(Store::open(path, small(true)).ok());
}

TEST_CASE("bad day: a store of another format version is not touched") {
  TemporaryFolder folder;
  const std::string path = folder / "store";
  REQUIRE(Store::open(path, small(true)).ok());
  const auto write_format = [&](const std::string& text) {
    std::ofstream(path + "/FORMAT", std::ios::trunc) << text;
  };
  const std::string right = format_of(path);
  for (const char* version : {"0", "5", "999999999"}) {
    CAPTURE(version);
    write_format("spind store\nformat " + std::string(version) + "\n");
    const Result<Store> opened = Store::open(path, small(true));
    REQUIRE(opened.code() == Code::unsupported);
    CHECK(opened.error().text.find(version) != std::string::npos);
  }
  write_format("spind store\nformat 3\n");  // that of stores with keys, which this one is not
  CHECK(Store::open(path, small(true)).code() == Code::key_unavailable);
  for (const char* rubbish : {"", "rubbish", "spind store\n", "spind store\nformat x\n"}) {
    CAPTURE(rubbish);
    write_format(rubbish);
    CHECK(Store::open(path, small(true)).code() == Code::corruption);
  }
  write_format(right);
  CHECK(Store::open(path, small(false)).ok());
}

TEST_CASE("bad day: making a store that was interrupted at any point is begun again") {
  for (std::uint64_t n = 1; n < 500; ++n) {
    CAPTURE(n);
    TemporaryFolder folder;
    FaultPoint point;
    FaultFiles files(Files::system(), point);
    engine::Seams seams;
    seams.files = &files;
    StoreOptions options = small(true);
    options.metadata = MetadataEngine::memory;
    seams.open_kv = engine::default_kv;  // in memory, beside a real folder
    point.arm(n, Code::io_error, true);
    const Code code = engine::open_with(folder / "store", options, seams).code();
    point.disarm();
    if (!point.fired()) {
      CHECK(code == Code::ok);
      CHECK(n > 5);
      return;
    }
    CHECK((code == Code::ok || code == Code::io_error || code == Code::unavailable));
    const Result<Store> again = engine::open_with(folder / "store", options, seams);
    REQUIRE(again.ok());
    const Space space = again->session({.user = "ada"}).value().create_space({}).value();
    for (const std::uint64_t size_bytes : {100u, 50'000u, 1'500'000u})
      CHECK(space.put("/" + std::to_string(size_bytes), content(1, size_bytes)).ok());
  }
  FAIL("opening makes calls for ever");
}

TEST_CASE("bad day: a store that cannot be marked with its new format does not open") {
  const std::string before = "spind store\nformat 1\n", after = "spind store\nformat 2\n";
  TemporaryFolder folder;
  const std::string path = folder / "store";
  REQUIRE(Store::open(path, small(true)).ok());
  for (const bool from_then_on : {true, false}) {
    std::uint64_t n = 0;
    for (bool fired = true; fired && n < 500;) {
      ++n;
      CAPTURE(from_then_on);
      CAPTURE(n);
      std::ofstream(path + "/FORMAT", std::ios::trunc) << before;
      FaultPoint point;
      FaultFiles files(Files::system(), point);
      engine::Seams seams;
      seams.files = &files;
      point.arm(n, Code::io_error, from_then_on);
      const Code code = engine::open_with(path, small(false), seams).code();
      point.disarm();
      fired = point.fired();
      CHECK((code == Code::ok || format_of(path) == before || format_of(path) == after));
      if (code == Code::ok) CHECK(format_of(path) == after);
      CHECK((fired || code == Code::ok));
    }
    CHECK(n > 5);
    CHECK(n < 500);
  }
}

TEST_CASE("bad day: a store that is deleted under the process answers with errors, and ends") {
  for (const MetadataEngine engine : engines()) {
    CAPTURE(engine_name(engine));
    TestStore store(engine);
    const Space space = store.make_space("deleted");
    for (const std::uint64_t size_bytes : {100u, 50'000u, 1'500'000u})
      REQUIRE(space.put("/" + std::to_string(size_bytes), content(1, size_bytes)).ok());
    std::filesystem::remove_all(store.folder());
    for (int round = 0; round < 3; ++round)
      for (const std::uint64_t size_bytes : {100u, 50'000u, 1'500'000u}) {
        const std::string path = "/" + std::to_string(size_bytes);
        // What is still open may go on to work; nothing may come back as other bytes.
        const Result<std::string> bytes = space.get(path);
        if (bytes.ok()) CHECK(*bytes == content(1, size_bytes));
        (void)space.put(path + " new", content(2, size_bytes));
        (void)space.stat(path);
      }
    (void)store.store().check();
    (void)store.store().collect();
    store.close();
    CHECK(Store::open(store.folder(), small(false)).code() == Code::not_found);
  }
}

TEST_CASE("bad day: with too few file descriptors nothing that was acknowledged is lost") {
  if (kThreadSanitizer) return;
  TemporaryFolder folder;
  CHECK(first_line(program("descriptors", folder / "store")) == "ok");
}

TEST_CASE("bad day: what outlives its store answers unavailable") {
  for (const MetadataEngine engine : engines()) {
    TestStore store(engine);
    const Session session = store.session();
    const Space space = store.make_space("outlived");
    REQUIRE(space.put("/file", content(1, 1'500'000)).ok());
    Reader reader = space.reader("/file").value();
    Writer writer = space.writer("/other").value();
    Walk walk = space.walk("/").value();
    REQUIRE(writer.write("begun").ok());
    store.close();
    std::vector<std::uint8_t> out(10);
    CHECK(space.stat("/file").code() == Code::unavailable);
    CHECK(space.put("/file", "x").code() == Code::unavailable);
    CHECK(session.list_spaces().code() == Code::unavailable);
    CHECK(reader.read(out).code() == Code::unavailable);
    CHECK(reader.read_at(0, out).code() == Code::unavailable);
    CHECK(writer.write("more").code() == Code::unavailable);
    CHECK(writer.commit().code() == Code::unavailable);
    CHECK(walk.next().code() == Code::unavailable);
    REQUIRE(store.open().ok());
    CHECK(store.space("outlived").stat("/other").code() == Code::not_found);
    CHECK(store.findings(true) == "");
  }
}

}  // namespace spind::test
