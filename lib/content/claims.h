// Which pieces are claimed by an upload whose commit is still to come. The collector leaves those
// alone; after a crash there are no claims, and what was claimed goes.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "kv/kv.h"
#include "model/vault_rows.h"

namespace spind::content {

// A claim that was not renewed for so long belongs to an upload that was forgotten.
inline constexpr std::int64_t kClaimIdleNsMax = std::int64_t{24} * 3600 * 1'000'000'000;

class Claims;

// The claims of one upload, from before its first piece is stored until its commit is decided.
// Thread-safe.
class Claim {
 public:
  ~Claim();
  Claim(const Claim&) = delete;
  Claim& operator=(const Claim&) = delete;

  void add(const model::VaultId& vault, const model::PieceId& piece);
  void renew();
  // A commit of the vault that the claim rests on.
  void rests_on(kv::Ticket ticket);
  std::vector<kv::Ticket> tickets() const;
  // aborted if the claim has lapsed. Asked by the body that commits the references, which owns the
  // space: then a claim that holds is one that the collector, which would need that ownership as
  // well, cannot have passed over.
  Status check() const;

 private:
  friend class Claims;
  Claim(Claims& claims, const SpaceId& space) : claims_(claims), space_(space) {}

  Claims& claims_;
  const SpaceId space_;
  std::atomic<std::int64_t> renewed_ns_ = 0;
  std::atomic<bool> lapsed_ = false;
  std::vector<std::string> keys_;  // guarded by the mutex of claims_, as is the next
  std::vector<kv::Ticket> tickets_;
};

// Thread-safe. Outlives its claims.
class Claims {
 public:
  explicit Claims(Clock& clock) : clock_(clock) {}

  std::shared_ptr<Claim> claim(const SpaceId& space);
  // Whether a claim on the piece for this space holds; those that are idle for too long lapse now.
  bool held(const model::VaultId& vault, const model::PieceId& piece, const SpaceId& space);

 private:
  friend class Claim;
  Clock& clock_;
  std::mutex mutex_;
  std::unordered_map<std::string, std::set<Claim*>> by_key_;
};

}  // namespace spind::content
