// Keys that come from a host, for tests of what goes wrong with them.
#pragma once

#include <condition_variable>
#include <fstream>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "base/bytes.h"
#include "base/try.h"
#include "spind/key_provider.h"
#include "support/harness.h"

namespace spind::test {

// A provider of the host's that can be told to fail and to hang, and that notes what it was given
// to wrap. Thread-safe.
class HostKeys {
 public:
  explicit HostKeys(KeyProviderPtr inner) : state_(std::make_shared<State>(std::move(inner))) {}
  ~HostKeys() { hang(false); }
  HostKeys(const HostKeys&) = delete;
  HostKeys& operator=(const HostKeys&) = delete;

  void fail(bool on) {
    const std::lock_guard lock(state_->mutex);
    state_->fails = on;
  }
  void hang(bool on) {
    const std::lock_guard lock(state_->mutex);
    state_->hangs = on;
    state_->changed.notify_all();
  }
  std::vector<std::string> wrapped() const {
    const std::lock_guard lock(state_->mutex);
    return state_->wrapped;
  }

  KeyProviderPtr provider() const {
    KeyCallbacks callbacks;
    callbacks.current_key_id = [state = state_]() -> Result<std::string> {
      SPIND_TRY(state->answer(""));
      return state->inner->current_key_id();
    };
    callbacks.wrap = [state = state_](std::span<const std::uint8_t> plain,
                                      std::string_view context) -> Result<WrappedKey> {
      SPIND_TRY(state->answer(as_text(plain)));
      return state->inner->wrap(plain, context);
    };
    callbacks.unwrap = [state = state_](const WrappedKey& wrapped, std::string_view context,
                                        std::span<std::uint8_t> plain) -> Status {
      SPIND_TRY(state->answer(""));
      return state->inner->unwrap(wrapped, context, plain);
    };
    return *key_callbacks(std::move(callbacks));
  }

 private:
  // A call that hangs may outlive the test.
  struct State {
    explicit State(KeyProviderPtr from) : inner(std::move(from)) {}
    Status answer(std::string_view to_wrap) {
      std::unique_lock lock(mutex);
      changed.wait(lock, [this] { return !hangs; });
      if (fails) return Error{.code = Code::unavailable, .text = "the service is down"};
      if (!to_wrap.empty()) wrapped.emplace_back(to_wrap);
      return {};
    }

    const KeyProviderPtr inner;
    std::mutex mutex;
    std::condition_variable changed;
    bool fails = false, hangs = false;
    std::vector<std::string> wrapped;
  };
  const std::shared_ptr<State> state_;
};

class KeyFile {
 public:
  KeyFile() { REQUIRE(add_key(path()).ok()); }
  std::string path() const { return folder_ / "keys"; }
  KeyProviderPtr provider() const { return *key_file(path()); }
  // The newest key itself.
  std::string newest() const {
    std::ifstream in(path());
    std::string line, last;
    while (std::getline(in, line)) last = line;
    return last.substr(last.rfind(' ') + 1);
  }
  void add() { REQUIRE(add_key(path()).ok()); }
  // Drops all but the last key.
  void drop_old() {
    std::ifstream in(path());
    std::string head, line, last;
    std::getline(in, head);
    while (std::getline(in, line)) last = line;
    in.close();
    std::ofstream(path(), std::ios::trunc) << head << '\n' << last << '\n';
  }

 private:
  TemporaryFolder folder_;
};

}  // namespace spind::test
