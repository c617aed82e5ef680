#include "content/cutter.h"

#include <algorithm>
#include <set>

#include "base/hash.h"
#include "unit/content/place.h"

using namespace spind;
using namespace spind::test;
using content::Cutter;
using content::GearTable;
using content::kCutBytesMax;
using content::kCutBytesMin;

namespace {

const GearTable& public_gear() {
  static const GearTable kTable = content::gear_table({});
  return kTable;
}

// The sizes of the pieces, where the bytes come in steps of `step`.
std::vector<std::size_t> cut(const std::string& text, std::size_t step,
                             const GearTable& gear = public_gear()) {
  Cutter cutter(gear);
  std::vector<std::size_t> sizes{0};
  for (std::size_t at = 0; at < text.size();) {
    if (cutter.at_end()) sizes.push_back(0);
    const std::size_t count =
        cutter.take(as_bytes(text).subspan(at, std::min(step, text.size() - at)));
    REQUIRE(count > 0);
    sizes.back() += count;
    at += count;
  }
  return sizes;
}

std::set<std::string> pieces_of(const std::string& text) {
  std::set<std::string> pieces;
  std::size_t at = 0;
  for (const std::size_t size : cut(text, text.size())) {
    pieces.insert(text.substr(at, size));
    at += size;
  }
  return pieces;
}

std::uint64_t stored(Place& place, std::uint8_t space, const std::string& text, PieceRule rule) {
  content::Owner owner = owner_of(space);
  owner.pieces = rule;
  const std::uint64_t before = place.content->metrics().bytes_gathered;
  const auto upload = place.content->upload(owner, 0, nullptr);
  for (std::size_t at = 0; at < text.size(); at += 700'001)
    REQUIRE(upload->append(as_bytes(std::string_view(text).substr(at, 700'001))).ok());
  const content::Stored stored = upload->finish().value();
  CHECK(stored.sha256 == sha256(as_bytes(text)));
  REQUIRE(place.commit(owner, stored).ok());
  const auto source = place.content->source(place.store->durable(), owner, stored.pieces).value();
  std::string back(text.size(), '\0');
  CHECK(source->read_at(0, {reinterpret_cast<std::uint8_t*>(back.data()), back.size()}).value() ==
        text.size());
  CHECK(back == text);
  return place.content->metrics().bytes_gathered - before;
}

}  // namespace

TEST_CASE("cutter: pieces have sizes within the bounds, about the usual one, however bytes come") {
  std::mt19937_64 random(7);
  const std::string text = random_text(random, 60 * kMiB + 12'345);
  const std::vector<std::size_t> sizes = cut(text, text.size());
  CHECK(sizes.size() > 10);
  CHECK(sizes.size() < 30);
  for (std::size_t i = 0; i + 1 < sizes.size(); ++i) {
    CHECK(sizes[i] >= kCutBytesMin);
    CHECK(sizes[i] <= kCutBytesMax);
  }
  CHECK(cut(text, 4'099) == sizes);
  CHECK(cut(text, kCutBytesMin) == sizes);
}

TEST_CASE("cutter: where nothing in the content ends a piece, the greatest size does") {
  const std::vector<std::size_t> sizes = cut(std::string(3 * kCutBytesMax, 'x'), kMiB);
  CHECK(sizes == std::vector<std::size_t>(3, kCutBytesMax));
}

TEST_CASE("cutter: what is put in or taken out changes the pieces around it and no others") {
  std::mt19937_64 random(8);
  const std::string text = random_text(random, 60 * kMiB);
  const std::set<std::string> before = pieces_of(text);
  for (const std::string& changed :
       {"more" + text, text.substr(0, 30 * kMiB) + "more" + text.substr(30 * kMiB), text.substr(1),
        text.substr(0, 30 * kMiB) + text.substr(30 * kMiB + 100'000)}) {
    std::size_t kept = 0;
    for (const std::string& piece : pieces_of(changed)) kept += before.contains(piece) ? 1 : 0;
    CHECK(kept + 3 >= before.size());
  }
}

TEST_CASE("cutter: another secret cuts elsewhere") {
  std::mt19937_64 random(9);
  const std::string text = random_text(random, 30 * kMiB);
  const std::string key(32, 'k');
  CHECK(cut(text, text.size(), content::gear_table(as_bytes(key))) != cut(text, text.size()));
}

TEST_CASE("cutter: a space that cuts by content stores once what two files share") {
  std::mt19937_64 random(10);
  Place place;
  const std::string text = random_text(random, 24 * kMiB);
  CHECK(stored(place, 1, text, PieceRule::content) == text.size());
  CHECK(stored(place, 2, text, PieceRule::content) == 0);
  CHECK(stored(place, 2, "ahead of it" + text, PieceRule::content) < 9 * kMiB);
  CHECK(stored(place, 2, "ahead of it" + text, PieceRule::fixed) > 24 * kMiB);
}
