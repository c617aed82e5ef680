#include "acknowledge.h"

#include <algorithm>
#include <chrono>

namespace spind::tool {
namespace {

// One sync covers this many files or bytes, or what came within this time.
constexpr std::size_t kBatchFiles = 512;
constexpr std::uint64_t kBatchBytes = 64 << 20;
constexpr std::chrono::milliseconds kBatchTime{250};

// Above these the workers wait.
constexpr std::size_t kPendingFilesMax = 8 * kBatchFiles;
constexpr std::uint64_t kPendingBytesMax = 4 * kBatchBytes;

}  // namespace

Acknowledger::Acknowledger(Transfer& transfer, Session waiting)
    : transfer_(transfer), waiting_(std::move(waiting)), thread_([this] { work(); }) {}

Acknowledger::~Acknowledger() { finish(); }

void Acknowledger::add(StoredFile file) {
  std::unique_lock lock(mutex_);
  room_.wait(lock, [&] {
    return pending_.size() < kPendingFilesMax && pending_bytes_ < kPendingBytesMax;
  });
  pending_bytes_ += file.written.size_bytes;
  pending_.push_back(std::move(file));
  if (pending_.size() >= kBatchFiles || pending_bytes_ >= kBatchBytes) some_.notify_one();
}

void Acknowledger::finish() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  some_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Acknowledger::work() {
  for (;;) {
    std::unique_lock lock(mutex_);
    some_.wait_for(lock, kBatchTime, [&] {
      return ended_ || pending_.size() >= kBatchFiles || pending_bytes_ >= kBatchBytes;
    });
    if (pending_.empty() && ended_) return;
    const std::vector<StoredFile> batch = std::exchange(pending_, {});
    pending_bytes_ = 0;
    lock.unlock();
    room_.notify_all();
    if (!batch.empty()) acknowledge(batch);
  }
}

void Acknowledger::acknowledge(const std::vector<StoredFile>& batch) {
  Ticket last = 0;
  for (const StoredFile& file : batch) last = std::max(last, file.written.ticket);
  if (const Status durable = waiting_.wait(last); !durable.ok()) {
    for (const StoredFile& file : batch) transfer_.failed(durable.error(), file.path);
    return;
  }
  for (const StoredFile& file : batch) {
    const Written& written = file.written;
    JsonObject object;
    if (transfer_.json()) {
      object.text("event", "file").text("path", file.path).number("id", written.node);
      object.number("version", written.version).number("size", written.size_bytes);
      object.text("sha256", to_hex(written.sha256)).flag("durable", true);
    }
    transfer_.done(written.size_bytes, &object);
  }
  transfer_.flush();
}

}  // namespace spind::tool
