// What a verb costs at a place for bytes that bills each request: the table of lib/blob/README.md.
#include <doctest/doctest.h>

#include <charconv>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "spind/blob_layers.h"
#include "spind/blob_places.h"
#include "spind/store.h"
#include "support/harness.h"

namespace spind::test {
namespace {

std::string random_text(std::size_t size, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::string text(size, '\0');
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

// Requests by kind; what is not named was not asked.
using Requests = std::map<std::string, std::uint64_t>;

class Billed {
 public:
  Billed() { open(); }

  void open() {
    store_.reset();
    StoreOptions options;
    options.create = true;
    options.blobs = meter_;
    options.upkeep_period = {};
    options.compress = false;
    options.gather_window = std::chrono::milliseconds(1);
    store_ = Store::open(folder_ / "store", options).value();
  }
  Store& store() { return *store_; }

  Requests costs(const std::function<void()>& verb) {
    const Requests before = counted();
    verb();
    Requests more;
    for (const auto& [kind, count] : counted()) {
      const auto known = before.find(kind);
      const std::uint64_t had = known == before.end() ? 0 : known->second;
      if (count > had) more[kind] = count - had;
    }
    return more;
  }

 private:
  // The metrics of the layer, which are the host's, too.
  Requests counted() const {
    Requests requests;
    const std::string text = meter_->metrics();
    constexpr std::string_view kKind = "request=\"";
    for (std::size_t at = text.find("spind_blob_requests_total{"); at != std::string::npos;
         at = text.find("spind_blob_requests_total{", at + 1)) {
      const std::string line = text.substr(at, text.find('\n', at) - at);
      const std::size_t kind = line.find(kKind) + kKind.size();
      std::uint64_t count = 0;
      const char* const number = line.data() + line.rfind(' ') + 1;
      std::from_chars(number, line.data() + line.size(), count);
      requests[line.substr(kind, line.find('"', kind) - kind)] += count;
    }
    return requests;
  }

  std::shared_ptr<BlobMeter> meter_ = with_metrics(memory_blobs());
  TemporaryFolder folder_;
  std::optional<Store> store_;
};

}  // namespace

TEST_CASE("requests: what each verb asks of the blobs is what is told of it") {
  if (kThreadSanitizer) return;
  Billed billed;
  std::optional<Space> space;
  const std::string packed = random_text(100'000, 1), object = random_text((1 << 20) + 1, 2);
  const std::string large = random_text(20 << 20, 3);
  const Requests none, one_put{{"put", 1}}, one_range{{"range", 1}};
  const auto costs = [&](const std::function<bool()>& verb) {
    return billed.costs([&] { REQUIRE(verb()); });
  };
  CHECK(billed.costs([&] {
    space = billed.store().session({.user = "ada"})->create_space({.alias = "ada"}).value();
  }) == none);
  CHECK(costs([&] { return space->put("/inline", std::string(16'000, 'x')).ok(); }) == none);
  CHECK(costs([&] { return space->put("/packed", packed).ok(); }) == one_put);
  CHECK(costs([&] { return space->put("/object", object).ok(); }) == one_put);
  CHECK(costs([&] { return space->put("/large", large).ok(); }) == Requests{{"put", 3}});
  // Looked up, not stored: the first bytes of each piece tell that it is there.
  CHECK(costs([&] { return space->put("/again", large).ok(); }) == Requests{{"range", 3}});

  CHECK(costs([&] { return space->stat("/large").ok(); }) == none);
  CHECK(costs([&] { return space->list("/").ok(); }) == none);
  CHECK(costs([&] { return space->make_folder("/folder").ok(); }) == none);
  CHECK(costs([&] { return space->copy("/large", "/folder/copy").ok(); }) == none);
  CHECK(costs([&] { return space->move("/folder/copy", "/moved").ok(); }) == none);
  CHECK(costs([&] { return space->set_properties("/moved", {{"a", "b"}}).ok(); }) == none);
  CHECK(costs([&] { return space->remove("/moved").ok(); }) == none);

  CHECK(costs([&] { return space->get("/inline").ok(); }) == none);
  CHECK(costs([&] { return space->get("/packed").value() == packed; }) == one_range);
  const auto read = [&](std::uint64_t offset) {
    std::vector<std::uint8_t> out(64 << 10);
    return space->reader("/large")->read_at(offset, out).ok();
  };
  CHECK(costs([&] { return read(5 << 20); }) == one_range);
  // Over the end of a piece.
  CHECK(costs([&] { return read((8 << 20) - 1000); }) == Requests{{"range", 2}});
  // At most one for each MiB, and the less the more memory there is.
  const Requests whole = costs([&] { return space->get("/large").value() == large; });
  CHECK(whole.size() == 1);
  CHECK(whole.at("range") >= 3);
  CHECK(whole.at("range") <= 21);

  CHECK(costs([&] { return billed.store().collect().ok(); }) ==
        Requests{{"list", 2}, {"put", 1}, {"remove", 2}});
  CHECK(billed.costs([&] { billed.open(); }) == Requests{{"list", 3}, {"put", 1}, {"remove", 1}});
}

}  // namespace spind::test
