#include "powercut/power_cut_disk.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <utility>

namespace spind::test {
namespace {

namespace fs = std::filesystem;

std::string normal(const std::string& path) {
  std::string text = fs::path(path).lexically_normal().string();
  while (text.size() > 1 && text.back() == '/') text.pop_back();
  return text;
}

Error power_error() { return Error{Code::io_error, "the power is off"}; }
Error host_error(const char* what, const std::string& path) {
  return Error{errno == ENOENT ? Code::not_found : Code::io_error, what, path};
}

}  // namespace

PowerCutDisk::Inode::~Inode() {
  if (buried) ::unlink(real_path.c_str());
}

PowerCutDisk::PowerCutDisk(std::string folder) : root_(normal(folder)), grave_(root_ + ".grave") {
  fs::remove_all(grave_);
  fs::create_directories(root_);
  fs::create_directories(grave_);
  scan(root_);
}

PowerCutDisk::~PowerCutDisk() {
  left_.clear();
  folders_.clear();
  std::error_code ignored;
  fs::remove_all(grave_, ignored);
}

void PowerCutDisk::scan(const std::string& folder) {
  Folder& found = folders_[folder];
  for (const auto& entry : fs::directory_iterator(folder)) {
    const InodeRef inode = make_inode(entry.path().string(), entry.is_directory());
    if (!inode->is_folder) inode->size = inode->synced = entry.file_size();
    found.current[entry.path().filename().string()] = inode;
  }
  found.durable = found.current;
  for (const auto& [name, inode] : found.current)
    if (inode->is_folder) scan(inode->real_path);
}

PowerCutDisk::InodeRef PowerCutDisk::make_inode(const std::string& real_path, bool is_folder) {
  auto inode = std::make_shared<Inode>();
  inode->id = next_inode_++;
  inode->is_folder = is_folder;
  inode->real_path = real_path;
  return inode;
}

PowerCutDisk::Place PowerCutDisk::place_of(const std::string& path) {
  const fs::path whole = normal(path);
  return {whole.parent_path().string(), whole.filename().string()};
}

bool PowerCutDisk::is_cut() const {
  const std::lock_guard lock(mutex_);
  return cut_;
}

std::uint64_t PowerCutDisk::calls() const {
  const std::lock_guard lock(mutex_);
  return calls_;
}

void PowerCutDisk::cut(std::uint64_t seed) {
  const std::lock_guard lock(mutex_);
  if (!cut_) decide_locked(seed);
}

void PowerCutDisk::cut_after(std::uint64_t calls, std::uint64_t seed) {
  const std::lock_guard lock(mutex_);
  cut_at_call_ = calls_ + calls;
  seed_ = seed;
}

Status PowerCutDisk::alive_locked() {
  if (!cut_ && ++calls_ >= cut_at_call_) decide_locked(seed_);
  if (cut_) return power_error();
  return {};
}

// Which names are left is decided at the instant of the cut; which bytes, when it is applied: no
// byte changes in between.
void PowerCutDisk::decide_locked(std::uint64_t seed) {
  cut_ = true;
  seed_ = seed;
  std::mt19937_64 random(seed);
  for (const auto& [path, folder] : folders_) {
    Names names = folder.durable;
    const std::size_t kept = random() % 3 == 0 ? 0 : random() % (folder.pending.size() + 1);
    for (std::size_t i = 0; i < kept; ++i) {
      for (const auto& [name, inode] : folder.pending[i]) {
        if (inode == nullptr)
          names.erase(name);
        else
          names[name] = inode;
      }
    }
    left_[path] = std::move(names);
  }
}

void PowerCutDisk::apply() {
  const std::lock_guard lock(mutex_);
  if (!cut_) decide_locked(seed_);
  for (auto& [path, names] : left_) {
    for (auto& [name, inode] : names) {
      if (inode->is_folder || inode->buried) continue;
      const std::string grave = grave_ + "/" + std::to_string(inode->id);
      fs::rename(inode->real_path, grave);
      inode->real_path = grave;
      inode->buried = true;
    }
  }
  for (const auto& entry : fs::directory_iterator(root_)) fs::remove_all(entry.path());
  std::mt19937_64 random(seed_ + 1);
  restore(root_, random);
}

void PowerCutDisk::restore(const std::string& folder, std::mt19937_64& random) {
  for (const auto& [name, inode] : left_[folder]) {
    const std::string path = folder + "/" + name;
    if (inode->is_folder) {
      fs::create_directory(path);
      restore(path, random);
      continue;
    }
    fs::copy_file(inode->real_path, path);
    tear(*inode, path, random);
  }
}

void PowerCutDisk::tear(const Inode& inode, const std::string& path, std::mt19937_64& random) {
  if (!inode.truncated.empty() && random() % 2 == 0) {
    fs::resize_file(path, inode.synced);
    std::ofstream(path, std::ios::binary | std::ios::app) << inode.truncated;
    return;
  }
  if (inode.size <= inode.synced) return;
  const std::uint64_t unsynced = inode.size - inode.synced;
  const std::uint64_t choice = random() % 4;
  const std::uint64_t kept = choice == 0 ? 0 : choice == 1 ? unsynced : random() % (unsynced + 1);
  fs::resize_file(path, inode.synced + kept);
  // RocksDB takes zeros at the end of its manifest for damage, and says so; it syncs each record.
  if (kept == 0 || choice != 2 || path.find("/MANIFEST-") != std::string::npos) return;
  // The length reached the disk and the last bytes did not.
  const std::uint64_t zeros = 1 + random() % std::min<std::uint64_t>(kept, 4096);
  fs::resize_file(path, inode.synced + kept - zeros);
  fs::resize_file(path, inode.synced + kept);
}

PowerCutDisk::InodeRef PowerCutDisk::find_locked(const std::string& path) const {
  const Place place = place_of(path);
  const auto folder = folders_.find(place.folder);
  if (folder == folders_.end()) return nullptr;
  const auto name = folder->second.current.find(place.name);
  return name == folder->second.current.end() ? nullptr : name->second;
}

bool PowerCutDisk::exists(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  return normal(path) == root_ || find_locked(path) != nullptr;
}

void PowerCutDisk::change_locked(const std::string& folder, Change change) {
  Folder& changed = folders_[folder];
  for (const auto& [name, inode] : change) {
    if (inode == nullptr)
      changed.current.erase(name);
    else
      changed.current[name] = inode;
  }
  changed.pending.push_back(std::move(change));
}

// Takes the file away from under its name: until the removal is durable, a cut can bring it back.
void PowerCutDisk::bury_locked(const std::string& path, const InodeRef& inode) {
  const std::string grave = grave_ + "/" + std::to_string(inode->id);
  fs::rename(path, grave);
  inode->real_path = grave;
  inode->buried = true;
}

Result<std::unique_ptr<PowerCutDisk::Writer>> PowerCutDisk::create(const std::string& given) {
  const std::string path = normal(given);
  const std::lock_guard lock(mutex_);
  if (Status alive = alive_locked(); !alive.ok()) return std::move(alive).error();
  if (const InodeRef old = find_locked(path)) bury_locked(path, old);
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) return host_error("cannot create", path);
  const InodeRef inode = make_inode(path, false);
  const Place place = place_of(path);
  change_locked(place.folder, {{place.name, inode}});
  return std::make_unique<Writer>(*this, inode, fd);
}

Result<std::unique_ptr<PowerCutDisk::Writer>> PowerCutDisk::reopen(const std::string& given) {
  const std::string path = normal(given);
  const std::lock_guard lock(mutex_);
  if (Status alive = alive_locked(); !alive.ok()) return std::move(alive).error();
  const InodeRef inode = find_locked(path);
  if (inode == nullptr) return Error{Code::not_found, "no such file", path};
  const int fd = ::open(path.c_str(), O_RDWR | O_APPEND | O_CLOEXEC);
  if (fd < 0) return host_error("cannot open", path);
  return std::make_unique<Writer>(*this, inode, fd);
}

Status PowerCutDisk::remove(const std::string& given) {
  const std::string path = normal(given);
  const std::lock_guard lock(mutex_);
  if (Status alive = alive_locked(); !alive.ok()) return alive;
  const InodeRef inode = find_locked(path);
  if (inode == nullptr) return Error{Code::not_found, "no such file", path};
  if (inode->is_folder) {
    if (::rmdir(path.c_str()) != 0) return host_error("cannot remove", path);
    folders_.erase(path);
  } else {
    bury_locked(path, inode);
  }
  const Place place = place_of(path);
  change_locked(place.folder, {{place.name, nullptr}});
  return {};
}

Status PowerCutDisk::rename(const std::string& given_from, const std::string& given_to) {
  const std::string from = normal(given_from), to = normal(given_to);
  const std::lock_guard lock(mutex_);
  if (Status alive = alive_locked(); !alive.ok()) return alive;
  const InodeRef inode = find_locked(from);
  if (inode == nullptr) return Error{Code::not_found, "no such file", from};
  if (const InodeRef old = find_locked(to)) bury_locked(to, old);
  fs::rename(from, to);
  inode->real_path = to;
  const Place source = place_of(from), target = place_of(to);
  if (source.folder == target.folder) {
    change_locked(source.folder, {{source.name, nullptr}, {target.name, inode}});
  } else {
    change_locked(target.folder, {{target.name, inode}});
    change_locked(source.folder, {{source.name, nullptr}});
  }
  return {};
}

Status PowerCutDisk::make_folder(const std::string& given) {
  const std::string path = normal(given);
  const std::lock_guard lock(mutex_);
  if (path == root_ || find_locked(path) != nullptr) return {};
  if (Status alive = alive_locked(); !alive.ok()) return alive;
  if (!fs::create_directory(path)) return host_error("cannot make folder", path);
  folders_[path];
  const Place place = place_of(path);
  change_locked(place.folder, {{place.name, make_inode(path, true)}});
  return {};
}

Status PowerCutDisk::sync_folder(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (Status alive = alive_locked(); !alive.ok()) return alive;
  const auto folder = folders_.find(normal(path));
  if (folder == folders_.end()) return Error{Code::not_found, "no such folder", path};
  folder->second.durable = folder->second.current;
  folder->second.pending.clear();
  return {};
}

PowerCutDisk::Writer::Writer(PowerCutDisk& disk, InodeRef inode, int fd)
    : disk_(disk), inode_(std::move(inode)), fd_(fd) {}

PowerCutDisk::Writer::~Writer() { ::close(fd_); }

Status PowerCutDisk::Writer::append(std::string_view bytes) {
  const std::lock_guard lock(disk_.mutex_);
  if (Status alive = disk_.alive_locked(); !alive.ok()) return alive;
  while (!bytes.empty()) {
    const ssize_t wrote = ::write(fd_, bytes.data(), bytes.size());
    if (wrote < 0) return host_error("cannot write", inode_->real_path);
    inode_->size += static_cast<std::uint64_t>(wrote);
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return {};
}

// What was appended before the call is durable after it.
Status PowerCutDisk::Writer::sync() {
  std::uint64_t size = 0;
  {
    const std::lock_guard lock(disk_.mutex_);
    if (Status alive = disk_.alive_locked(); !alive.ok()) return alive;
    size = inode_->size;
  }
  if (disk_.during_sync) disk_.during_sync();
  const std::lock_guard lock(disk_.mutex_);
  if (disk_.cut_) return power_error();
  inode_->synced = std::max(inode_->synced, std::min(size, inode_->size));
  inode_->truncated.clear();
  return {};
}

Status PowerCutDisk::Writer::truncate(std::uint64_t size) {
  const std::lock_guard lock(disk_.mutex_);
  if (Status alive = disk_.alive_locked(); !alive.ok()) return alive;
  if (size < inode_->synced) {
    std::string taken(inode_->synced - size, '\0');
    if (::pread(fd_, taken.data(), taken.size(), static_cast<off_t>(size)) < 0)
      return host_error("cannot read", inode_->real_path);
    inode_->truncated = taken + inode_->truncated;
    inode_->synced = size;
  }
  if (::ftruncate(fd_, static_cast<off_t>(size)) != 0)
    return host_error("cannot truncate", inode_->real_path);
  inode_->size = size;
  return {};
}

std::uint64_t PowerCutDisk::Writer::size() const {
  const std::lock_guard lock(disk_.mutex_);
  return inode_->size;
}

}  // namespace spind::test
