// A store that lies over another and hands all to it: for those that change a few calls.
#pragma once

#include <memory>
#include <utility>

#include "kv/kv.h"

namespace spind::kv {

class StoreOver : public Store {
 public:
  Answer update(std::vector<std::string> partitions, const Body& body) override {
    return below_->update(std::move(partitions), body);
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
  Status forget_replaced(std::span<const Range> ranges) override {
    return below_->forget_replaced(ranges);
  }
  Status health() override { return below_->health(); }
  Metrics metrics() override { return below_->metrics(); }

 protected:
  explicit StoreOver(std::unique_ptr<Store> below) : below_(std::move(below)) {}

  const std::unique_ptr<Store> below_;
};

}  // namespace spind::kv
