// Writers, who read back what they put, and upkeep on one store whose blobs may fail at any time:
// each step is tried until it is done, and what was done is held against what is read.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <set>
#include <string>

#include "spind/store.h"
#include "support/store/ledger.h"

namespace spind::test {

// One thread at a time.
class ChaosLoad {
 public:
  // `allowed`: how a call may fail, and then be tried again.
  ChaosLoad(std::uint64_t seed, std::set<Code> allowed)
      : seed_(seed), allowed_(std::move(allowed)), ledger_(seed) {}

  // So many steps of each writer, spaces that come and go, and collections beside them. Ends when
  // all is done.
  void run(const Store& store, std::uint64_t steps);
  // Tries until it works, as the host of a store does.
  void until_it_works(const char* what, const std::function<Status()>& call);

  // What the store holds against what was acknowledged; nothing runs beside it.
  Ledger::Verdict settle(const Store& store);

  std::uint64_t wrong() const { return wrong_; }
  std::uint64_t refused() const { return refused_; }
  // What went wrong otherwise: calls that failed as none may, or would not end.
  std::string text();

 private:
  void write(const Space& space, std::uint32_t writer, std::uint64_t steps);
  void read_back(const Space& space, const WriterStep& step);
  void look_after(const Store& store);
  bool may_work_again(const char* what, const Error& error);
  void note(const std::string& line);

  const std::uint64_t seed_;
  const std::set<Code> allowed_;
  std::mutex mutex_;
  Ledger ledger_;     // under mutex_
  std::string text_;  // under mutex_
  std::atomic<std::uint32_t> writing_ = 0;
  std::atomic<std::uint64_t> wrong_ = 0, refused_ = 0;
};

}  // namespace spind::test
