#include "kv/rocksdb/log_files.h"

#include <utility>

namespace spind::kv {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

IOStatus LogFile::sync(const IOOptions& options, IODebugContext* debug) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t appends = appends_.load(std::memory_order_acquire);
  if (closed() || appends == synced_appends_) return IOStatus::OK();
  if (!failed_.ok()) return failed_;
  IOStatus status = file_->Sync(options, debug);
  if (status.ok())
    synced_appends_ = appends;
  else
    failed_ = status;
  return status;
}

// RocksDB closes a log when its rows are in synced tables, or when the store is closed.
IOStatus LogFile::close(const IOOptions& options, IODebugContext* debug) {
  const std::lock_guard lock(mutex_);
  closed_.store(true, std::memory_order_release);
  return file_->Close(options, debug);
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

IOStatus LogFiles::sync(rocksdb::FileSystem& files) {
  std::vector<std::shared_ptr<LogFile>> logs;
  std::string folder_path;
  {
    const std::lock_guard lock(mutex_);
    logs = logs_;
    folder_path.swap(folder_with_new_names_);
  }
  for (const std::shared_ptr<LogFile>& log : logs)
    if (IOStatus status = log->sync({}, nullptr); !status.ok()) return status;
  if (folder_path.empty()) return IOStatus::OK();
  std::unique_ptr<rocksdb::FSDirectory> folder;
  if (IOStatus status = files.NewDirectory(folder_path, {}, &folder, nullptr); !status.ok())
    return status;
  return folder->Fsync({}, nullptr);
}

}  // namespace spind::kv
