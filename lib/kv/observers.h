// Several observers as one: each hears everything, in the order in which they are named.
#pragma once

#include <utility>
#include <vector>

#include "kv/kv.h"

namespace spind::kv {

// As thread-safe as an observer has to be. What it names must outlive it.
class Observers final : public Observer {
 public:
  explicit Observers(std::vector<Observer*> all) : all_(std::move(all)) {}

  void publishing(Ticket ticket, std::span<const Row> rows) override {
    for (Observer* one : all_) one->publishing(ticket, rows);
  }
  void published(Ticket ticket) override {
    for (Observer* one : all_) one->published(ticket);
  }
  void reopened() override {
    for (Observer* one : all_) one->reopened();
  }

 private:
  const std::vector<Observer*> all_;
};

}  // namespace spind::kv
