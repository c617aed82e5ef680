// P4: one file of 1 GiB in and out. Limits: cp and a sync of the copy; cat.
#include <fcntl.h>
#include <unistd.h>

#include "disk.h"
#include "load.h"
#include "must.h"
#include "our_store.h"
#include "row.h"

namespace spind::bench {
namespace {

constexpr std::uint64_t kFileBytes = 1ull << 30;
constexpr std::size_t kBufferBytes = 1u << 20;
constexpr double kMebibytes = static_cast<double>(kFileBytes >> 20);

namespace fs = std::filesystem;

Sample timed(const std::function<void()>& what) {
  const double begin = seconds_now();
  what();
  return {.rate = kMebibytes / (seconds_now() - begin)};
}

void sync_file(const fs::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0 || ::fsync(file) != 0) give_up(path, "cannot sync");
  ::close(file);
}

// Reads the file with plain calls; writes it to `to` if that is a file.
void copy_by_hand(const fs::path& from, int to) {
  std::vector<char> buffer(kBufferBytes);
  const int file = ::open(from.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) give_up(from, "cannot open");
  ::posix_fadvise(file, 0, 0, POSIX_FADV_SEQUENTIAL);
  for (ssize_t count = 0; (count = ::read(file, buffer.data(), buffer.size())) > 0;) {
    if (to >= 0 && ::write(to, buffer.data(), static_cast<std::size_t>(count)) != count) {
      give_up(from, "cannot write the copy");
    }
  }
  ::close(file);
}

Comparison compare_put(const Context& context) {
  const ScratchFolder folder(context.folder, "big");
  const fs::path source = folder.path() / "source", copy = folder.path() / "copy";
  write_random_file(source, kFileBytes, 4);
  const auto ours = [&] {
    const ScratchFolder store_folder(folder.path(), "ours");
    OurStore store(store_folder.path(), {});
    drop_cached(source);
    return timed([&] { must(store.space().put_local_file("/big", source), "put"); });
  };
  const auto copied = [&](const std::function<void()>& copy_it) {
    drop_cached(source);
    const Sample sample = timed([&] {
      copy_it();
      sync_file(copy);
    });
    fs::remove(copy);
    return sample;
  };
  return side_by_side(
      context.plan, ours,
      {{"cp, fsync", [&] { return copied([&] {
                             run_program({"cp", source, copy});
                           }); }},
       {"dd bs=1M, fsync",
        [&] {
          return copied([&] {
            run_program(
                {"dd", "if=" + source.string(), "of=" + copy.string(), "bs=1M", "status=none"});
          });
        }},
       {"read and write of 1 MiB in this process, fsync", [&] {
          return copied([&] {
            const int to = ::open(copy.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
            copy_by_hand(source, to);
            ::close(to);
          });
        }}});
}

void read_all(const Space& space) {
  std::vector<std::uint8_t> buffer(kBufferBytes);
  Reader reader = must(space.reader("/big"), "open reader");
  std::uint64_t total = 0;
  while (const std::size_t count = must(reader.read(buffer), "read")) total += count;
  if (total != kFileBytes) give_up("read", "the file is short");
}

Comparison compare_get(const Context& context) {
  const ScratchFolder folder(context.folder, "big");
  const fs::path source = folder.path() / "source", store_folder = folder.path() / "ours";
  write_random_file(source, kFileBytes, 4);
  OurStore store(store_folder, {});
  must(store.space().put_local_file("/big", source), "put");
  const auto cold = [&](const std::function<void()>& read_it) {
    drop_cached(source);
    drop_cached(store_folder);
    return timed(read_it);
  };
  Comparison result = side_by_side(
      context.plan, [&] { return cold([&] { read_all(store.space()); }); },
      {{"cat", [&] { return cold([&] {
                       run_program({"cat", source});
                     }); }},
       {"dd bs=1M",
        [&] {
          return cold([&] {
            run_program({"dd", "if=" + source.string(), "of=/dev/null", "bs=1M", "status=none"});
          });
        }},
       {"read of 1 MiB in this process", [&] { return cold([&] { copy_by_hand(source, -1); }); }}});
  result.note = "both cold in the page cache of this machine; its host may have cached either";
  return result;
}

}  // namespace

std::vector<Row> big_file_rows() {
  return {{.id = "P4.put",
           .what = "put of 1 GiB, durable",
           .unit = "MiB/s",
           .goal = 0.85,
           .run = compare_put},
          {.id = "P4.get",
           .what = "get of 1 GiB, cold",
           .unit = "MiB/s",
           .goal = 0.9,
           .run = compare_get}};
}

}  // namespace spind::bench
