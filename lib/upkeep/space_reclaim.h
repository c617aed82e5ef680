// Erases what the floor of one space has passed. README.md tells in which order, and why.
#pragma once

#include <functional>

#include "content/content.h"
#include "model/vault_rows.h"
#include "upkeep/lineage.h"
#include "upkeep/purged_erasure.h"
#include "upkeep/space_erasure.h"

namespace spind::upkeep {

// Entries of the journal that one commit erases.
inline constexpr EntryNumber kEntriesAStep = 64;
// Steps that share a sync.
inline constexpr unsigned kStepsASync = 16;

// One thread at a time, and one at a time for a space.
class SpaceReclaim {
 public:
  // `between` is asked between steps, and ends it all with an error; what was done stays done.
  SpaceReclaim(kv::Store& kv, content::Content& content, std::uint64_t epoch, const SpaceId& space,
               std::function<Status()> between)
      : kv_(kv), content_(content), epoch_(epoch), space_(space), between_(std::move(between)) {}

  // Everything at or below the floor that the space's head has in the durable snapshot.
  Status run();
  const Erased& erased() const { return erased_; }

 private:
  Status start();
  Status erase_below_floor();
  Status erase_space();
  Status erase_purged();
  Status erase_unused();
  Status erase_dropped();
  Status let_go(const std::vector<std::string>& dropped);
  Status trim_journal();
  Status trim_entry(kv::Transaction& rows, space::State& state, EntryNumber number);
  Status erase_attachments(kv::Transaction& rows, EntryNumber number);
  Status commit(std::vector<std::string> partitions, const Step& step);
  Status check_kept();
  Status settle();
  Result<std::vector<std::string>> keys_from(const std::string& begin, model::SpaceRow row,
                                             std::size_t count_max);
  std::string first_of(model::SpaceRow row) const;

  kv::Store& kv_;
  content::Content& content_;
  const std::uint64_t epoch_;
  const SpaceId space_;
  const std::function<Status()> between_;
  EntryNumber floor_ = 0, trimmed_ = 0;
  bool going_ = false;  // all of it
  model::VaultId vault_{};
  Lineage lineage_;  // of the state at the floor
  Erased erased_, by_step_;
  kv::Ticket last_ = 0;
  unsigned unsettled_ = 0;  // steps since it was last waited for one
};

// The last entry that is gone from the journal.
Result<EntryNumber> read_trimmed(const kv::View& view, const SpaceId& space);

}  // namespace spind::upkeep
