// The Carrier of this room. What is one small piece is brought by workers, several at once, so that
// they share syncs and requests; what is larger goes through an upload of its own, which has pieces
// on their way itself. Either way the other vault cuts and names it as if it had been put there.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "content/content.h"
#include "content/piece_source.h"
#include "content/resources.h"

namespace spind::content {

// One thread at a time. After an error every further call answers the same.
class PieceCarrier final : public Carrier {
 public:
  PieceCarrier(Resources& resources, kv::SnapshotRef snapshot, const Owner& from, const Owner& to,
               CarrierHooks hooks);
  ~PieceCarrier() override;

  Status add(Load load) override;
  Result<Brought> finish() override;

 private:
  struct Flight;

  Status going_on() const;
  Status begin(Load load);
  Status dispatch(Load load);
  Status fly(Flight& flight);
  Status bring_large(const Load& load);
  Status land(std::size_t left_flying);
  PieceSource source_of(const Load& load) const;

  Resources& resources_;
  const kv::SnapshotRef snapshot_;
  const model::VaultId from_vault_;
  const Owner to_;
  const model::VaultId to_vault_;
  const CarrierHooks hooks_;
  const std::shared_ptr<Claim> claim_;  // on all that is brought

  std::vector<Stored> files_;
  std::optional<Error> failed_;
  std::atomic<bool> dropped_{false};             // what is on its way is not wanted any more
  std::deque<std::shared_ptr<Flight>> flights_;  // in the order in which they were added
};

}  // namespace spind::content
