#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/statfs.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <utility>

#include "base/bytes.h"
#include "base/errno_error.h"
#include "base/files.h"
#include "base/hex.h"
#include "base/random.h"
#include "base/try.h"
#include "spind/probe.h"

namespace spind {
namespace {

constexpr std::uint64_t kFreeBytesMin = 1ull << 30;
constexpr std::uint64_t kFreeInodesMin = 100'000;
constexpr std::size_t kSyncs = 21;

struct FileSystemKind {
  std::uint32_t magic;
  std::string_view name, advice;
};

constexpr std::string_view kLocal =
    "put the store on a local file system: over a network a sync may promise more than it keeps, "
    "and "
    "locks may be lost";
constexpr std::string_view kDurable = "choose a folder on a disk: this one is gone after a restart";

constexpr FileSystemKind kUnfit[] = {
    {TMPFS_MAGIC, "tmpfs", kDurable},   {RAMFS_MAGIC, "ramfs", kDurable},
    {NFS_SUPER_MAGIC, "NFS", kLocal},   {SMB_SUPER_MAGIC, "SMB", kLocal},
    {0xff534d42, "CIFS", kLocal},       {0xfe534d42, "SMB", kLocal},
    {V9FS_MAGIC, "9p", kLocal},         {CEPH_SUPER_MAGIC, "CephFS", kLocal},
    {FUSE_SUPER_MAGIC, "FUSE", kLocal}, {AFS_SUPER_MAGIC, "AFS", kLocal},
    {CODA_SUPER_MAGIC, "Coda", kLocal},
};

class FolderProbe {
 public:
  FolderProbe(Files& files, const std::string& folder) : files_(files), folder_(folder) {}

  std::vector<ProbeFinding> run() {
    if (Status made = make_own_folder(); !made.ok()) {
      say("folder", false, made.error().to_string(),
          "name a folder that is there and that this user may write in");
      return std::move(rows_);
    }
    say("folder", true, "things can be made in it");
    file_system();
    note("write", write(), "what was written is read back");
    note("rename", rename(), "a file takes another's place");
    note("lock", lock(), "a lock keeps others out");
    sync();
    clean_up();
    return std::move(rows_);
  }

 private:
  void say(std::string_view check, bool ok, std::string finding, std::string_view advice = {}) {
    rows_.push_back({std::string(check), ok, std::move(finding), std::string(advice)});
  }
  void note(std::string_view check, const Status& done, std::string_view good) {
    if (done.ok()) return say(check, true, std::string(good));
    say(check, false, done.error().to_string(), "use another file system");
  }

  Status make_own_folder() {
    std::array<std::uint8_t, 8> id{};
    Random::system().fill(id);
    own_ = folder_ + "/spind-probe-" + to_hex(id);
    return files_.make_folder(own_);
  }

  void file_system() {
    struct statfs info {};
    if (::statfs(folder_.c_str(), &info) != 0) {
      const Error error = errno_error(errno, "look at", folder_);
      return say("file_system", false, error.to_string(), "use another file system");
    }
    const auto magic = static_cast<std::uint32_t>(info.f_type);
    const auto* const unfit =
        std::find_if(std::begin(kUnfit), std::end(kUnfit),
                     [&](const FileSystemKind& kind) { return kind.magic == magic; });
    if (unfit != std::end(kUnfit)) {
      say("file_system", false, fmt::format("it lies on {}", unfit->name), unfit->advice);
    } else {
      say("file_system", true, "it is a local one");
    }
    space(static_cast<std::uint64_t>(info.f_bavail) * static_cast<std::uint64_t>(info.f_bsize));
    inodes(info.f_files, info.f_ffree);
  }

  void space(std::uint64_t free_bytes) {
    const bool enough = free_bytes >= kFreeBytesMin;
    say("free_space", enough, fmt::format("{} MiB are free", free_bytes >> 20),
        enough ? "" : "make room: a store wants at least 1 GiB");
  }
  void inodes(std::uint64_t all, std::uint64_t free) {
    if (all == 0) return say("inodes", true, "the file system sets no limit");
    const bool enough = free >= kFreeInodesMin;
    say("inodes", enough, fmt::format("{} are free", free),
        enough ? "" : "remove small files, or make a file system with more inodes");
  }

  Status write() {
    SPIND_TRY(write_file_durably(files_, own_ + "/a", as_bytes("first")));
    SPIND_TRY_ASSIGN(const std::string read, read_file(files_, own_ + "/a", 100));
    if (read == "first") return {};
    return Error{Code::corruption, "other bytes came back than were written"};
  }
  Status rename() {
    SPIND_TRY(write_file_durably(files_, own_ + "/b", as_bytes("second")));
    SPIND_TRY(files_.rename(own_ + "/b", own_ + "/a"));
    SPIND_TRY(files_.sync_folder(own_));
    SPIND_TRY_ASSIGN(const std::string read, read_file(files_, own_ + "/a", 100));
    if (read == "second") return {};
    return Error{Code::corruption, "the old file is still there"};
  }
  Status lock() {
    SPIND_TRY_ASSIGN(const auto held, files_.lock(own_ + "/lock"));
    const auto again = files_.lock(own_ + "/lock");
    if (again.code() == Code::busy) return {};
    return Error{Code::unsupported, "a second holder got the same lock"};
  }

  Result<std::chrono::microseconds> time_syncs() {
    SPIND_TRY_ASSIGN(const auto file, files_.open(own_ + "/sync", OpenMode::create_new));
    std::vector<std::chrono::microseconds> times;
    for (std::size_t i = 0; i < kSyncs; ++i) {
      SPIND_TRY(file->append(as_bytes("0123456789abcdef")));
      const auto begin = std::chrono::steady_clock::now();
      SPIND_TRY(file->sync());
      times.push_back(std::chrono::duration_cast<std::chrono::microseconds>(
          std::chrono::steady_clock::now() - begin));
    }
    std::nth_element(times.begin(), times.begin() + kSyncs / 2, times.end());
    return times[kSyncs / 2];
  }
  void sync() {
    const auto median = time_syncs();
    if (!median.ok())
      return say("sync", false, median.error().to_string(),
                 "use another file system: nothing is durable here");
    // A sync that costs nothing may be real, behind a cache with a battery, or a lie: no program
    // can tell which.
    say("sync", true, fmt::format("a sync takes {} us", median->count()),
        median->count() < 20 ? "ask whether syncs reach the disk here: this one is very fast" : "");
  }

  void clean_up() {
    const auto names = files_.list(own_);
    if (!names.ok()) return;
    for (const std::string& name : *names) (void)files_.remove(own_ + "/" + name);
    (void)files_.remove(own_);
  }

  Files& files_;
  const std::string folder_;
  std::string own_;
  std::vector<ProbeFinding> rows_;
};

}  // namespace

std::vector<ProbeFinding> probe_folder(const std::string& folder) {
  return FolderProbe(Files::system(), folder).run();
}

}  // namespace spind
