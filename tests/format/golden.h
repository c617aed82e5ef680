// Golden files: bytes as a release of this format wrote them, kept for ever.
//
// With SPIND_WRITE_GOLDEN=1 files that are missing are written; what is there is never changed by a
// run. A change of a format removes the files it concerns, in a commit that says so.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace spind::test {

std::filesystem::path golden_folder();
bool may_write_golden();

// The bytes kept under `name`; `now` is written if they are missing and that is allowed, and the
// test fails if they are missing and it is not.
std::string golden_bytes(std::string_view name, std::string_view now);

}  // namespace spind::test
