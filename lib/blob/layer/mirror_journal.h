// Where a mirror keeps what it knows, so that a restart or a power cut forgets nothing.
//
//   <folder>/lock      of the process that has it
//   <folder>/journal   frames: u32 length · u32 checksum of it · body · u32 checksum of the body,
//                      which counts as a part of it (base/codec.h, seal)
//
// The first frame's body is u32 magic · u8 version. That of the others are changes, one behind the
// other: u8 kind · bytes backend, and from `missing` on bytes name · varint size.
//
// A change is appended and synced before it counts. When most of the file is of no use any more it
// is written anew, and ends then with a frame without changes: only what is behind that may be
// torn.
#pragma once

#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <vector>

#include "base/files.h"
#include "blob/layer/mirror_state.h"

namespace spind {

// Thread-safe.
class MirrorJournal {
 public:
  // For a mirror of these backends: one that a journal does not know yet is behind, unless the
  // journal is a new one. Borrows `files`.
  static Result<std::unique_ptr<MirrorJournal>> open(Files& files, const std::string& folder,
                                                     const std::vector<std::string>& backends,
                                                     std::size_t notes_max);

  // All of them, durably, or none. Where a backend would have more notes than allowed it is behind
  // from now on; where no other has everything, unavailable.
  Status apply(std::vector<MirrorChange> changes);

  // What `look` answers about the state, which does not change meanwhile. Not for long.
  template <class Look>
  auto look(Look look) const {
    const std::shared_lock lock(state_mutex_);
    return look(state_);
  }

 private:
  MirrorJournal(Files& files, const std::string& folder, std::size_t notes_max);
  Result<bool> load();  // whether there was one
  Status read_frames(std::string_view bytes);
  Status join(const std::vector<std::string>& backends, bool known);
  Status bound(std::vector<MirrorChange>& changes) const;
  Status append(const std::string& frame);
  Status rewrite();

  Files& files_;
  const std::string path_;
  const std::size_t notes_max_;
  std::unique_ptr<FileLock> lock_;

  std::mutex file_mutex_;       // is locked before state_mutex_
  std::unique_ptr<File> file_;  // null: has to be written anew
  std::uint64_t file_bytes_ = 0, file_bytes_fresh_ = 0;

  mutable std::shared_mutex state_mutex_;
  MirrorState state_;
};

}  // namespace spind
