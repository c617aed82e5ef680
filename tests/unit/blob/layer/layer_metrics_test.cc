// What layers show of themselves and of what is below them.
#include <doctest/doctest.h>

#include <string>

#include "base/bytes.h"
#include "blob/metrics_text.h"
#include "spind/blob_layers.h"
#include "spind/blob_mirror.h"
#include "support/harness.h"
#include "unit/blob/layer/scripted_blobs.h"

namespace spind {
namespace {

bool says(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

std::size_t count_of(const std::string& text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST_CASE("metrics text: samples of one name stand behind one head, whoever counted them") {
  MetricsText out;
  out.add("# HELP a_total A.\n# TYPE a_total counter\na_total 1\na_total{k=\"v\"} 2\n",
          "backend=\"north\"");
  out.add("# HELP b_total B.\n# TYPE b_total counter\nb_total 3\n");
  out.add("# HELP a_total A.\n# TYPE a_total counter\na_total 4", "backend=\"south\"");
  CHECK(out.text() ==
        "# HELP a_total A.\n# TYPE a_total counter\n"
        "a_total{backend=\"north\"} 1\na_total{backend=\"north\",k=\"v\"} 2\n"
        "a_total{backend=\"south\"} 4\n"
        "# HELP b_total B.\n# TYPE b_total counter\nb_total 3\n");
}

TEST_CASE("metrics text: the parts of a histogram stay together, and samples need no head") {
  MetricsText out;
  out.add("# HELP t Time.\n# TYPE t histogram\nt_bucket{le=\"+Inf\"} 1\nt_sum 2\nt_count 1\n");
  out.add("plain 7\n\n# a remark\nplain{k=\"v\"} 8\n");
  out.add("# HELP t Time.\n# TYPE t histogram\nt_bucket{store=\"b\",le=\"+Inf\"} 5\n");
  CHECK(out.text() ==
        "# HELP t Time.\n# TYPE t histogram\nt_bucket{le=\"+Inf\"} 1\nt_sum 2\nt_count 1\n"
        "t_bucket{store=\"b\",le=\"+Inf\"} 5\nplain 7\nplain{k=\"v\"} 8\n");
}

TEST_CASE("metrics text: a series has one sample, of two the one that came first") {
  MetricsText out;
  out.add("# HELP a_total A.\n# TYPE a_total counter\na_total{k=\"v\"} 1\na_total{k=\"vv\"} 2\n");
  out.add("# HELP a_total A.\n# TYPE a_total counter\na_total{k=\"vv\"} 3\na_total{k=\"w\"} 4\n");
  out.add("plain 5\n");
  out.add("plain 6\nplain_too 7\n");
  CHECK(out.text() ==
        "# HELP a_total A.\n# TYPE a_total counter\n"
        "a_total{k=\"v\"} 1\na_total{k=\"vv\"} 2\na_total{k=\"w\"} 4\nplain 5\nplain_too 7\n");
}

TEST_CASE("layer metrics: a disk cache counts what it answers, and shows what is below it") {
  const test::TemporaryFolder folder;
  const auto under = std::make_shared<test::ScriptedBlobs>();
  REQUIRE(under->put("a", as_bytes("hello")).ok());
  auto below = with_retry(with_throttle(with_metrics(under, "bucket"), {}));
  const auto cache = with_disk_cache(below, {.folder = folder / "cache"}).value();
  CHECK(cache->get("a", 100).ok());
  CHECK(cache->get("a", 100).ok());
  const std::string text = cache->metrics_text();
  CHECK(says(text, "spind_disk_cache_hits_total 1"));
  CHECK(says(text, "spind_disk_cache_misses_total 1"));
  CHECK(says(text, "spind_disk_cache_bytes_total{from=\"cache\"} 5"));
  CHECK(says(text, "spind_disk_cache_bytes_total{from=\"below\"} 5"));
  CHECK(text.find("spind_blob_requests_total{store=\"bucket\",request=\"") != text.npos);
}

TEST_CASE("layer metrics: a mirror tells what its backends lack, and what each of them counts") {
  const test::TemporaryFolder folder;
  const auto north = std::make_shared<test::ScriptedBlobs>();
  const auto south = std::make_shared<test::ScriptedBlobs>();
  const auto mirror =
      make_mirror({.backends = {{"north", with_metrics(north)}, {"south", with_metrics(south)}},
                   .write_quorum = 1,
                   .journal_folder = folder / "mirror",
                   .catch_up_period = std::chrono::milliseconds(0)})
          .value();
  REQUIRE(mirror->put("a", as_bytes("hello")).ok());
  south->down = true;
  REQUIRE(mirror->put("b", as_bytes("hello")).ok());
  const std::string text = mirror->metrics_text();
  CHECK(says(text, "spind_mirror_missing{backend=\"north\"} 0"));
  CHECK(says(text, "spind_mirror_missing{backend=\"south\"} 1"));
  CHECK(says(text, "spind_mirror_missing_bytes{backend=\"south\"} 5"));
  const std::string puts = "spind_blob_requests_total{backend=\"";
  const std::string outcome = "\",store=\"blobs\",request=\"put\",outcome=\"";
  CHECK(says(text, puts + "north" + outcome + "ok\"} 2"));
  CHECK(says(text, puts + "south" + outcome + "ok\"} 1"));
  CHECK(says(text, puts + "south" + outcome + "unavailable\"} 1"));
  CHECK(count_of(text, "# HELP spind_blob_requests_total ") == 1);
  south->down = false;
  CHECK(mirror->catch_up().value() == 0);
  const std::string after = mirror->metrics_text();
  CHECK(says(after, "spind_mirror_missing{backend=\"south\"} 0"));
  CHECK(says(after, "spind_mirror_caught_up_total 1"));
}

}  // namespace
}  // namespace spind
