// How a version names its bytes: not at all (empty), as an attachment of the entry that wrote it
// (inline), as one piece, or as a list of pieces kept in an attachment (a manifest).
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "spind/types.h"

namespace spind::model {

// SHA-256 of the piece's bytes; keyed in a vault with encryption.
using PieceId = std::array<std::uint8_t, 32>;

struct Piece {
  PieceId id{};
  std::uint64_t size_bytes = 0;
  bool operator==(const Piece&) const = default;
};

// Attachments of an entry are numbered from 0.
struct AttachmentId {
  EntryNumber entry = 0;
  std::uint32_t index = 0;
  bool operator==(const AttachmentId&) const = default;
};

enum class ContentKind : std::uint8_t { empty = 0, inline_bytes = 1, piece = 2, manifest = 3 };

struct ContentRef {
  ContentKind kind = ContentKind::empty;
  AttachmentId attachment;  // inline_bytes and manifest
  PieceId piece{};          // piece
  bool has_attachment() const {
    return kind == ContentKind::inline_bytes || kind == ContentKind::manifest;
  }
  bool operator==(const ContentRef&) const = default;
};

}  // namespace spind::model
