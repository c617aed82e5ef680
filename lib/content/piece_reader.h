// Reads whole pieces, and says whether they are what their names say.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "content/content.h"
#include "content/resources.h"

namespace spind::content {

Content::PieceState state_of(const model::VaultId& vault, const model::PieceId& piece);

// One thread at a time. Borrows everything; the snapshot pins what is read.
class PieceReader {
 public:
  PieceReader(Resources& resources, const kv::Snapshot& snapshot)
      : resources_(resources), snapshot_(snapshot) {}

  // Reads the piece of the state, whose row that is: every frame, and all of them together. What is
  // sealed with keys that cannot be had is not opened.
  void verify(const model::VaultId& vault, const model::PieceRow& row, Content::PieceState& state);
  // See Content::read_next. Who holds the piece is not counted.
  Result<std::optional<Content::PieceState>> read_next(std::string& position);

 private:
  Result<std::optional<Content::PieceState>> read_in(const model::VaultId& vault,
                                                     std::string& position);
  bool suspects(const model::VaultId& vault, const model::PieceId& piece,
                const model::PieceRow& row, const Status& read);
  Status read_whole(const model::VaultId& vault, const model::PieceId& piece,
                    const model::PieceRow& row);
  Status read_stored(const model::VaultId& vault, const model::PieceId& piece,
                     const model::PieceRow& row);

  Resources& resources_;
  const kv::Snapshot& snapshot_;
  std::vector<std::uint8_t> buffer_;
};

}  // namespace spind::content
