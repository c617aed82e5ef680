// Blobs of which a backend gave wrong bytes: whose copies were compared lately, and, where that did
// not make them the same everywhere, who is asked first for them.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace spind {

// Thread-safe.
class Suspects {
 public:
  // For so long the copies of a blob that could not be mended are not compared again, since each
  // time reads all of them whole; those of one that was mended are, and if they are alike nobody is
  // preferred for it.
  static constexpr std::int64_t kPreferNs = 60'000'000'000;

  void prefer(std::string_view name, std::string_view backend, std::int64_t now_ns) {
    const std::lock_guard lock(mutex_);
    if (preferred_.size() >= kBlobsMax) preferred_.clear();
    preferred_.insert_or_assign(std::string(name),
                                Preferred{std::string(backend), now_ns + kPreferNs});
    count_ = preferred_.size();
  }
  // Another one, for the rest of the time.
  void prefer_instead(std::string_view name, std::string_view backend) {
    const std::lock_guard lock(mutex_);
    const auto found = preferred_.find(name);
    if (found != preferred_.end()) found->second.backend = backend;
  }
  // A moment, and whether the copies of the blob have been compared after it: then nobody who was
  // told of it before need do that again.
  std::uint64_t moment() const { return compared_count_; }
  bool compared_since(std::uint64_t moment, std::string_view name) const {
    const std::lock_guard lock(mutex_);
    const auto found = compared_.find(name);
    return found != compared_.end() && found->second.moment > moment;
  }
  void note_compared(std::string_view name) {
    const std::lock_guard lock(mutex_);
    if (compared_.size() >= kBlobsMax) compared_.clear();
    compared_[std::string(name)].moment = ++compared_count_;
  }
  void note_mended(std::string_view name, std::int64_t now_ns) {
    const std::lock_guard lock(mutex_);
    compared_[std::string(name)].trusted_until_ns = now_ns + kPreferNs;
  }
  // Whoever complains then may have read it before it was mended.
  bool mended_lately(std::string_view name, std::int64_t now_ns) const {
    const std::lock_guard lock(mutex_);
    const auto found = compared_.find(name);
    return found != compared_.end() && now_ns < found->second.trusted_until_ns;
  }
  void clear(std::string_view name) {
    const std::lock_guard lock(mutex_);
    const auto found = preferred_.find(name);
    if (found != preferred_.end()) preferred_.erase(found);
    count_ = preferred_.size();
  }
  std::optional<std::string> preferred(std::string_view name, std::int64_t now_ns) const {
    if (count_ == 0) return std::nullopt;  // as nearly always
    const std::lock_guard lock(mutex_);
    const auto found = preferred_.find(name);
    if (found == preferred_.end() || found->second.until_ns <= now_ns) return std::nullopt;
    return found->second.backend;
  }

 private:
  // Beyond it all is forgotten: who meets a wrong copy then compares once more.
  static constexpr std::size_t kBlobsMax = 1'000;
  struct Preferred {
    std::string backend;
    std::int64_t until_ns = 0;
  };
  struct Compared {
    std::uint64_t moment = 0;
    std::int64_t trusted_until_ns = INT64_MIN;
  };

  mutable std::mutex mutex_;
  std::map<std::string, Preferred, std::less<>> preferred_;
  std::atomic<std::size_t> count_{0};
  std::map<std::string, Compared, std::less<>> compared_;
  std::atomic<std::uint64_t> compared_count_{0};
};

}  // namespace spind
