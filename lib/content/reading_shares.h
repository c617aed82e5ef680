// Divides the memory for reading among those who read, so that one alone reads far ahead and a
// crowd reads on, each a little at a time.
#pragma once

#include <cstdint>
#include <list>
#include <mutex>
#include <optional>

#include "base/clock.h"
#include "content/memory_budget.h"
#include "spind/blob_store.h"

namespace spind::content {

// Thread-safe. Outlives its readers.
class ReadingShares {
 public:
  // Holds memory between its reads.
  class Reader {
   public:
    // Gives back what it holds above so much, as far as it can at once: nothing while it is read.
    // Returns what it still holds. Called by threads of other readers.
    virtual std::uint64_t shrink_to(std::uint64_t bytes) = 0;

   protected:
    ~Reader() = default;

   private:
    friend class ReadingShares;
    std::optional<std::list<Reader*>::iterator> place_;  // among the readers
    std::int64_t read_ns_ = 0;
  };

  ReadingShares(std::uint64_t size_bytes, Clock& clock) : budget_(size_bytes), clock_(clock) {}

  // It reads now: how much it may hold. Who has not read for some seconds is nobody to share with.
  std::uint64_t share_of(Reader& reader);
  // Before it is destroyed, or when it holds nothing any more.
  void leave(Reader& reader);

  // For one who reads. Others give back what is above their share; where that is not enough it
  // waits for `bytes_min`, as MemoryBudget::take does. Whoever asks must hold nothing.
  Result<MemoryBudget::Lease> take(Reader& reader, std::uint64_t bytes, std::uint64_t bytes_min,
                                   const Interrupt& interrupt);
  std::optional<MemoryBudget::Lease> try_take(std::uint64_t bytes) {
    return budget_.try_take(bytes);
  }

  std::uint64_t all_bytes() const { return budget_.all_bytes(); }
  std::uint64_t used_bytes() { return budget_.used_bytes(); }

 private:
  std::uint64_t share_bytes() const;
  void send_home_who_rests(std::int64_t now_ns);
  void shrink_others(const Reader& reader);
  void drop(Reader& reader);

  MemoryBudget budget_;
  Clock& clock_;
  std::mutex mutex_;            // held before a reader's own, which is only tried then
  std::list<Reader*> readers_;  // that hold memory or want some; who read last stands last
};

}  // namespace spind::content
