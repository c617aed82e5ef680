#include "kv/rocksdb/log_files.h"

#include <utility>

namespace spind::kv {

using rocksdb::IOStatus;
using rocksdb::Slice;

namespace {

// More is written at once: a sync should not find much to do, and this is not counted as memory.
constexpr std::size_t kGatheredBytesMax = std::size_t{256} << 10;

}  // namespace

IOStatus LogFile::append(const Slice& data) {
  {
    const std::lock_guard lock(gathered_mutex_);
    if (gathered_.size() + data.size() <= kGatheredBytesMax) {
      gathered_.append(data.data(), data.size());
      return IOStatus::OK();
    }
  }
  const std::lock_guard writing(writing_mutex_);
  if (IOStatus status = write_out_locked(); !status.ok()) return status;
  return write_locked(data);
}

IOStatus LogFile::write_out() {
  const std::lock_guard writing(writing_mutex_);
  return write_out_locked();
}

IOStatus LogFile::write_out_locked() {
  written_out_.clear();
  {
    const std::lock_guard lock(gathered_mutex_);
    written_out_.swap(gathered_);
  }
  return written_out_.empty() ? failed_write_ : write_locked(written_out_);
}

// After a failure the file may end in the middle of a record: whatever followed would not be found.
IOStatus LogFile::write_locked(const Slice& data) {
  if (!failed_write_.ok()) return failed_write_;
  failed_write_ = file_->Append(data, {}, nullptr);
  writes_.fetch_add(1, std::memory_order_acq_rel);
  return failed_write_;
}

IOStatus LogFile::sync() {
  const std::lock_guard lock(mutex_);
  const std::uint64_t writes = writes_.load(std::memory_order_acquire);
  if (closed() || writes == synced_writes_) return IOStatus::OK();
  if (!failed_sync_.ok()) return failed_sync_;
  IOStatus status = file_->Sync({}, nullptr);
  if (status.ok())
    synced_writes_ = writes;
  else
    failed_sync_ = status;
  return status;
}

// RocksDB closes a log when its rows are in synced tables, or when the store is closed.
IOStatus LogFile::close() {
  const std::lock_guard lock(mutex_);
  IOStatus written = write_out();
  closed_.store(true, std::memory_order_release);
  IOStatus closed = file_->Close({}, nullptr);
  return written.ok() ? closed : written;
}

std::shared_ptr<LogFile> LogFiles::add(const std::string& path,
                                       std::unique_ptr<rocksdb::FSWritableFile> file) {
  auto log = std::make_shared<LogFile>(std::move(file));
  const std::lock_guard lock(mutex_);
  std::erase_if(logs_, [](const std::shared_ptr<LogFile>& old) { return old->closed(); });
  logs_.push_back(log);
  folder_with_new_names_ = path.substr(0, path.rfind('/'));
  return log;
}

std::vector<std::shared_ptr<LogFile>> LogFiles::logs() {
  const std::lock_guard lock(mutex_);
  return logs_;
}

IOStatus LogFiles::write_out() {
  for (const std::shared_ptr<LogFile>& log : logs())
    if (IOStatus status = log->write_out(); !status.ok()) return status;
  return IOStatus::OK();
}

IOStatus LogFiles::sync(rocksdb::FileSystem& files) {
  std::string folder_path;
  {
    const std::lock_guard lock(mutex_);
    folder_path.swap(folder_with_new_names_);
  }
  for (const std::shared_ptr<LogFile>& log : logs())
    if (IOStatus status = log->sync(); !status.ok()) return status;
  if (folder_path.empty()) return IOStatus::OK();
  std::unique_ptr<rocksdb::FSDirectory> folder;
  if (IOStatus status = files.NewDirectory(folder_path, {}, &folder, nullptr); !status.ok())
    return status;
  return folder->Fsync({}, nullptr);
}

}  // namespace spind::kv
