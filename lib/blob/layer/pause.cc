#include "blob/layer/pause.h"

#include <chrono>
#include <memory>
#include <thread>

namespace spind {
namespace {

class SystemPause final : public Pause {
 public:
  void pause(std::int64_t nanoseconds) override {
    if (nanoseconds > 0) std::this_thread::sleep_for(std::chrono::nanoseconds(nanoseconds));
  }
};

}  // namespace

Pause& Pause::system() {
  static Pause* const pause = std::make_unique<SystemPause>().release();
  return *pause;
}

}  // namespace spind
