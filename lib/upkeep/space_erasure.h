// Erases a space that was purged, once its floor has passed all of it: then no state of it can be
// reached, and what is left is rows to be taken away and pieces that the vault keeps for it.
#pragma once

#include <functional>

#include "content/content.h"
#include "model/vault_rows.h"
#include "upkeep/purged_erasure.h"

namespace spind::upkeep {

// Pieces that one commit lets go of.
inline constexpr std::size_t kPiecesAStep = 64;

// Whether it is one. Of such a space only its record, its head, and what the vault keeps for it
// have to be whole.
inline bool is_going(const model::SpaceRecord& info, const model::Head& head) {
  return info.state == SpaceStatus::purged && head.floor == head.entry;
}

// Fills a commit; may run more than once.
using Step = std::function<Status(kv::Transaction& rows, space::State& state)>;
// Makes one commit of the space that owns the partitions. They become durable in their order; one
// that tells the vault something is durable when it returns.
using CommitStep = std::function<Status(std::vector<std::string> partitions, const Step& step)>;

// One thread at a time.
class SpaceErasure {
 public:
  SpaceErasure(kv::Store& kv, content::Content& content, const SpaceId& space,
               const model::VaultId& vault, CommitStep commit)
      : kv_(kv), content_(content), space_(space), vault_(vault), commit_(std::move(commit)) {}

  Status run();

 private:
  Status let_go_of_pieces(model::SpaceRow row);
  Status erase_rows(kv::Family family);
  Status erase_last_rows();

  kv::Store& kv_;
  content::Content& content_;
  const SpaceId space_;
  const model::VaultId vault_;
  const CommitStep commit_;
};

}  // namespace spind::upkeep
