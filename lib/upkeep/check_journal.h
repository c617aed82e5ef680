// The journal of one space: no gaps, the chain of hashes, the head at its end, and the requests
// that it answers.
#pragma once

#include "model/entry.h"
#include "space/reading.h"
#include "upkeep/findings.h"
#include "upkeep/lineage.h"

namespace spind::upkeep {

// One thread at a time.
class JournalCheck {
 public:
  // Fills the lineage.
  JournalCheck(space::Reading& reading, const model::Head& head, Lineage& lineage,
               Findings& findings, Steps& steps)
      : reading_(reading), head_(head), lineage_(lineage), findings_(findings), steps_(steps) {}
  Status run();
  std::uint64_t entries() const { return entries_; }

 private:
  Status check_entry(const model::Entry& entry);
  Status check_manifests(const model::Entry& entry);
  Status check_rewind(EntryNumber number, EntryNumber to);
  Status count_rewinds();
  Status check_request(const model::Entry& entry);
  Status count_requests();
  void check_head(const model::Digest& chain);

  space::Reading& reading_;
  const model::Head& head_;
  Lineage& lineage_;
  Findings& findings_;
  Steps& steps_;
  std::uint64_t entries_ = 0;
  std::uint64_t requests_ = 0;  // rows that entries found
  std::uint64_t rewinds_ = 0;
  EntryNumber trimmed_ = 0;
  EntryNumber last_ = 0, visible_ = 0;
  std::int64_t time_ns_ = 0;  // of the last entry
};

}  // namespace spind::upkeep
