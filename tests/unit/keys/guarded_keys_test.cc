#include "keys/guarded_keys.h"

#include <doctest/doctest.h>

#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <string>

#include "keys/key_list.h"

namespace spind::keys {
namespace {

// Answers as it is told to, or not before it is let go.
class OddKeys final : public KeyProvider {
 public:
  Result<std::string> current_key_id() override {
    std::unique_lock lock(mutex_);
    ++inside_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !hang_; });
    --inside_;
    changed_.notify_all();
    if (throws) throw std::runtime_error("a text that may hold a key");
    return id;
  }
  Result<WrappedKey> wrap(std::span<const std::uint8_t> plain, std::string_view) override {
    return WrappedKey{"odd", std::string(plain.begin(), plain.end())};
  }
  Status unwrap(const WrappedKey&, std::string_view, std::span<std::uint8_t>) override {
    return Error{.code = Code::io_error, .text = "no route to the service"};
  }

  void hang(bool on) {
    const std::lock_guard lock(mutex_);
    hang_ = on;
    changed_.notify_all();
  }
  void wait_for_inside(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return inside_ == count; });
  }

  std::string id = "odd";
  bool throws = false;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool hang_ = false;
  std::size_t inside_ = 0;
};

TEST_CASE("guarded keys: whatever a provider says or does is key_unavailable") {
  const auto odd = std::make_shared<OddKeys>();
  GuardedKeys keys(odd);
  CHECK(*keys.current_key_id() == "odd");
  CHECK(keys.unwrap({"odd", "x"}, "test", 4).error().to_string() ==
        "key_unavailable: the key provider has no answer: no route to the service");
  CHECK(keys.wrap({}, "test").code() == Code::key_unavailable);  // answered without bytes
  CHECK(keys.wrap(as_bytes(std::string(kWrappedBytesMax + 1, 'x')), "test").code() ==
        Code::key_unavailable);
  odd->id = std::string(kProviderKeyIdBytesMax + 1, 'i');
  CHECK(keys.current_key_id().code() == Code::key_unavailable);
  odd->throws = true;
  CHECK(keys.current_key_id().code() == Code::key_unavailable);
  CHECK(keys.current_key_id().error().text.find("may hold a key") == std::string::npos);
}

TEST_CASE("guarded keys: one that hangs is given up in time, and asked again once it goes on") {
  const auto odd = std::make_shared<OddKeys>();
  {
    GuardedKeys keys(odd, std::chrono::milliseconds(20));
    odd->hang(true);
    for (std::size_t i = 0; i < kHungCallsMax; ++i) {
      const auto id = keys.current_key_id();
      CHECK(id.code() == Code::key_unavailable);
      CHECK(id.error().text.find("did not answer") != std::string::npos);
    }
    CHECK(keys.current_key_id().error().text.find("earlier calls") != std::string::npos);
    odd->hang(false);
    odd->wait_for_inside(0);
    GuardedKeys patient(odd);
    CHECK(*patient.current_key_id() == "odd");
    odd->hang(true);
    CHECK(keys.current_key_id().code() == Code::key_unavailable);
  }
  // The guard is gone while a call is inside.
  odd->hang(false);
  odd->wait_for_inside(0);
}

}  // namespace
}  // namespace spind::keys
