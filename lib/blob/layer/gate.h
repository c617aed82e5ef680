// Lets many pass at once, and is shut by one who has to be alone. Unlike a shared mutex it lets
// nobody in while somebody waits for it to be empty, however many come.
#pragma once

#include <condition_variable>
#include <mutex>

namespace spind {

// Thread-safe. Nobody enters twice.
class Gate {
 public:
  class Inside {
   public:
    explicit Inside(Gate& gate) : gate_(gate) {
      std::unique_lock lock(gate.mutex_);
      gate.changed_.wait(lock, [&] { return !gate.shut_; });
      ++gate.inside_;
    }
    ~Inside() {
      const std::lock_guard lock(gate_.mutex_);
      if (--gate_.inside_ == 0) gate_.changed_.notify_all();
    }
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;

   private:
    Gate& gate_;
  };

  class Alone {
   public:
    explicit Alone(Gate& gate) : gate_(gate) {
      std::unique_lock lock(gate.mutex_);
      gate.changed_.wait(lock, [&] { return !gate.shut_; });
      gate.shut_ = true;
      gate.changed_.wait(lock, [&] { return gate.inside_ == 0; });
    }
    ~Alone() {
      const std::lock_guard lock(gate_.mutex_);
      gate_.shut_ = false;
      gate_.changed_.notify_all();
    }
    Alone(const Alone&) = delete;
    Alone& operator=(const Alone&) = delete;

   private:
    Gate& gate_;
  };

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t inside_ = 0;
  bool shut_ = false;
};

}  // namespace spind
