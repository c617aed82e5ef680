// A store is used for long, by all verbs at once, through crashes, full disks and clocks that jump:
// nothing is lost, and nothing that it takes of the machine grows.
#include <doctest/doctest.h>

#include "soak/soak_run.h"

namespace spind::test {
namespace {

constexpr std::size_t kSamplesALife = 9;
constexpr int kKillsATurn = 4;

std::string rows(const std::vector<SoakSample>& samples) {
  std::string text = "[";
  for (const SoakSample& sample : samples)
    text += (text.size() > 1 ? ",\n " : "") + sample.to_json();
  return text + "]";
}

// Samples of something that takes so much at first, and so much more each time.
std::vector<SoakSample> growing(std::uint64_t SoakSample::*number, std::uint64_t first,
                                std::uint64_t more) {
  std::vector<SoakSample> samples(30);
  for (std::size_t i = 0; i < samples.size(); ++i) samples[i].*number = first + i * more;
  return samples;
}

}  // namespace

TEST_CASE("soak: memory, descriptors, tables and the space taken stay level, and nothing is lost") {
  const std::uint64_t turns = scaled(1, 3, 6);
  const std::chrono::seconds long_life(scaled(12, 45, 550));
  SoakRun run(seed());
  for (std::uint64_t turn = 0; turn < turns && run.aftermath().clean(); ++turn) {
    for (int kill = 0; kill < kKillsATurn && run.aftermath().clean(); ++kill) run.short_life();
    if (run.aftermath().clean()) run.long_life(long_life, kSamplesALife);
  }
  write_report("soak.json", rows(run.samples()));

  INFO(run.aftermath().text);
  CHECK(run.aftermath().clean());
  CHECK(risen_in_store(run.samples()) == "");
  REQUIRE(run.samples().size() >= turns * kSamplesALife);
  CHECK(run.samples().back().kills == turns * kKillsATurn);
  CHECK(run.samples().back().full_disks > 0);
}

TEST_CASE("soak: what rises is seen, and what is level is not") {
  constexpr std::uint64_t kMega = 1 << 20;
  CHECK(risen_in_process(growing(&SoakSample::rss_bytes, 50 * kMega, 0)) == "");
  CHECK(risen_in_process(growing(&SoakSample::rss_bytes, 50 * kMega, 3 * kMega)) != "");
  CHECK(risen_in_process(growing(&SoakSample::descriptors, 50, 0)) == "");
  CHECK(risen_in_process(growing(&SoakSample::descriptors, 50, 1)) != "");
  CHECK(risen_in_store(growing(&SoakSample::table_files, 40, 0)) == "");
  CHECK(risen_in_store(growing(&SoakSample::table_files, 40, 4)) != "");
  CHECK(risen_in_store(growing(&SoakSample::disk_bytes, 200 * kMega, 0)) == "");
  CHECK(risen_in_store(growing(&SoakSample::disk_bytes, 200 * kMega, 16 * kMega)) != "");
}

}  // namespace spind::test
