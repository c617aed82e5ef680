#include "blob/s3/create_races.h"

#include <fmt/format.h>

#include <array>

#include "base/hex.h"
#include "base/random.h"
#include "base/try.h"
#include "blob/blob_name.h"

namespace spind::s3 {
namespace {

constexpr std::size_t kRoundsAtFirstUse = 4;

std::string racer_bytes(std::size_t racer) { return fmt::format("racer {}", racer); }

Result<bool> won_by_one(ObjectStore& store, Crew& crew, const std::string& blob) {
  std::array<Status, kRacers> outcomes;
  crew.run(kRacers, [&](std::size_t i) {
    const std::string bytes = racer_bytes(i);
    outcomes[i] = store.put_new(blob, as_bytes(bytes));
  });
  // Where none won, the winner's answer was lost on its way: a proxy had repeated his put.
  std::size_t winners = 0;
  std::string winning;
  for (std::size_t i = 0; i < kRacers; ++i) {
    if (outcomes[i].ok()) {
      ++winners;
      winning = racer_bytes(i);
    } else if (outcomes[i].code() != Code::already_exists) {
      return outcomes[i].error();
    }
  }
  SPIND_TRY_ASSIGN(const std::vector<std::uint8_t> there, store.get(blob, 100));
  return winners == 0 || (winners == 1 && as_text(there) == winning);
}

}  // namespace

std::string probe_folder_name() {
  std::array<std::uint8_t, 8> id{};
  Random::system().fill(id);
  return std::string(kProbePrefix) + to_hex(id);
}

std::vector<std::string> race_names(const std::string& folder, std::size_t rounds) {
  std::vector<std::string> names;
  for (std::size_t round = 0; round < rounds; ++round)
    names.push_back(fmt::format("{}/race-{}", folder, round));
  return names;
}

Result<std::size_t> count_broken_races(ObjectStore& store, const std::vector<std::string>& names) {
  Crew crew(Threads::system(), kRacers - 1);
  std::size_t broken = 0;
  for (const std::string& name : names) {
    SPIND_TRY_ASSIGN(const bool held, won_by_one(store, crew, name));
    if (!held) ++broken;
  }
  return broken;
}

Result<bool> ObjectStore::creates_are_atomic() {
  const std::vector<std::string> names = race_names(probe_folder_name(), kRoundsAtFirstUse);
  const auto broken = count_broken_races(*this, names);
  SPIND_TRY(remove_all(names));
  if (broken.code() == Code::unsupported) return false;
  if (!broken.ok()) return broken.error();
  return *broken == 0;
}

}  // namespace spind::s3
