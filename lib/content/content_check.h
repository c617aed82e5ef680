// Goes through all vaults as a snapshot shows them, for a check of the store.
#pragma once

#include "content/content.h"
#include "content/resources.h"

namespace spind::content {

// One thread at a time. Borrows everything.
class ContentCheck {
 public:
  using Visit = std::function<Status(const Content::PieceState&)>;
  ContentCheck(Resources& resources, const kv::Snapshot& snapshot, bool read_bytes,
               const Visit& visit)
      : resources_(resources), snapshot_(snapshot), read_bytes_(read_bytes), visit_(visit) {}

  Status run();

 private:
  Status visit_pieces(const model::VaultId& vault, std::uint8_t bucket);
  Status visit_stray_holders(const model::VaultId& vault, std::uint8_t bucket);
  Status count_holders(const model::VaultId& vault, Content::PieceState& state);
  Result<bool> is_stray(const model::VaultId& vault, const model::PieceId& piece,
                        const SpaceId& space);

  Resources& resources_;
  const kv::Snapshot& snapshot_;
  const bool read_bytes_;
  const Visit& visit_;
};

}  // namespace spind::content
