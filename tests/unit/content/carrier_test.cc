// Content that is brought from one vault to another.
#include <atomic>

#include "base/limits.h"
#include "support/store/content.h"
#include "support/store/hanging_blobs.h"
#include "unit/content/place.h"

namespace spind::test {
namespace {

const content::Owner kHere = owner_of(1), kThere = owner_of(2, "another school");

content::CarrierHooks no_hooks() {
  return {nullptr, [](std::uint64_t) { return Status(); }};
}

std::unique_ptr<content::Carrier> carrier_of(Place& place,
                                             content::CarrierHooks hooks = no_hooks()) {
  return place.content->carrier(place.store->durable(), kHere, kThere, std::move(hooks));
}

content::Carrier::Load load_of(const content::Stored& stored, const std::string& path = "/file") {
  return {stored.pieces, stored.size_bytes, stored.sha256, path};
}

// Small ones enough that several are on their way, and larger ones between them.
std::vector<std::string> many_texts() {
  std::mt19937_64 random(seed());
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < 30; ++i) texts.push_back(random_text(random, 20'000 + 100 * i));
  texts.insert(texts.begin() + 5, random_text(random, 3 * kMiB));
  texts.insert(texts.begin() + 20, random_text(random, 17 * kMiB));
  texts.push_back(random_text(random, 100'000));
  return texts;
}

}  // namespace

TEST_CASE("carrier: brings everything in its order, and it opens with the keys there alone") {
  for (const bool encrypted : {false, true}) {
    CAPTURE(encrypted);
    Place place;
    if (encrypted) place.encrypt();
    const std::vector<std::string> texts = many_texts();
    std::uint64_t bytes = 0, moved = 0;
    std::vector<content::Stored> originals;
    for (const std::string& text : texts) {
      originals.push_back(place.put_and_commit(kHere, text));
      bytes += text.size();
    }
    const auto carrier = carrier_of(place, {nullptr, [&](std::uint64_t more) {
                                              moved += more;
                                              return Status();
                                            }});
    for (const content::Stored& original : originals) REQUIRE(carrier->add(load_of(original)).ok());
    const content::Brought brought = carrier->finish().value();
    CHECK(moved == bytes);
    REQUIRE(brought.files.size() == texts.size());
    for (std::size_t i = 0; i < texts.size(); ++i) {
      CAPTURE(i);
      content::Stored stored = brought.files[i];
      CHECK(stored.sha256 == originals[i].sha256);
      CHECK((stored.pieces == originals[i].pieces) == !encrypted);
      stored.claim = brought.claimed.claim;
      REQUIRE(place.commit(kThere, stored).ok());
      stored.claim = nullptr;
      CHECK(place.read(kThere, stored).value() == texts[i]);
      if (encrypted && stored.pieces.size() == 1)
        CHECK(place.read(kHere, stored).code() == Code::corruption);
    }
    CHECK(carrier->finish().code() == Code::aborted);
  }
}

TEST_CASE("carrier: what it brought is claimed until it is let go of, and then goes") {
  Place place;
  std::mt19937_64 random(seed());
  const content::Stored small = place.put_and_commit(kHere, random_text(random, 30'000));
  const content::Stored large = place.put_and_commit(kHere, random_text(random, 3 * kMiB));
  {
    auto carrier = carrier_of(place);
    REQUIRE(carrier->add(load_of(small)).ok());
    REQUIRE(carrier->add(load_of(large)).ok());
    const content::Brought brought = carrier->finish().value();
    carrier.reset();
    CHECK(place.collect().removed == 0);
    CHECK(place.content->verify(brought.claimed).ok());
  }
  CHECK(place.collect().removed == 2);
  {
    const auto carrier = carrier_of(place);  // which does not come to its end
    REQUIRE(carrier->add(load_of(large)).ok());
    REQUIRE(carrier->add(load_of(small)).ok());
  }
  (void)place.collect();
  CHECK(place.blob_count() == 1);
  place.crash_and_open();
  (void)place.collect();
  CHECK(place.blob_count() == 1);
  CHECK(place.read(kHere, large).ok());
}

TEST_CASE("bad day: content that is not what its checksum or its size says is brought nowhere") {
  for (const std::size_t size : {std::size_t{30'000}, 3 * kMiB}) {
    CAPTURE(size);
    Place place;
    std::mt19937_64 random(seed());
    const content::Stored stored = place.put_and_commit(kHere, random_text(random, size));
    content::Carrier::Load wrong_sum = load_of(stored), wrong_size = load_of(stored, "/long");
    wrong_sum.sha256[7] ^= 1;
    wrong_size.size_bytes += 1;
    const auto carrier = carrier_of(place);
    Status added = carrier->add(wrong_sum);
    const Result<content::Brought> brought = carrier->finish();
    CHECK(brought.code() == Code::corruption);
    CHECK(brought.error().path == "/file");
    CHECK(carrier->add(load_of(stored)).code() == Code::corruption);
    added = carrier_of(place)->add(wrong_size);
    CHECK(added.code() == Code::corruption);
    CHECK(added.error().path == "/long");
  }
}

TEST_CASE("carrier: gives up while blobs do not answer, and when it is told to") {
  Place place(content::GatherOptions{std::chrono::milliseconds(5), 4 << 20});
  const auto blobs = std::make_shared<HangingBlobs>(BlobStorePtr(&place.blobs, [](BlobStore*) {}));
  place.layered = blobs;
  place.reopen();
  std::vector<content::Stored> originals;
  for (const std::string& text : many_texts())
    originals.push_back(place.put_and_commit(kHere, text));
  const std::size_t before = place.blob_count();
  std::atomic<bool> given_up = false;
  const auto interrupt = [&]() -> Status {
    if (!given_up) return {};
    return Error{.code = Code::deadline_exceeded, .text = "the test gives up"};
  };
  blobs->hang(true);
  std::thread giver([&] {
    blobs->wait_for(1);
    given_up = true;
  });
  {
    const auto carrier = carrier_of(place, {interrupt, [](std::uint64_t) { return Status(); }});
    for (const content::Stored& original : originals) (void)carrier->add(load_of(original));
    CHECK(carrier->finish().code() == Code::deadline_exceeded);
  }
  giver.join();
  blobs->hang(false);
  const auto stops = [](std::uint64_t) -> Status {
    return Error{.code = Code::cancelled, .text = "the test stops it"};
  };
  {
    const auto carrier = carrier_of(place, {nullptr, stops});
    for (const content::Stored& original : originals) (void)carrier->add(load_of(original));
    CHECK(carrier->finish().code() == Code::cancelled);
  }
  for (int round = 0; round < 3; ++round) (void)place.collect();
  CHECK(place.blob_count() == before);
}

}  // namespace spind::test
