// P4, P4e: one file of 1 GiB in and out. Limits: cp and a sync of the copy; cat; where ours is
// encrypted, also what the processors can hash, compress and seal, if that is less.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "cipher_limit.h"
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

// What a row of P4 puts and gets.
struct BigFile {
  bool encrypted = false;
  bool text = false;  // else random bytes
};

void write_source(const fs::path& path, const BigFile& file) {
  if (file.text)
    write_text_file(path, kFileBytes, 4);
  else
    write_random_file(path, kFileBytes, 4);
}

// The slower of a way to move the bytes and of what the processors can do with them.
Sample slower(const Sample& moved, const BigFile& file, double cipher_rate) {
  return file.encrypted && cipher_rate < moved.rate ? Sample{.rate = cipher_rate} : moved;
}

std::string said_of(double cipher_rate) {
  return fmt::format("the processors alone make {:.0f} MiB/s of it", cipher_rate);
}

Comparison compare_put(const Context& context, const BigFile& file) {
  const ScratchFolder folder(context.folder, "big");
  const fs::path source = folder.path() / "source", copy = folder.path() / "copy";
  write_source(source, file);
  const double cipher_rate = file.encrypted ? seal_rate(source) : 0;
  const auto ours = [&] {
    const ScratchFolder store_folder(folder.path(), "ours");
    OurStore store(store_folder.path() / "store", {.encrypted = file.encrypted});
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
    return slower(sample, file, cipher_rate);
  };
  Comparison result = side_by_side(
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
  if (file.encrypted) result.note = said_of(cipher_rate);
  return result;
}

void read_all(const Space& space) {
  std::vector<std::uint8_t> buffer(kBufferBytes);
  Reader reader = must(space.reader("/big"), "open reader");
  std::uint64_t total = 0;
  while (const std::size_t count = must(reader.read(buffer), "read")) total += count;
  if (total != kFileBytes) give_up("read", "the file is short");
}

Comparison compare_get(const Context& context, const BigFile& file) {
  const ScratchFolder folder(context.folder, "big");
  const fs::path source = folder.path() / "source", store_folder = folder.path() / "ours";
  write_source(source, file);
  const double cipher_rate = file.encrypted ? open_rate(source) : 0;
  OurStore store(store_folder, {.encrypted = file.encrypted});
  must(store.space().put_local_file("/big", source), "put");
  const auto cold = [&](const std::function<void()>& read_it) {
    drop_cached(source);
    drop_cached(store_folder);
    return timed(read_it);
  };
  Comparison result = side_by_side(
      context.plan, [&] { return cold([&] { read_all(store.space()); }); },
      {{"cat",
        [&] {
          return slower(cold([&] { run_program({"cat", source}); }), file, cipher_rate);
        }},
       {"dd bs=1M",
        [&] {
          return slower(cold([&] {
                          run_program({"dd", "if=" + source.string(), "of=/dev/null", "bs=1M",
                                       "status=none"});
                        }),
                        file, cipher_rate);
        }},
       {"read of 1 MiB in this process",
        [&] { return slower(cold([&] { copy_by_hand(source, -1); }), file, cipher_rate); }}});
  result.note = "both cold in the page cache of this machine; its host may have cached either";
  if (file.encrypted) result.note += "; " + said_of(cipher_rate);
  return result;
}

Row put_row(std::string id, std::string what, const BigFile& file) {
  return {.id = std::move(id),
          .what = std::move(what),
          .unit = "MiB/s",
          .goal = 0.85,
          .run = [file](const Context& context) { return compare_put(context, file); }};
}

Row get_row(std::string id, std::string what, double goal, const BigFile& file) {
  return {.id = std::move(id),
          .what = std::move(what),
          .unit = "MiB/s",
          .goal = goal,
          .run = [file](const Context& context) { return compare_get(context, file); }};
}

}  // namespace

std::vector<Row> big_file_rows() {
  constexpr BigFile kPlain{}, kSealed{.encrypted = true};
  constexpr BigFile kSealedText{.encrypted = true, .text = true};
  return {
      put_row("P4.put", "put of 1 GiB, durable", kPlain),
      get_row("P4.get", "get of 1 GiB, cold", 0.9, kPlain),
      put_row("P4e.put", "put of 1 GiB, durable, encrypted, random bytes", kSealed),
      get_row("P4e.get", "get of 1 GiB, cold, encrypted, random bytes", 0.85, kSealed),
      put_row("P4e.put-text", "put of 1 GiB, durable, encrypted, text", kSealedText),
      get_row("P4e.get-text", "get of 1 GiB, cold, encrypted, text", 0.85, kSealedText),
  };
}

}  // namespace spind::bench
