// P6: one file of 1 GiB into a bucket and out of it. Limits: rclone and mc, as they come and tuned,
// on the same server.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "bucket.h"
#include "disk.h"
#include "load.h"
#include "must.h"
#include "our_store.h"
#include "row.h"

namespace spind::bench {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kBytes = 1ull << 30;
// In calls as short as those of the clients: for longer ones the kernel takes larger blocks of
// memory, which on a virtual machine may be such that its host has to find first.
constexpr std::size_t kReadBytes = 1u << 20, kWriteBytes = 32u << 10;
// Ours tuned: with more memory a reader asks for more at once.
constexpr std::uint64_t kGetMemoryBytes = 1ull << 30;
constexpr double kMebibytes = static_cast<double>(kBytes >> 20);
constexpr const char* kClientsNote =
    "the clients are started anew for each run, which is in their time";

Sample time_of(const std::function<void()>& what) {
  const double begin = seconds_now();
  what();
  return {.rate = kMebibytes / (seconds_now() - begin)};
}

Comparison compare_put(const Context& context, bool encrypted) {
  const ScratchFolder folder(context.folder, "far-file");
  const fs::path source = folder.path() / "source";
  write_random_file(source, kBytes, 6);
  const Clients clients(context.bucket, folder.path());
  const auto ours = [&] {
    const ScratchFolder store_folder(folder.path(), "ours");
    const Prefix prefix(context.bucket);
    const OurStore store(store_folder.path() / "store",
                         {.encrypted = encrypted, .blobs = prefix.blobs()});
    return time_of([&] { must(store.space().put_local_file("/big", source), "put"); });
  };
  using Words = Clients::Words;
  const auto by_client = [&](const std::function<Words(const Prefix&)>& command) {
    return [&context, command] {
      const Prefix prefix(context.bucket);
      const Words words = command(prefix);
      const Sample sample = time_of([&] { run_program(words); });
      // Not every failure of a client is in its exit status.
      const auto items = must(prefix.blobs()->list("", "", 2), "list the bucket");
      if (items.size() != 1 || items[0].size_bytes != kBytes) give_up(words[0], "put no such file");
      return sample;
    };
  };
  const auto by_rclone = [&](const Words& options) {
    return by_client([&clients, &source, options](const Prefix& prefix) {
      Words words = {"copyto", source.string(), prefix.for_rclone("big")};
      words.insert(words.end(), options.begin(), options.end());
      return clients.rclone(words);
    });
  };
  const auto by_mc = [&](const Words& command) {
    return by_client([&clients, &source, command](const Prefix& prefix) {
      Words words = command;
      words.insert(words.end(), {source.string(), prefix.for_mc("big")});
      return clients.mc(words);
    });
  };
  Comparison result =
      side_by_side(context.plan, ours,
                   {{"rclone copyto", by_rclone({})},
                    {"rclone copyto, 8 parts of 32 MiB at once, no checksums",
                     by_rclone({"--s3-upload-concurrency", "8", "--s3-chunk-size", "32M",
                                "--s3-disable-checksum", "--s3-no-check-bucket", "--s3-no-head",
                                "--s3-use-unsigned-payload=true"})},
                    {"mc cp", by_mc({"cp"})},
                    {"mc put, 8 parts of 32 MiB at once",
                     by_mc({"put", "--parallel", "8", "--part-size", "32MiB"})}});
  result.note = kClientsNote;
  return result;
}

// Into a file, as the clients do.
void read_into(const fs::path& copy, const Space& space) {
  const int file = ::open(copy.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) give_up(copy, "cannot make the copy");
  std::vector<std::uint8_t> buffer(kReadBytes);
  Reader reader = must(space.reader("/big"), "open reader");
  std::uint64_t total = 0;
  while (const std::size_t count = must(reader.read(buffer), "read")) {
    for (std::size_t done = 0; done < count; done += kWriteBytes) {
      const std::size_t part = std::min(kWriteBytes, count - done);
      if (::write(file, buffer.data() + done, part) != static_cast<ssize_t>(part))
        give_up(copy, "cannot write the copy");
    }
    total += count;
  }
  ::close(file);
  if (total != kBytes) give_up("read", "the file is short");
}

Comparison compare_get(const Context& context, bool encrypted) {
  const ScratchFolder folder(context.folder, "far-file");
  const fs::path source = folder.path() / "source", copy = folder.path() / "copy";
  write_random_file(source, kBytes, 6);
  const Clients clients(context.bucket, folder.path());
  const Prefix prefix(context.bucket), other(context.bucket);
  if (context.plan.limit)
    run_program(clients.rclone({"copyto", source.string(), other.for_rclone("big")}));
  const OurStore store(
      folder.path() / "store",
      {.memory_bytes = kGetMemoryBytes, .encrypted = encrypted, .blobs = prefix.blobs()});
  must(store.space().put_local_file("/big", source), "put");
  fs::remove(source);
  const auto got = [&](const std::function<void()>& get) {
    fs::remove(copy);
    const Sample sample = time_of(get);
    if (fs::file_size(copy) != kBytes) give_up("get", "the copy is short");
    return sample;
  };
  using Words = Clients::Words;
  const auto by = [&](const Words& words) {
    return [&got, words] { return got([&] { run_program(words); }); };
  };
  const std::string from = other.for_rclone("big");
  Comparison result = side_by_side(
      context.plan, [&] { return got([&] { read_into(copy, store.space()); }); },
      {{"rclone copyto", by(clients.rclone({"copyto", from, copy.string()}))},
       {"rclone copyto, 8 streams of 32 MiB, no checksums",
        by(clients.rclone({"copyto", from, copy.string(), "--multi-thread-streams", "8",
                           "--multi-thread-chunk-size", "32M", "--ignore-checksum"}))},
       {"mc cp", by(clients.mc({"cp", other.for_mc("big"), copy.string()}))},
       {"mc get", by(clients.mc({"get", other.for_mc("big"), copy.string()}))}});
  result.note =
      std::string("ours with a memory budget of 1 GiB; into a file, not synced on either side; ") +
      kClientsNote;
  return result;
}

Row file_row(std::string id, std::string what, bool encrypted,
             Comparison (*compare)(const Context&, bool)) {
  return {.id = std::move(id),
          .what = std::move(what),
          .unit = "MiB/s",
          .goal = 0.9,
          .run = [=](const Context& context) { return compare(context, encrypted); },
          .in_bucket = true};
}

}  // namespace

std::vector<Row> bucket_file_rows() {
  return {file_row("P6.put", "put of 1 GiB into a bucket", false, compare_put),
          file_row("P6.put-sealed", "put of 1 GiB into a bucket, encrypted", true, compare_put),
          file_row("P6.get", "get of 1 GiB out of a bucket", false, compare_get),
          file_row("P6.get-sealed", "get of 1 GiB out of a bucket, encrypted", true, compare_get)};
}

}  // namespace spind::bench
