#include "base/page_buffer.h"

#include <doctest/doctest.h>

namespace spind {
namespace {

TEST_CASE("page buffer: begins where a page does, and is as large as was asked") {
  for (const std::size_t size : {1u, 4095u, 131072u, 1048577u}) {
    const PageBuffer buffer(size);
    CHECK(reinterpret_cast<std::uintptr_t>(buffer.all().data()) % 4096 == 0);
    CHECK(buffer.all().size() == size);
    buffer.all().back() = 7;
    CHECK(buffer.all().back() == 7);
  }
}

}  // namespace
}  // namespace spind
