// Bytes that were found damaged, and which versions suffer.
#pragma once

#include <map>
#include <span>

#include "kv/kv.h"
#include "model/vault_rows.h"
#include "space/reading.h"
#include "upkeep/findings.h"

namespace spind::upkeep {

struct DamagedPiece {
  model::VaultId vault{};
  model::PieceId piece{};
  Error error;
  bool told = false;
};
struct DamagedAttachment {
  SpaceId space;
  model::AttachmentId id;
  Error error;
  bool told = false;
};

// One thread at a time.
class Damage {
 public:
  bool empty() const { return pieces_.empty() && attachments_.empty(); }
  std::size_t count() const { return pieces_.size() + attachments_.size(); }
  void add(DamagedPiece piece) { pieces_.push_back(std::move(piece)); }
  void add(DamagedAttachment attachment) { attachments_.push_back(std::move(attachment)); }

  // A finding for each version that refers to one of them, or else for the bytes alone; then there
  // are none any more. `step` may end it with an error, and then all is still to be told.
  Status tell(const kv::SnapshotRef& snapshot, Findings& findings,
              const std::function<Status()>& step);

 private:
  // What is damaged and may be referred to in one space.
  struct InSpace {
    std::map<model::PieceId, DamagedPiece*> pieces;
    std::map<std::string, DamagedAttachment*> attachments;  // by key
  };
  using BySpace = std::map<SpaceId, InSpace>;
  Status tell_spaces(const kv::SnapshotRef& snapshot, BySpace& spaces, Findings& findings,
                     const std::function<Status()>& step);
  static Status tell_version(const space::Reading& reading, const InSpace& damaged,
                             Findings& findings, NodeId node, const model::VersionRecord& version);

  std::vector<DamagedPiece> pieces_;
  std::vector<DamagedAttachment> attachments_;
  bool locked_ = false;  // some space could not be looked at
};

}  // namespace spind::upkeep
