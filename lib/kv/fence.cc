#include "kv/fence.h"

#include <utility>

namespace spind::kv {
namespace {

class FencedStore final : public Store {
 public:
  FencedStore(std::unique_ptr<Store> below, const Fence& fence)
      : below_(std::move(below)), fence_(fence) {}

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

  Status wait(Ticket ticket, std::int64_t deadline_monotonic_ns) override {
    return below_->wait(ticket, deadline_monotonic_ns);
  }
  Status catch_up(std::int64_t deadline_monotonic_ns) override {
    return below_->catch_up(deadline_monotonic_ns);
  }
  std::optional<Status> verdict(Ticket ticket) override { return below_->verdict(ticket); }
  void on_durable(Ticket ticket, std::function<void(Status)> done) override {
    below_->on_durable(ticket, std::move(done));
  }
  SnapshotRef durable() override { return below_->durable(); }
  Ticket oldest_snapshot() override { return below_->oldest_snapshot(); }
  Ticket latest() override { return below_->latest(); }
  Status checkpoint(const std::string& folder) override { return below_->checkpoint(folder); }
  Metrics metrics() override { return below_->metrics(); }

 private:
  const std::unique_ptr<Store> below_;
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
