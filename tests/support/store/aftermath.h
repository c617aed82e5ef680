// What is found in a store after a crash or a power cut, against what it had promised.
#pragma once

#include <cstdint>
#include <string>

#include "spind/store.h"
#include "support/store/ledger.h"

namespace spind::test {

struct Aftermath {
  std::uint64_t kills = 0, acknowledged = 0, lost = 0, torn = 0, check_findings = 0, orphans = 0;
  std::string text{};  // what was found, first things first

  bool clean() const { return lost + torn + check_findings + orphans == 0 && text.empty(); }
  void note(const std::string& line);
  void add(const Aftermath& other);
  // As in crash.json and powercut.json.
  std::string report() const;
};

// The alias of the space that the ledger's writers write into.
inline constexpr const char* kLedgerSpace = "ledger";

// Holds the store that was opened again against the ledger, collects what nothing refers to, checks
// everything, scrubs on from where the last scrub came to, and counts what lies in the folder.
void look_at(const Store& store, const std::string& folder, Ledger& ledger, Aftermath& aftermath);

}  // namespace spind::test
