#include "disk.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <fstream>
#include <random>

#include "load.h"
#include "must.h"

namespace spind::bench {
namespace {

namespace fs = std::filesystem;

void drop_cached_file(const fs::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (file < 0) return;
  ::posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
  ::close(file);
}

// A line "Name:   123 kB" of /proc/self/status.
std::uint64_t process_status_bytes(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(name + ":")) return std::stoull(line.substr(name.size() + 1)) << 10;
  }
  return 0;
}

}  // namespace

ScratchFolder::ScratchFolder(const fs::path& parent, const std::string& name)
    : path_(parent / name) {
  fs::remove_all(path_);
  fs::create_directories(path_);
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

void settle_disk(const fs::path& folder) {
  const int file = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0 || ::syncfs(file) != 0) give_up(folder, std::strerror(errno));
  ::close(file);
}

void drop_cached(const fs::path& path) {
  if (fs::is_regular_file(path)) return drop_cached_file(path);
  for (const auto& entry : fs::recursive_directory_iterator(path)) {
    if (entry.is_regular_file() && !entry.is_symlink()) drop_cached_file(entry.path());
  }
}

void write_random_file(const fs::path& path, std::uint64_t size_bytes, std::uint64_t seed) {
  constexpr std::size_t kPartBytes = 1u << 20;
  const RandomBytes random(seed);
  std::vector<std::uint8_t> room;
  std::ofstream file(path, std::ios::binary);
  for (std::uint64_t at = 0; at < size_bytes; at += kPartBytes) {
    const std::uint64_t left = size_bytes - at;
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(kPartBytes, left));
    const auto bytes = random.slice(at / kPartBytes, count, room);
    file.write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
  }
  file.close();
  if (!file) give_up(path, "cannot write");
}

void write_text_file(const fs::path& path, std::uint64_t size_bytes, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::ofstream file(path, std::ios::binary);
  std::string part;
  for (std::uint64_t left = size_bytes; left > 0; left -= part.size()) {
    part.clear();
    while (part.size() < 1u << 20) {
      const std::uint64_t word = random();
      part += fmt::format("2026-09-14T08:{:02}:{:02} {} /dav/class-{}/{:x} {} {}\n", word % 60,
                          word / 64 % 60, word % 3 == 0 ? "PUT" : "GET", word / 4096 % 40,
                          word >> 40, word % 5 == 0 ? 404 : 200, word % 100'000);
    }
    part.resize(std::min<std::uint64_t>(part.size(), left));
    file.write(part.data(), static_cast<std::streamsize>(part.size()));
  }
  file.close();
  if (!file) give_up(path, "cannot write");
}

void run_program(const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t child = 0;
  const int failed =
      posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) give_up(command[0], std::strerror(failed));
  int status = 0;
  if (::waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    give_up(command[0], "failed with status " + std::to_string(WEXITSTATUS(status)));
  }
}

double seconds_now() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

std::uint64_t resident_bytes() { return process_status_bytes("VmRSS"); }
std::uint64_t resident_peak_bytes() { return process_status_bytes("VmHWM"); }

void reset_resident_peak() {
  std::ofstream refs("/proc/self/clear_refs");
  refs << "5";
}

}  // namespace spind::bench
