#include "blob/posix/posix_blob_store.h"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "support/harness.h"
#include "unit/blob/faulty_files.h"

namespace spind {
namespace {

using test::FaultyFiles;
using test::FileCall;

TEST_CASE("posix blobs: a put that fails at any call leaves the old blob or none") {
  const std::string old_bytes(3'000'000, 'o'), new_bytes(3'000'000, 'n');
  for (int fail_at = 0;; ++fail_at) {
    CAPTURE(fail_at);
    test::TemporaryFolder folder;
    FaultyFiles files;
    auto store = PosixBlobStore::open(files, folder / "bytes").value();
    REQUIRE(store->put("a/old", as_bytes(old_bytes)).ok());
    int calls = 0;
    files.set([&](FileCall, const std::string&) -> std::optional<Error> {
      if (calls++ != fail_at) return std::nullopt;
      return Error{Code::no_space, "device full"};
    });
    const bool old_put = store->put("a/old", as_bytes(new_bytes)).ok();
    const bool fresh_put = store->put("b/c/fresh", as_bytes(new_bytes)).ok();
    files.set(nullptr);
    CHECK(calls > 0);
    const auto kept = store->get("a/old", 1 << 22).value();
    CHECK((as_text(kept) == new_bytes || (!old_put && as_text(kept) == old_bytes)));
    const auto fresh = store->get("b/c/fresh", 1 << 22);
    CHECK((fresh.ok() ? as_text(*fresh) == new_bytes : !fresh_put));
    CHECK(store->put("b/c/fresh", as_bytes(new_bytes)).ok());
    CHECK(files.list(folder / "bytes/tmp").value().empty());
    if (old_put && fresh_put) {
      CHECK(fail_at > 8);  // every call of both puts had its turn
      break;
    }
  }
}

TEST_CASE("posix blobs: the error of a full device is told as such") {
  test::TemporaryFolder folder;
  FaultyFiles files;
  auto store = PosixBlobStore::open(files, folder / "bytes").value();
  files.set([](FileCall call, const std::string&) -> std::optional<Error> {
    if (call == FileCall::append) return Error{Code::no_space, "device full"};
    return std::nullopt;
  });
  CHECK(store->put("a", as_bytes("x")).code() == Code::no_space);
}

TEST_CASE("posix blobs: what a crash left half written is removed at open, and blobs stay") {
  test::TemporaryFolder folder;
  {
    auto store = PosixBlobStore::open(Files::system(), folder / "bytes").value();
    REQUIRE(store->put("a/n", as_bytes("x")).ok());
  }
  REQUIRE(write_file_durably(Files::system(), folder / "bytes/tmp/0", as_bytes("half")).ok());
  auto store = PosixBlobStore::open(Files::system(), folder / "bytes").value();
  CHECK(Files::system().list(folder / "bytes/tmp").value().empty());
  CHECK(as_text(store->get("a/n", 10).value()) == "x");
  CHECK(store->put("a/m", as_bytes("y")).ok());
}

TEST_CASE("posix blobs: bytes are synced before the name, the name before the answer") {
  test::TemporaryFolder folder;
  std::vector<std::pair<FileCall, std::string>> calls;
  FaultyFiles files;
  auto store = PosixBlobStore::open(files, folder / "bytes").value();
  files.set([&](FileCall call, const std::string& path) -> std::optional<Error> {
    calls.emplace_back(call, path.substr(folder.path().string().size()));
    return std::nullopt;
  });
  REQUIRE(store->put("a/n", as_bytes("x")).ok());
  const std::vector<std::pair<FileCall, std::string>> expected = {
      {FileCall::make_folder, "/bytes/blobs/a"}, {FileCall::sync_folder, "/bytes/blobs"},
      {FileCall::open, "/bytes/tmp/0"},          {FileCall::append, "/bytes/tmp/0"},
      {FileCall::sync, "/bytes/tmp/0"},          {FileCall::rename, "/bytes/blobs/a/n"},
      {FileCall::sync_folder, "/bytes/blobs/a"}};
  CHECK(calls == expected);
  calls.clear();
  REQUIRE(store->remove("a/n").ok());
  CHECK(calls ==
        std::vector<std::pair<FileCall, std::string>>{{FileCall::remove, "/bytes/blobs/a/n"},
                                                      {FileCall::sync_folder, "/bytes/blobs/a"}});
}

TEST_CASE("posix blobs: a folder that is there is not taken for durable by a new process") {
  test::TemporaryFolder folder;
  { REQUIRE(PosixBlobStore::open(Files::system(), folder / "b").value()->put("a/n", {}).ok()); }
  bool synced = false;
  FaultyFiles files;
  auto store = PosixBlobStore::open(files, folder / "b").value();
  files.set([&](FileCall call, const std::string& path) -> std::optional<Error> {
    synced = synced || (call == FileCall::sync_folder && path == (folder / "b/blobs"));
    return std::nullopt;
  });
  REQUIRE(store->put("a/m", {}).ok());
  CHECK(synced);
}

TEST_CASE("posix blobs: open says where it cannot make its folder") {
  test::TemporaryFolder folder;
  const auto refused = PosixBlobStore::open(Files::system(), folder / "no/such/place");
  CHECK(refused.code() == Code::not_found);
  CHECK(refused.error().path == (folder / "no/such/place"));
}

}  // namespace
}  // namespace spind
