// The Upload of this room: gathers pieces, sends the full ones to the workers, and stores the last
// one itself. Memory is bounded by the budgets in Resources.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/sha256_parts.h"
#include "content/content.h"
#include "content/resources.h"

namespace spind::content {

// The hashes of a whole file and of its pieces, as its bytes come by. One thread at a time.
class FileHashes {
 public:
  explicit FileHashes(std::uint8_t checksums_wanted);
  void update(Bytes bytes);
  // The piece ends with the last byte that came by.
  Sha256 end_piece() { return sha256_.finish_part(); }
  // Of the whole file; the last piece has ended.
  void finish(Stored& stored);

 private:
  Sha256Parts sha256_;
  std::optional<Hasher> sha1_, md5_, adler32_;
};

// One thread at a time. After an error every further call answers the same.
class PieceUpload final : public Upload {
 public:
  // With the claim that it is given, for the owner's space, or one of its own.
  PieceUpload(Resources& resources, const Owner& owner, std::uint8_t checksums_wanted,
              Interrupt interrupt, std::shared_ptr<Claim> claim = nullptr);
  ~PieceUpload() override;

  // no_space, io_error, unavailable, limit_exceeded, or what the interrupt says.
  Status append(Bytes bytes) override;
  Result<Stored> finish() override;
  Result<Stored> finish_as_pieces() override;

 private:
  // A piece with the memory that it lies in.
  struct Piece {
    PieceBuffer buffer;
    MemoryBudget::Lease lease;
  };
  struct Flight;

  Status going_on() const;
  Status add(Bytes bytes);
  Status gather(Bytes bytes);
  Status fill(Bytes bytes);
  Status leave_small(std::size_t size_bytes);
  Status take_buffer(std::size_t size_bytes);
  std::optional<MemoryBudget::Lease> try_take_large();
  Status grow_or_dispatch();
  Result<model::PieceId> end_piece(const PieceBuffer& buffer);
  Status dispatch();
  Status store(PieceBuffer& buffer, const model::PieceId& piece, const Interrupt& interrupt);
  Status land(bool only_first);
  Result<Stored> finish_pieces();

  Resources& resources_;
  const Owner owner_;
  const model::VaultId vault_;
  const Interrupt interrupt_;
  const std::shared_ptr<Claim> claim_;

  FileHashes hashes_;
  std::uint64_t size_ = 0;
  std::optional<Error> failed_;
  std::atomic<bool> dropped_{false};  // what is on its way is not wanted any more

  std::string small_;  // while all fits into kInlineBytesMax
  std::unique_ptr<Piece> filling_;
  std::optional<Cutter> cutter_;                 // where pieces end by their content
  bool patient_ = true;                          // has not yet waited in vain for a large buffer
  std::deque<std::shared_ptr<Flight>> flights_;  // in the order of their pieces
  std::vector<std::unique_ptr<Piece>> spare_;    // came back from flights
  std::vector<model::Piece> pieces_;
};

}  // namespace spind::content
