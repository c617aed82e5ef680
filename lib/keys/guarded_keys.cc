#include "keys/guarded_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>

#include "base/try.h"

namespace spind::keys {
namespace {

using Steady = std::chrono::steady_clock;

thread_local constinit std::optional<Steady::time_point> patience_ends;

Steady::time_point end_of_wait(Steady::time_point begin, std::chrono::milliseconds timeout) {
  return std::min(begin + timeout, patience_ends.value_or(Steady::time_point::max()));
}

Error told_alike(const Error& error) {
  return {.code = Code::key_unavailable,
          .text = "the key provider has no answer: " + error.text,
          .path = error.path};
}

Status sound(const WrappedKey& wrapped) {
  if (wrapped.key_id.empty() || wrapped.key_id.size() > kProviderKeyIdBytesMax ||
      wrapped.bytes.empty() || wrapped.bytes.size() > kWrappedBytesMax)
    return Error{.code = Code::key_unavailable,
                 .text =
                     "the key provider answered with an id or a wrapped key that is empty or too "
                     "long"};
  return {};
}

}  // namespace

Patience::Patience(std::optional<std::chrono::nanoseconds> left) : before_(patience_ends) {
  if (left && *left < Steady::time_point::max() - Steady::now())
    patience_ends = Steady::now() + *left;
}
Patience::~Patience() { patience_ends = before_; }

struct GuardedKeys::Shared {
  KeyProviderPtr provider;
  std::atomic<std::size_t> hung{0};
};

template <class Answer>
struct GuardedKeys::Asked {
  std::mutex mutex;
  std::condition_variable answered;
  std::optional<Result<Answer>> answer;
  bool given_up = false;
};

GuardedKeys::GuardedKeys(KeyProviderPtr provider, std::chrono::milliseconds timeout)
    : shared_(std::make_shared<Shared>()), timeout_(timeout) {
  shared_->provider = std::move(provider);
}
GuardedKeys::~GuardedKeys() = default;

// `ask` holds all that it needs: it may still run when nobody waits for it any more.
template <class Answer, class Ask>
Result<Answer> GuardedKeys::within_time(Ask ask) {
  if (shared_->hung >= kHungCallsMax)
    return Error{.code = Code::key_unavailable,
                 .text = "the key provider hangs in earlier calls; look after it, then try again"};
  const Steady::time_point begin = Steady::now(), end = end_of_wait(begin, timeout_);
  const auto asked = std::make_shared<Asked<Answer>>();
  const auto body = [asked, shared = shared_, ask = std::move(ask)]() mutable {
    Result<Answer> answer = Error{.code = Code::key_unavailable, .text = "it threw an exception"};
    try {
      answer = ask(*shared->provider);
    } catch (...) {
      // Its text is not ours to judge, and may hold anything.
    }
    const std::lock_guard lock(asked->mutex);
    if (asked->given_up) --shared->hung;
    asked->answer.emplace(std::move(answer));
    asked->answered.notify_one();
  };
  try {
    std::thread(body).detach();
  } catch (const std::system_error&) {
    return Error{.code = Code::key_unavailable,
                 .text = "no thread can be had for the key provider"};
  }
  std::unique_lock lock(asked->mutex);
  if (!asked->answered.wait_until(lock, end, [&] { return asked->answer.has_value(); })) {
    asked->given_up = true;
    ++shared_->hung;
    return Error{
        .code = Code::key_unavailable,
        .text = fmt::format("the key provider did not answer within {} ms; look whether it "
                            "is running and can be reached",
                            std::chrono::ceil<std::chrono::milliseconds>(end - begin).count())};
  }
  if (!(*asked->answer).ok()) return told_alike((*asked->answer).error());
  return std::move(**asked->answer);
}

Result<std::string> GuardedKeys::current_key_id() {
  SPIND_TRY_ASSIGN(std::string id, within_time<std::string>([](KeyProvider& provider) {
                     return provider.current_key_id();
                   }));
  SPIND_TRY(sound({id, "x"}));
  return id;
}

Result<WrappedKey> GuardedKeys::wrap(Bytes plain, std::string_view context) {
  const auto copy = std::make_shared<const Secret>(Secret::copy_of(plain));
  SPIND_TRY_ASSIGN(
      WrappedKey wrapped,
      within_time<WrappedKey>([copy, context = std::string(context)](KeyProvider& provider) {
        return provider.wrap(copy->bytes(), context);
      }));
  SPIND_TRY(sound(wrapped));
  return wrapped;
}

Result<Secret> GuardedKeys::unwrap(const WrappedKey& wrapped, std::string_view context,
                                   std::size_t plain_bytes) {
  return within_time<Secret>([wrapped, context = std::string(context),
                              plain_bytes](KeyProvider& provider) -> Result<Secret> {
    Secret plain(plain_bytes);
    SPIND_TRY(provider.unwrap(wrapped, context, plain.writable()));
    return plain;
  });
}

}  // namespace spind::keys
