#include "kv/fence.h"

#include <utility>

#include "kv/store_over.h"

namespace spind::kv {
namespace {

class FencedStore final : public StoreOver {
 public:
  FencedStore(std::unique_ptr<Store> below, const Fence& fence)
      : StoreOver(std::move(below)), fence_(fence) {}

  Answer update(std::vector<std::string> partitions, const Body& body) override {
    Status open = fence_.may_write();
    if (!open.ok()) return {std::move(open), below_->latest()};
    return below_->update(std::move(partitions), body);
  }
  Status forget_replaced(std::span<const Range> ranges) override {
    Status open = fence_.may_write();
    return open.ok() ? below_->forget_replaced(ranges) : std::move(open);
  }
  Status health() override {
    Status open = fence_.may_write();
    return open.ok() ? below_->health() : std::move(open);
  }

 private:
  const Fence& fence_;
};

}  // namespace

void Fence::close(const Error& why) {
  const std::lock_guard lock(mutex_);
  if (closed_.load(std::memory_order_relaxed)) return;
  why_ = why;
  closed_.store(true, std::memory_order_release);
}

Status Fence::may_write() const {
  if (!closed_.load(std::memory_order_acquire)) return {};
  const std::lock_guard lock(mutex_);
  return why_;
}

std::unique_ptr<Store> fence_writes(std::unique_ptr<Store> below, const Fence& fence) {
  return std::make_unique<FencedStore>(std::move(below), fence);
}

}  // namespace spind::kv
