// A disk whose power can be cut: it knows which bytes were synced and which names a sync of their
// folder has made durable. After a cut every call that changes something fails; once all is
// closed, apply() leaves the folder as it would be found after the power came back, as bad as
// POSIX allows:
//  - of each file, on its own, the unsynced tail is dropped, torn at a random byte, or ends in
//    zeros (RocksDB's manifest excepted: after such a tail RocksDB reports corruption);
//  - names that were made, moved or removed since the last sync of their folder are forgotten from
//    a random one on, so a removed file may be back and a new one gone, synced content and all.
//
// One disk serves RocksDB (power_cut_fs.h) and the engine's files (power_cut_files.h) at once, so
// that one cut hits both at the same instant.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "spind/result.h"

namespace spind::test {

// Thread-safe.
class PowerCutDisk {
 public:
  // What is in the folder is durable. Changed through this disk only.
  explicit PowerCutDisk(std::string folder);
  ~PowerCutDisk();

  // From now on, or from the `calls`-th changing call on, the power is off.
  void cut(std::uint64_t seed);
  void cut_after(std::uint64_t calls, std::uint64_t seed);
  bool is_cut() const;
  std::uint64_t calls() const;
  // Called at the start of each sync of a file, to widen the window. Set before use.
  std::function<void()> during_sync;

  // Makes the folder what the cut left. Everything on the disk is closed.
  void apply();

  // A file's bytes, whatever it is called now.
  struct Inode {
    std::uint64_t id = 0;
    bool is_folder = false;
    std::string real_path;
    std::uint64_t size = 0;
    std::uint64_t synced = 0;
    // Bytes that an unsynced truncation took from the synced part.
    std::string truncated;
    ~Inode();
    bool buried = false;  // has no name any more: its file goes with it
  };
  using InodeRef = std::shared_ptr<Inode>;

  // An open file that is written at its end.
  class Writer {
   public:
    Writer(PowerCutDisk& disk, InodeRef inode, int fd);
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;
    ~Writer();
    Status append(std::string_view bytes);
    Status sync();
    Status truncate(std::uint64_t size);
    std::uint64_t size() const;
    int fd() const { return fd_; }

   private:
    PowerCutDisk& disk_;
    const InodeRef inode_;
    const int fd_;
  };

  // Creates, replacing what had the name.
  Result<std::unique_ptr<Writer>> create(const std::string& path);
  // Opens what is there.
  Result<std::unique_ptr<Writer>> reopen(const std::string& path);
  Status remove(const std::string& path);
  Status rename(const std::string& from, const std::string& to);
  Status make_folder(const std::string& path);
  Status sync_folder(const std::string& path);
  bool exists(const std::string& path) const;

 private:
  using Names = std::map<std::string, InodeRef>;
  // What happened to names of a folder in one step; null: the name is gone.
  using Change = std::vector<std::pair<std::string, InodeRef>>;
  struct Folder {
    Names current, durable;
    std::vector<Change> pending;
  };
  struct Place {
    std::string folder, name;
  };

  static Place place_of(const std::string& path);
  Status alive_locked();
  void scan(const std::string& folder);
  InodeRef make_inode(const std::string& real_path, bool is_folder);
  InodeRef find_locked(const std::string& path) const;
  void change_locked(const std::string& folder, Change change);
  void bury_locked(const std::string& path, const InodeRef& inode);
  void decide_locked(std::uint64_t seed);
  void restore(const std::string& folder, std::mt19937_64& random);
  static void tear(const Inode& inode, const std::string& path, std::mt19937_64& random);

  const std::string root_;
  const std::string grave_;
  mutable std::mutex mutex_;  // guards all below, and what inodes hold
  std::map<std::string, Folder> folders_;
  std::map<std::string, Names> left_;  // what the cut leaves of each folder
  std::uint64_t next_inode_ = 1;
  std::uint64_t calls_ = 0;
  std::uint64_t cut_at_call_ = ~std::uint64_t{0};
  std::uint64_t seed_ = 0;
  bool cut_ = false;
};

}  // namespace spind::test
