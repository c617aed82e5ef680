// Subtrees that are being staged now, by copies that run. Any other staged subtree was left by one
// that ended: by a crash, or where giving it up failed.
#pragma once

#include <mutex>
#include <set>
#include <utility>

#include "spind/types.h"

namespace spind::ops {

// Thread-safe.
class Stagings {
 public:
  // One copy's part in it. One thread at a time.
  class Running {
   public:
    explicit Running(Stagings& stagings, const SpaceId& space)
        : stagings_(stagings), space_(space) {}
    ~Running() { set(0); }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

    // The entry that stages its top, before it is committed; another one where that is tried again.
    void set(EntryNumber entry) {
      const std::lock_guard lock(stagings_.mutex_);
      if (entry_ != 0) stagings_.running_.erase({space_, entry_});
      entry_ = entry;
      if (entry_ != 0) stagings_.running_.insert({space_, entry_});
    }
    EntryNumber entry() const { return entry_; }

   private:
    Stagings& stagings_;
    const SpaceId space_;
    EntryNumber entry_ = 0;
  };

  bool runs(const SpaceId& space, EntryNumber entry) {
    const std::lock_guard lock(mutex_);
    return running_.contains({space, entry});
  }

 private:
  std::mutex mutex_;
  std::set<std::pair<SpaceId, EntryNumber>> running_;
};

}  // namespace spind::ops
