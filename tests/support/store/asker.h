// Requests at random, for one of several threads that ask a space at the same time.
#pragma once

#include <random>
#include <string>

#include "support/store/request.h"

namespace spind::test {

// Few names and few ids, so that all threads meet at them. One thread at a time.
class Asker {
 public:
  // `copies`: how often they are asked for, against some 120 of all else.
  explicit Asker(std::uint64_t seed, std::uint32_t copies) : random_(seed), copies_(copies) {}

  Request next();
  // Later requests are about what was answered.
  void hear(const Answer& answer);

 private:
  Verb verb();
  Ref reference();
  std::uint32_t below(std::uint32_t bound) { return static_cast<std::uint32_t>(random_() % bound); }

  std::mt19937_64 random_;
  const std::uint32_t copies_;
  std::string last_etag_ = "\"none yet\"";
};

}  // namespace spind::test
