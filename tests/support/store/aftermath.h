// What is found in a store after a crash or a power cut, against what it had promised.
#pragma once

#include <cstdint>
#include <string>

#include "spind/store.h"
#include "support/store/ledger.h"
#include "support/store/worker_record.h"

namespace spind::test {

struct Aftermath {
  std::uint64_t kills = 0, acknowledged = 0, lost = 0, torn = 0, check_findings = 0, orphans = 0;
  std::uint64_t copies = 0;             // of the store, that were looked at too
  std::uint64_t memory_peak_bytes = 0;  // of a worker, where somebody looked
  std::string text{};                   // what was found, first things first

  bool clean() const { return lost + torn + check_findings + orphans == 0 && text.empty(); }
  void note(const std::string& line);
  void add(const Aftermath& other);
  // As in crash.json and powercut.json.
  std::string report() const;
};

// The alias of the space that the ledger's writers write into.
inline constexpr const char* kLedgerSpace = "ledger";

// Writes down what a worker told.
void take_note(const WorkerRecord& record, Ledger& ledger, Aftermath& aftermath);

// Holds the store that was opened again against the ledger, collects what nothing refers to, checks
// everything, and scrubs on from where the last scrub came to.
void look_at(const Store& store, Ledger& ledger, Aftermath& aftermath);
// Counts what lies in its folder, where the ledger knows all versions and nobody else made objects.
void count_objects(const std::string& folder, const Ledger& ledger, Aftermath& aftermath);

}  // namespace spind::test
