#include "content/claims.h"

namespace spind::content {

Claim::~Claim() {
  const std::lock_guard lock(claims_.mutex_);
  for (const std::string& key : keys_) {
    const auto found = claims_.by_key_.find(key);
    if (found == claims_.by_key_.end()) continue;  // the upload has the piece twice
    found->second.erase(this);
    if (found->second.empty()) claims_.by_key_.erase(found);
  }
}

void Claim::add(const model::VaultId& vault, const model::PieceId& piece) {
  std::string key = model::unchecked_key(vault, piece, space_);
  renew();
  const std::lock_guard lock(claims_.mutex_);
  claims_.by_key_[key].insert(this);
  keys_.push_back(std::move(key));
}

void Claim::renew() { renewed_ns_.store(claims_.clock_.monotonic_ns()); }

void Claim::rests_on(kv::Ticket ticket) {
  const std::lock_guard lock(claims_.mutex_);
  tickets_.push_back(ticket);
}

std::vector<kv::Ticket> Claim::tickets() const {
  const std::lock_guard lock(claims_.mutex_);
  return tickets_;
}

Status Claim::check() const {
  if (lapsed_.load()) return Error{Code::aborted, "the upload was idle for too long"};
  return {};
}

std::shared_ptr<Claim> Claims::claim(const SpaceId& space) {
  std::shared_ptr<Claim> claim(new Claim(*this, space));
  claim->renew();
  return claim;
}

bool Claims::held(const model::VaultId& vault, const model::PieceId& piece, const SpaceId& space) {
  const std::int64_t now = clock_.monotonic_ns();
  const std::lock_guard lock(mutex_);
  const auto found = by_key_.find(model::unchecked_key(vault, piece, space));
  if (found == by_key_.end()) return false;
  bool held = false;
  for (Claim* claim : found->second) {
    if (now - claim->renewed_ns_.load() > kClaimIdleNsMax) claim->lapsed_.store(true);
    held = held || !claim->lapsed_.load();
  }
  return held;
}

}  // namespace spind::content
