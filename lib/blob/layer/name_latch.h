// Lets one at a time change what lies under a name.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "blob/interrupt.h"

namespace spind {

// Thread-safe. Holds as many names as there are callers.
class NameLatch {
 public:
  class Hold {
   public:
    Hold(NameLatch& latch, std::string_view name, const Interrupt& interrupt = nullptr)
        : latch_(latch) {
      std::unique_lock lock(latch.mutex_);
      const auto is_free = [&] { return !latch.held_.contains(name); };
      if (!wait_unless(latch.freed_, lock, interrupt, is_free).ok()) return;
      name_ = latch.held_.emplace(name).first;
    }
    ~Hold() {
      if (!name_) return;
      {
        const std::lock_guard lock(latch_.mutex_);
        latch_.held_.erase(*name_);
      }
      latch_.freed_.notify_all();
    }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

    // False only where the interrupt came first.
    bool holds() const { return name_.has_value(); }

   private:
    NameLatch& latch_;
    std::optional<std::set<std::string, std::less<>>::iterator> name_;
  };

 private:
  std::mutex mutex_;
  std::condition_variable freed_;
  std::set<std::string, std::less<>> held_;
};

}  // namespace spind
