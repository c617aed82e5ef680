// A key provider that is asked with a time limit, and whose failures all read alike.
#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "base/secret.h"
#include "spind/key_provider.h"

namespace spind::keys {

inline constexpr std::chrono::milliseconds kKeyProviderTimeout{10'000};
// Calls that were given up and have not ended. While there are so many no other is begun.
inline constexpr std::size_t kHungCallsMax = 8;
inline constexpr std::size_t kProviderKeyIdBytesMax = 255;
inline constexpr std::size_t kWrappedBytesMax = 4096;

// While it lives, calls of this thread wait no longer than `left` for any provider: whoever uses
// keys is far below whoever knows how much time there is. No value: as long as the provider is
// given.
class Patience {
 public:
  explicit Patience(std::optional<std::chrono::nanoseconds> left);
  ~Patience();
  Patience(const Patience&) = delete;
  Patience& operator=(const Patience&) = delete;

 private:
  const std::optional<std::chrono::steady_clock::time_point> before_;
};

// Each call runs in a thread of its own, which is left to itself when its time is over, or the
// caller's; the provider lives until the last of them has ended. All errors are key_unavailable.
// Thread-safe.
class GuardedKeys {
 public:
  explicit GuardedKeys(KeyProviderPtr provider,
                       std::chrono::milliseconds timeout = kKeyProviderTimeout);
  ~GuardedKeys();

  Result<std::string> current_key_id();
  Result<WrappedKey> wrap(Bytes plain, std::string_view context);
  Result<Secret> unwrap(const WrappedKey& wrapped, std::string_view context,
                        std::size_t plain_bytes);

 private:
  struct Shared;
  template <class Answer>
  struct Asked;
  template <class Answer, class Ask>
  Result<Answer> within_time(Ask ask);

  const std::shared_ptr<Shared> shared_;
  const std::chrono::milliseconds timeout_;
};

}  // namespace spind::keys
