// The stores that the behaviour suite runs on, each with the same few handles on its device.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "base/clock.h"
#include "base/random.h"
#include "base/sealer.h"
#include "base/threads.h"
#include "kv/kv.h"
#include "kv/memory/memory_store.h"
#include "kv/rocksdb/rocksdb_store.h"
#include "kv/sealed/sealed_store.h"
#include "support/harness.h"
#include "support/store/sync_gate.h"
#include "unit/kv/test_device.h"

namespace spind::kv::test {

using spind::test::SyncGate;

// The system's clock, which can be put forward. Thread-safe.
class TestClock final : public Clock {
 public:
  std::int64_t wall_ns() override { return Clock::system().wall_ns() + ahead_ns_; }
  std::int64_t monotonic_ns() override { return Clock::system().monotonic_ns() + ahead_ns_; }
  void advance(std::int64_t ns) { ahead_ns_ += ns; }

 private:
  std::atomic<std::int64_t> ahead_ns_{0};
};
inline constexpr std::int64_t kSecondNs = 1'000'000'000;

// Seals every value, with one key.
class TestSealer final : public RowSealer {
 public:
  // Whether keys can be had, and how often they were asked for.
  std::atomic<bool> locked{false};
  std::atomic<int> asked{0};

  bool seals(Family, std::string_view) const override { return true; }
  std::string_view partition_of(std::string_view key) const override { return key.substr(0, 1); }
  Result<RowKeysRef> keys_of(const View&, Rows, std::string_view) override {
    ++asked;
    if (locked) return no_key();
    return RowKeysRef(std::make_shared<Keys>(*this));
  }
  Status open(Family family, std::string_view key, std::string_view sealed, RowSealer::Keys,
              std::string& plain) override {
    if (locked) return no_key();
    auto opened = open_box(as_bytes(kSecret), as_bytes(about(family, key)), as_bytes(sealed));
    if (!opened.ok()) return opened.error();
    plain = *std::move(opened);
    return {};
  }

 private:
  static constexpr std::string_view kSecret = "0123456789abcdef0123456789abcdef";
  static Error no_key() { return {Code::key_unavailable, "the test has locked its keys away"}; }
  static std::string about(Family family, std::string_view key) {
    return std::string(1, static_cast<char>(family)).append(key);
  }
  class Keys final : public RowKeys {
   public:
    explicit Keys(TestSealer& sealer) : sealer_(sealer) {}
    Result<std::string> seal(Family family, std::string_view key,
                             std::string_view value) const override {
      if (sealer_.locked) return no_key();
      return seal_box(as_bytes(kSecret), as_bytes(about(family, key)), as_bytes(value),
                      Random::system());
    }

   private:
    TestSealer& sealer_;
  };
};

// Whether a kind's store is a sealed one over what it opens. One thread at a time.
class Sealing {
 public:
  Sealing(bool seals, Observer* observer) : seals_(seals) {
    if (!seals || observer == nullptr) {
      observer_ = observer;
      return;
    }
    opening_.emplace(*observer);
    opening_->open_with(sealer_);
    observer_ = &*opening_;
  }
  Observer* observer() { return observer_; }
  // `below` is to be looked at by a test.
  std::unique_ptr<Store> over(std::unique_ptr<Store> below) {
    below_ = below.get();
    return seals_ ? seal_rows(std::move(below), sealer_) : std::move(below);
  }
  TestSealer& sealer() { return sealer_; }
  Store& below() { return *below_; }

 private:
  const bool seals_;
  TestSealer sealer_;
  std::optional<OpeningObserver> opening_;
  Observer* observer_ = nullptr;
  Store* below_ = nullptr;
};

class MemoryKind {
 public:
  explicit MemoryKind(Observer* observer = nullptr, bool seals = false)
      : sealing_(seals, observer) {
    open();
  }
  ~MemoryKind() { close(); }

  Store& operator*() { return *store_; }
  Store* operator->() { return store_.get(); }
  SyncGate& gate() { return gate_; }
  TestClock& clock() { return clock_; }
  Sealing& sealing() { return sealing_; }

  void close() { store_.reset(); }
  void open() {
    auto opened = open_memory({.threads = Threads::system(),
                               .clock = clock_,
                               .observer = sealing_.observer(),
                               .disk = disk_,
                               .before = [this](MemoryCall call) { return before(call); }});
    REQUIRE(opened.ok());
    store_ = sealing_.over(std::move(opened).value());
  }

  // The device is full, or has room again.
  void fill_device(bool full) { full_ = full; }

 private:
  Status before(MemoryCall call) {
    if (call == MemoryCall::sync) return gate_.pass();
    const bool needs_room = call == MemoryCall::write || call == MemoryCall::reopen;
    if (needs_room && full_) return Error{Code::no_space, "no room on the test device"};
    return {};
  }

  Sealing sealing_;
  TestClock clock_;
  SyncGate gate_;
  std::atomic<bool> full_{false};
  std::shared_ptr<MemoryDisk> disk_ = std::make_shared<MemoryDisk>();
  std::unique_ptr<Store> store_;
};

class RocksdbKind {
 public:
  explicit RocksdbKind(Observer* observer = nullptr, bool seals = false)
      : sealing_(seals, observer) {
    device_->before_log_sync = [this] { return gate_.pass(); };
    open();
  }
  ~RocksdbKind() { close(); }

  Store& operator*() { return *store_; }
  Store* operator->() { return store_.get(); }
  SyncGate& gate() { return gate_; }
  TestClock& clock() { return clock_; }
  Sealing& sealing() { return sealing_; }

  void close() { store_.reset(); }
  void open() {
    auto opened = open_rocksdb({.path = folder_ / "kv",
                                .memory_budget_bytes = 16 << 20,
                                .clock = clock_,
                                .observer = sealing_.observer(),
                                .file_system = device_});
    REQUIRE(opened.ok());
    store_ = sealing_.over(std::move(opened).value());
  }

  void fill_device(bool full) { device_->full = full; }

 private:
  Sealing sealing_;
  TestClock clock_;
  spind::test::TemporaryFolder folder_;
  SyncGate gate_;
  std::shared_ptr<TestDevice> device_ = std::make_shared<TestDevice>();
  std::unique_ptr<Store> store_;
};

template <class Kind>
class Sealed : public Kind {
 public:
  explicit Sealed(Observer* observer = nullptr) : Kind(observer, true) {}
};

// Debian's RocksDB is not built for ThreadSanitizer.
#if defined(__SANITIZE_THREAD__)
#define STORE_KINDS MemoryKind, Sealed<MemoryKind>
#else
#define STORE_KINDS MemoryKind, RocksdbKind, Sealed<MemoryKind>, Sealed<RocksdbKind>
#endif

// What the tests write with.
inline Answer put(Store& store, const std::string& key, const std::string& value,
                  Family family = Family::state) {
  return store.update({key.substr(0, 1)}, [&](Transaction& transaction) -> Outcome {
    transaction.put(family, key, value);
    return Commit{};
  });
}

// The answer of the wait, where there is one.
inline Status put_durably(Store& store, const std::string& key, const std::string& value,
                          Family family = Family::state) {
  Answer answer = put(store, key, value, family);
  if (!answer.status.ok()) return std::move(answer.status);
  return store.wait(answer.ticket);
}

// Tries until the store has found out that there is room again.
template <class Kind>
Answer put_when_room(Kind& store, const std::string& key, const std::string& value) {
  Answer answer = put(*store, key, value);
  for (int tries = 0; tries < 1000 && !answer.status.ok(); ++tries) {
    store.clock().advance(kSecondNs);
    answer = put(*store, key, value);
  }
  return answer;
}

inline Answer erase(Store& store, const std::string& key, Family family = Family::state) {
  return store.update({key.substr(0, 1)}, [&](Transaction& transaction) -> Outcome {
    transaction.erase(family, key);
    return Commit{};
  });
}

inline std::optional<std::string> read(const View& view, const std::string& key,
                                       Family family = Family::state) {
  auto value = view.get(family, key);
  REQUIRE(value.ok());
  return *value;
}

inline std::vector<std::pair<std::string, std::string>> rows(const View& view,
                                                             const std::string& begin,
                                                             const std::string& end,
                                                             Family family = Family::state) {
  std::vector<std::pair<std::string, std::string>> found;
  auto cursor = view.scan(family, begin, end);
  for (; cursor->valid(); cursor->next()) found.emplace_back(cursor->key(), cursor->value());
  REQUIRE(cursor->status().ok());
  return found;
}

}  // namespace spind::kv::test
