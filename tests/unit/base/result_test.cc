#include "spind/result.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace spind {
namespace {

struct Page {
  std::vector<std::string> items;
};

Result<Page> page() { return Page{{"long enough to lie elsewhere: one", "and two", "and three"}}; }

// A reference would be to what is gone at the end of the line.
static_assert(std::is_same_v<decltype(page().value()), Page>);
static_assert(std::is_same_v<decltype(*page()), Page>);

}  // namespace

TEST_CASE("result: a part of what a temporary holds lives while a loop goes through it") {
  std::string all;
  for (const std::string& item : page().value().items) all += item.substr(0, 5);
  for (const std::string& item : (*page()).items) all += item.substr(0, 5);
  CHECK(all == "long and tand tlong and tand t");
}

TEST_CASE("result: holds a value or an error, and moves either out") {
  Result<Page> held = page();
  REQUIRE(held.ok());
  CHECK(held.code() == Code::ok);
  const Page moved = std::move(held).value();
  CHECK(moved.items.size() == 3);
  Result<Page> failed = Error{.code = Code::not_found, .text = "no page"};
  CHECK_FALSE(failed.ok());
  CHECK(failed.code() == Code::not_found);
  CHECK(std::move(failed).error().text == "no page");
}

}  // namespace spind
