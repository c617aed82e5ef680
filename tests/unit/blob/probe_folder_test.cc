#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "spind/probe.h"
#include "support/harness.h"

namespace spind {
namespace {

const ProbeFinding* row_of(const std::vector<ProbeFinding>& rows, std::string_view check) {
  const auto row = std::find_if(rows.begin(), rows.end(),
                                [&](const ProbeFinding& one) { return one.check == check; });
  return row == rows.end() ? nullptr : &*row;
}

TEST_CASE("probe: a folder is looked at from all sides, and left as it was") {
  const test::TemporaryFolder folder;
  const auto rows = probe_folder(folder.path().string());
  for (const char* const check :
       {"folder", "file_system", "free_space", "inodes", "write", "rename", "lock", "sync"}) {
    CAPTURE(check);
    REQUIRE(row_of(rows, check) != nullptr);
    CHECK(!row_of(rows, check)->finding.empty());
  }
  for (const char* const check : {"folder", "write", "rename", "lock", "sync"})
    CHECK(row_of(rows, check)->ok);
  for (const ProbeFinding& row : rows) CHECK((row.ok || !row.advice.empty()));
  CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("probe: a folder in memory is no place for a store") {
  const auto rows = probe_folder("/dev/shm");
  const ProbeFinding* const row = row_of(rows, "file_system");
  REQUIRE(row != nullptr);
  CHECK(!row->ok);
  CHECK(row->finding.find("tmpfs") != std::string::npos);
}

TEST_CASE("probe: a folder that is not there is all that is told") {
  const auto rows = probe_folder("/no/such/folder");
  REQUIRE(rows.size() == 1);
  CHECK(!rows[0].ok);
  CHECK(rows[0].check == "folder");
  CHECK(!rows[0].advice.empty());
}

}  // namespace
}  // namespace spind
