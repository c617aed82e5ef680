// Which spaces of the store changed lately, in the order of their last changes: from what each
// group sync announces, in memory and bounded in spaces.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "kv/kv.h"
#include "space/space_hash.h"

namespace spind::space {

// Thread-safe.
class ChangedSpaces final : public kv::Observer {
 public:
  // A place in the order of changes. 0: before the first one.
  using Mark = std::uint64_t;

  explicit ChangedSpaces(std::size_t count_max) : count_max_(count_max) {}

  struct Page {
    std::vector<SpaceId> spaces;  // each once, the one that changed last at the end
    Mark mark = 0;                // behind them
    bool more = false;
  };
  // None: spaces that changed behind the mark were forgotten, or it is from no order of ours.
  std::optional<Page> since(Mark mark, std::size_t count_max) const;
  Mark now() const;

  void publishing(kv::Ticket ticket, std::span<const kv::Row> rows) override;
  void published(kv::Ticket ticket) override;
  void reopened() override;

 private:
  void note(const SpaceId& space);

  const std::size_t count_max_;
  std::vector<SpaceId> announced_;  // not yet published; of the thread that publishes

  mutable std::mutex mutex_;  // guards what follows
  Mark last_ = 0;
  Mark forgotten_ = 0;  // what changed at or before this mark may have been forgotten
  std::map<Mark, SpaceId> by_mark_;
  std::unordered_map<SpaceId, Mark, SpaceHash> marks_;
};

}  // namespace spind::space
