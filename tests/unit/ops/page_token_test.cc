#include "ops/page_token.h"

#include <doctest/doctest.h>

namespace spind::ops {
namespace {

TEST_CASE("page token: gives back its key for the listing that it was made for, and for no other") {
  const std::string token = make_page_token("essay.odt", "folder 7");
  REQUIRE(open_page_token(token, "folder 7").ok());
  CHECK(*open_page_token(token, "folder 7") == "essay.odt");
  CHECK(open_page_token(token, "folder 8").code() == Code::invalid_argument);
}

TEST_CASE("page token: cut, changed or invented ones are refused") {
  const std::string token = make_page_token(std::string("a\0b\xff", 4), "listing");
  for (std::size_t size = 0; size < token.size(); ++size)
    CHECK(open_page_token(token.substr(0, size), "listing").code() == Code::invalid_argument);
  for (std::size_t at = 0; at < token.size(); ++at) {
    std::string changed = token;
    changed[at] = changed[at] == 'A' ? 'B' : 'A';
    CHECK(open_page_token(changed, "listing").code() == Code::invalid_argument);
  }
  CHECK(open_page_token(std::string(1 << 20, 'A'), "listing").code() == Code::invalid_argument);
}

TEST_CASE("page size: 1 to 10,000") {
  CHECK(check_page_size(0).code() == Code::invalid_argument);
  CHECK(check_page_size(1).ok());
  CHECK(check_page_size(10'000).ok());
  CHECK(check_page_size(10'001).code() == Code::invalid_argument);
}

}  // namespace
}  // namespace spind::ops
