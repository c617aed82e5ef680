// A reader of blobs that are far away does not wait for each request in turn.
#include <chrono>
#include <thread>

#include "base/limits.h"
#include "unit/content/place.h"

namespace spind::test {
namespace {

constexpr std::chrono::milliseconds kLatency{50};
constexpr std::size_t kFarBytes = 64 * kMiB;

// Each read takes some time, however many are asked for at once.
class FarBlobs final : public BlobStore {
 public:
  explicit FarBlobs(BlobStore& under) : under_(under) {}

  Status put(std::string_view name, Bytes bytes) override { return under_.put(name, bytes); }
  Result<std::vector<std::uint8_t>> get(std::string_view name, std::uint64_t size_max) override {
    return under_.get(name, size_max);
  }
  Result<std::size_t> range(std::string_view name, std::uint64_t offset,
                            std::span<std::uint8_t> out) override {
    ++requests;
    const int now = ++in_flight_;
    int seen = most_at_once.load();
    while (now > seen && !most_at_once.compare_exchange_weak(seen, now)) continue;
    std::this_thread::sleep_for(latency.load());
    --in_flight_;
    fetched_bytes += out.size();
    auto got = under_.range(name, offset, out);
    if (spoil_one.exchange(false)) out.back() ^= 1;
    return got;
  }
  Status remove(std::string_view name) override { return under_.remove(name); }
  Result<std::vector<BlobListItem>> list(std::string_view prefix, std::string_view after,
                                         std::size_t count_max) override {
    return under_.list(prefix, after, count_max);
  }

  std::atomic<int> requests = 0, most_at_once = 0;
  std::atomic<std::uint64_t> fetched_bytes = 0;
  std::atomic<bool> spoil_one = false;  // the next answer
  std::atomic<std::chrono::milliseconds> latency{kLatency};

 private:
  BlobStore& under_;
  std::atomic<int> in_flight_ = 0;
};

struct FarPlace {
  FarPlace() {
    place.memory_bytes = 128 << 20;
    far = std::make_shared<FarBlobs>(place.blobs);
    place.layered = far;
    place.reopen();
    std::mt19937_64 random(test::seed());
    text = random_text(random, kFarBytes);
    stored = place.put_and_commit(owner_of(1), text);
    far->requests = far->most_at_once = 0;
    far->fetched_bytes = 0;
  }

  Place place{content::GatherOptions{}};
  std::shared_ptr<FarBlobs> far;
  std::string text;
  content::Stored stored;
};

}  // namespace

TEST_CASE("far reading: many requests are under way while a file is read in sequence") {
  FarPlace place;
  for (const std::size_t part : {kMiB / 16 + 7, kMiB, kFarBytes}) {
    place.far->requests = place.far->most_at_once = 0;
    place.far->fetched_bytes = 0;
    const auto source = place.place.try_source(owner_of(1), place.stored).value();
    std::vector<std::uint8_t> bytes(part);
    const auto begin = std::chrono::steady_clock::now();
    bool same = true;
    for (std::uint64_t at = 0; at < kFarBytes;) {
      const std::size_t got = source->read_at(at, bytes).value();
      same =
          same && as_text(Bytes(bytes).first(got)) == std::string_view(place.text).substr(at, got);
      at += got;
    }
    const auto took = std::chrono::steady_clock::now() - begin;
    CHECK(same);
    INFO(part, " bytes at a time: ", place.far->requests.load(), " requests, at most ",
         place.far->most_at_once.load(), " at once");
    CHECK(place.far->most_at_once >= 4);
    CHECK(took < place.far->requests.load() * kLatency / 2);
    // Nothing is fetched twice, but what was asked for before a sequence was seen.
    CHECK(place.far->fetched_bytes * 10 < kFarBytes * 13);
  }
}

TEST_CASE("far reading: several readers share the memory, and what was fetched is used") {
  FarPlace place;
  place.far->latency = std::chrono::milliseconds(2);
  constexpr std::size_t kReaders = 4;
  std::atomic<int> wrong = 0;
  std::vector<std::thread> readers;
  for (std::size_t i = 0; i < kReaders; ++i) {
    readers.emplace_back([&] {
      const auto source = place.place.try_source(owner_of(1), place.stored).value();
      std::vector<std::uint8_t> bytes(kMiB);
      for (std::uint64_t at = 0; at < kFarBytes; at += kMiB) {
        const auto got = source->read_at(at, bytes);
        if (!got.ok() || as_text(bytes) != std::string_view(place.text).substr(at, kMiB)) ++wrong;
      }
    });
  }
  for (std::thread& reader : readers) reader.join();
  CHECK(wrong == 0);
  // But for what the others had read ahead when one more began, and each got less.
  INFO(place.far->fetched_bytes.load(), " bytes in ", place.far->requests.load(), " requests");
  CHECK(place.far->fetched_bytes * 100 < kReaders * kFarBytes * 115);
}

TEST_CASE("far reading: a large read somewhere fetches little beside what is asked for") {
  FarPlace there;
  for (const std::size_t size : {std::size_t{1'100'000}, std::size_t{1'500'000}, 9 * kMiB}) {
    CAPTURE(size);
    there.far->fetched_bytes = 0;
    const auto source = there.place.try_source(owner_of(1), there.stored).value();
    std::vector<std::uint8_t> bytes(size);
    const std::uint64_t offset = 8 * kMiB + 100'000;
    REQUIRE(source->read_at(offset, bytes).value() == size);
    CHECK(as_text(Bytes(bytes)) == std::string_view(there.text).substr(offset, size));
    CHECK(there.far->fetched_bytes < size + 3 * kFrameBytesMax);
  }
}

TEST_CASE("far reading: a byte that is spoilt on its way is asked for again") {
  FarPlace place;
  place.far->latency = std::chrono::milliseconds(0);
  const auto source = place.place.try_source(owner_of(1), place.stored).value();
  std::vector<std::uint8_t> bytes(kMiB);
  place.far->spoil_one = true;
  CHECK(source->read_at(3 * kMiB, bytes).value() == kMiB);
  CHECK(as_text(bytes) == std::string_view(place.text).substr(3 * kMiB, kMiB));
}

TEST_CASE("far reading: who cancels need not wait for what is under way") {
  FarPlace place;
  const auto source = place.place.try_source(owner_of(1), place.stored).value();
  std::vector<std::uint8_t> bytes(1 << 20);
  for (std::uint64_t at = 0; at < 8 * kMiB; at += bytes.size())
    REQUIRE(source->read_at(at, bytes).ok());
  place.far->latency = std::chrono::milliseconds(1500);
  std::uint64_t at = 8 * kMiB;
  std::atomic<bool> cancelled = false;
  std::chrono::steady_clock::time_point cancelled_at;
  std::thread canceller([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    cancelled_at = std::chrono::steady_clock::now();
    cancelled = true;
  });
  Result<std::size_t> got = std::size_t{0};
  for (; got.ok() && at < kFarBytes; at += bytes.size())
    got = source->read_at(at, bytes, [&]() -> Status {
      if (cancelled) return Error{.code = Code::cancelled, .text = "cancelled"};
      return {};
    });
  const auto ended = std::chrono::steady_clock::now();
  canceller.join();
  CHECK(got.code() == Code::cancelled);
  CHECK(ended - cancelled_at < std::chrono::milliseconds(700));
  place.far->latency = std::chrono::milliseconds(0);
}

}  // namespace spind::test
