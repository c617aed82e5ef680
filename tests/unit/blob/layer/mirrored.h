// A mirror of backends in memory that a test can fail, with its journal in a folder.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "blob/layer/mirrored_blobs.h"
#include "support/harness.h"
#include "support/store/test_clock.h"
#include "unit/blob/faulty_files.h"
#include "unit/blob/layer/scripted_blobs.h"

namespace spind::test {

using Names = std::vector<std::string>;

constexpr std::int64_t kLongNs = std::int64_t{3'600} * 1'000'000'000;

// Two or three backends: north, south and west. Nothing is caught up by itself.
struct Mirrored {
  explicit Mirrored(std::size_t count = 2, MirrorOptions wanted = {}) : options(std::move(wanted)) {
    constexpr const char* kNames[] = {"north", "south", "west"};
    for (std::size_t i = 0; i < count; ++i) {
      stores.push_back(std::make_shared<ScriptedBlobs>());
      options.backends.push_back({kNames[i], stores[i]});
    }
    options.journal_folder = folder / "mirror";
    options.catch_up_period = std::chrono::milliseconds(0);
    open();
  }
  void open() {
    mirror.reset();
    mirror = MirroredBlobs::open(options, files, clock, Threads::system()).value();
  }
  void down(std::size_t i) { stores[i]->down = true; }
  void up(std::size_t i) {
    stores[i]->down = false;
    clock.advance(kLongNs);  // its rest is over
  }
  Status put(std::string_view name, std::string_view text) {
    return mirror->put(name, as_bytes(text));
  }
  std::string get(std::string_view name) { return text_of(mirror->get(name, 1000)); }
  std::string range(std::string_view name) {
    std::vector<std::uint8_t> out(1000);
    const auto got = mirror->range(name, 0, out);
    if (got.ok()) out.resize(*got);
    return got.ok() ? std::string(as_text(out)) : std::string(code_name(got.code()));
  }
  std::string in(std::size_t i, std::string_view name) {
    return text_of(stores[i]->bytes.get(name, 1000));
  }
  Names list() {
    Names names;
    const auto items = mirror->list("", "", 10'000);
    for (const BlobListItem& item : items.value()) names.push_back(item.name);
    return names;
  }
  static std::string text_of(const Result<std::vector<std::uint8_t>>& got) {
    return got.ok() ? std::string(as_text(*got)) : std::string(code_name(got.code()));
  }

  TemporaryFolder folder;
  MirrorOptions options;
  FaultyFiles files;
  TestClock clock;
  std::vector<std::shared_ptr<ScriptedBlobs>> stores;
  std::shared_ptr<BlobMirror> mirror;
};

}  // namespace spind::test
