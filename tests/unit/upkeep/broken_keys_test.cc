// Rows whose keys are not as long as their kind asks for: stored bytes that nobody may trust.
#include "unit/upkeep/planted.h"

namespace spind::test {
namespace {

using kv::Family;

constexpr char kTags[] = {
#define SPIND_TAG(name, tag) tag,
    SPIND_SPACE_ROWS(SPIND_TAG)
#undef SPIND_TAG
};

// Whatever they answer, they do so.
void read_everything(Planted& planted) {
  const Space& space = planted.space();
  (void)space.list("/");
  (void)space.list("/work");
  (void)space.trash();
  (void)space.changes("");
  (void)space.versions("/work/essay");
  (void)space.properties("/work/essay");
  (void)space.uploads();
  (void)space.at({.entry = 2});
  (void)planted.store().session().list_spaces();
  (void)planted.store().session().favourites();
  if (auto walk = space.walk("/"); walk.ok())
    for (auto item = walk->next(); item.ok() && item->has_value();) item = walk->next();
}

TEST_CASE("check: keys of a space that are too short or too long are findings, and harm nobody") {
  for (const char tag : kTags) {
    CAPTURE(tag);
    Planted planted;
    const std::string prefix = model::space_partition(planted.id()) + tag;
    for (const Family family : {Family::state, Family::journal, Family::attachment})
      for (std::size_t more = 1; more < 60; more += more < 14 ? 1 : 9)
        planted.put(family, prefix + std::string(more, '\1'), "x");
    // Behind the key of a row that is there.
    planted.put(Family::journal, model::skeleton_key(planted.id(), 2) + "\x7f", "x");
    CHECK(planted.store().store().check().value().findings_total > 0);
    read_everything(planted);
    (void)planted.store().store().collect();
    (void)planted.store().store().collect({.forget = planted.id()});
  }
}

TEST_CASE("check: keys of the catalogue and of vaults that are too short harm nobody") {
  Planted planted;
  const std::string bucket = model::bucket_partition(planted.vault(), planted.piece()[0]);
  for (const std::string& prefix :
       {std::string("ct"), std::string("ca"), std::string("qu"), std::string("s")})
    for (std::size_t more = 1; more < 20; ++more)
      planted.put(Family::state, prefix + std::string(more, '\1'), "x");
  for (const char tag : {'p', 'h', 'q', 'c', 'd'})
    for (std::size_t more = 0; more < 60; more += more < 14 ? 1 : 9)
      planted.put(Family::content, bucket + tag + std::string(more, '\1'), "x");
  for (const char tag : {'r', 'v', 'o', 'i', 'f', 'x'})
    for (std::size_t more = 1; more < 20; ++more)
      planted.put(Family::content, std::string("b") + tag + std::string(more, '\1'), "x");
  CHECK(planted.store().store().check({.read_content = true}).value().findings_total > 0);
  read_everything(planted);
  (void)planted.store().store().collect({.grace = std::chrono::seconds(0)});
}

}  // namespace
}  // namespace spind::test
