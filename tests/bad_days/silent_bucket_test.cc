// Every verb honours its deadline and its cancel token, also while the blobs do not answer.
#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>

#include "spind/blob_places.h"
#include "support/store/content.h"
#include "support/store/hanging_blobs.h"
#include "support/store/test_store.h"

namespace spind::test {
namespace {

using Steady = std::chrono::steady_clock;
using std::chrono::milliseconds;

// Where the machine is free it is a few hundredths of a second.
constexpr milliseconds kTime{300}, kLate{3'000};

struct Verb {
  const char* name;
  std::function<Code(const Space&)> call;
};

Code write_all(const Space& space) {
  auto writer = space.writer("/written");
  if (!writer.ok()) return writer.code();
  if (const Status written = writer->write(content(4, 20 << 20)); !written.ok())
    return written.code();
  return writer->commit().code();
}

Code read_all(const Space& space) {
  auto reader = space.reader("/large");
  if (!reader.ok()) return reader.code();
  std::vector<std::uint8_t> bytes(1 << 20);
  while (true) {
    const auto got = reader->read(bytes);
    if (!got.ok() || *got == 0) return got.code();
  }
}

Code append(const Space& space) {
  const auto upload = space.start_upload("/uploaded", 20'000'000);
  if (!upload.ok()) return upload.code();
  return space.append_upload(upload->id, 0, content(5, 9 << 20)).code();
}

const Verb kVerbs[] = {
    {"put, gathered", [](const Space& s) { return s.put("/a", content(1, 300'000)).code(); }},
    {"put of an object", [](const Space& s) { return s.put("/b", content(2, 2 << 20)).code(); }},
    {"put of many pieces", [](const Space& s) { return s.put("/c", content(3, 20 << 20)).code(); }},
    {"put of what is there",
     [](const Space& s) { return s.put("/d", content(7, 300'000)).code(); }},
    {"writer", write_all},
    {"upload", append},
    {"get, gathered", [](const Space& s) { return s.get("/small").code(); }},
    {"get", [](const Space& s) { return s.get("/large").code(); }},
    {"reader", read_all}};

}  // namespace

TEST_CASE("bad day: a verb ends in time, or when cancelled, while the bucket is silent") {
  TemporaryFolder folder;
  const auto blobs = std::make_shared<HangingBlobs>(memory_blobs());
  StoreOptions options;
  options.create = true;
  options.blobs = blobs;
  Store store = Store::open(folder / "store", options).value();
  const Space prepared =
      store.session({.user = "ada"}).value().create_space({.alias = "s"}).value();
  REQUIRE(prepared.put("/small", content(7, 300'000)).ok());
  REQUIRE(prepared.put("/large", content(8, 20 << 20)).ok());
  for (const bool cancelled : {false, true})
    for (const Verb& verb : kVerbs) {
      CAPTURE(verb.name);
      CAPTURE(cancelled);
      blobs->hang(true);
      SessionOptions who{.user = "ada"};
      CancelToken cancel;
      if (cancelled)
        who.cancel = cancel;
      else
        who.timeout = kTime;
      const Space space = store.session(who).value().space_by_alias("s").value();
      std::atomic<Steady::time_point> over = Steady::now() + kTime;
      std::thread canceller;
      if (cancelled)
        canceller = std::thread([&] {
          blobs->wait_for(1);
          over = Steady::now();
          cancel.cancel();
        });
      CHECK(verb.call(space) == (cancelled ? Code::cancelled : Code::deadline_exceeded));
      const auto ended = Steady::now();
      if (canceller.joinable()) canceller.join();
      CHECK(ended - over.load() < kLate * (kThreadSanitizer ? 10 : 1));
      blobs->wait_for_none();
      blobs->hang(false);
    }
  CHECK(prepared.get("/large").value() == content(8, 20 << 20));
  CHECK(prepared.put("/after", content(9, 300'000)).ok());
  CHECK(store.check({.read_content = true}).value().findings_total == 0);
}

}  // namespace spind::test
