// Lets one at a time change what lies under a name.
#pragma once

#include <condition_variable>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

namespace spind {

// Thread-safe. Holds as many names as there are callers.
class NameLatch {
 public:
  class Hold {
   public:
    Hold(NameLatch& latch, std::string_view name) : latch_(latch) {
      std::unique_lock lock(latch.mutex_);
      latch.freed_.wait(lock, [&] { return !latch.held_.contains(name); });
      name_ = latch.held_.emplace(name).first;
    }
    ~Hold() {
      {
        const std::lock_guard lock(latch_.mutex_);
        latch_.held_.erase(name_);
      }
      latch_.freed_.notify_all();
    }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

   private:
    NameLatch& latch_;
    std::set<std::string, std::less<>>::iterator name_;
  };

 private:
  std::mutex mutex_;
  std::condition_variable freed_;
  std::set<std::string, std::less<>> held_;
};

}  // namespace spind
