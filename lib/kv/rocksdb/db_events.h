// What RocksDB tells of itself: background errors, stalls, lines of its log.
#pragma once

#include <atomic>
#include <functional>
#include <string_view>

#include <rocksdb/env.h>
#include <rocksdb/listener.h>

namespace spind::kv {

// Thread-safe.
class DbEvents final : public rocksdb::EventListener {
 public:
  using OnError = std::function<void(const rocksdb::Status&)>;
  explicit DbEvents(OnError on_error) : on_error_(std::move(on_error)) {}

  // Writers are stopped in some family.
  bool stopped() const { return stopped_families_.load() > 0; }

  void OnBackgroundError(rocksdb::BackgroundErrorReason reason, rocksdb::Status* error) override;
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason reason, rocksdb::Status error,
                            bool* auto_recovery) override;
  void OnStallConditionsChanged(const rocksdb::WriteStallInfo& info) override;

 private:
  OnError on_error_;
  std::atomic<int> stopped_families_{0};
};

// Hands RocksDB's warnings on, instead of letting it write log files of its own.
class LogBridge final : public rocksdb::Logger {
 public:
  explicit LogBridge(std::function<void(std::string_view)> log)
      : rocksdb::Logger(rocksdb::InfoLogLevel::WARN_LEVEL), log_(std::move(log)) {}
  ~LogBridge() override = default;

  using rocksdb::Logger::Logv;
  void Logv(const char* format, va_list arguments) override;

 private:
  std::function<void(std::string_view)> log_;
};

}  // namespace spind::kv
