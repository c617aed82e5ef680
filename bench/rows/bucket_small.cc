// P6s: many small files, each durable in a bucket when its put returns, by 32 callers. Limit:
// rclone with 32 transfers, on the same server.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <thread>

#include "bucket.h"
#include "disk.h"
#include "load.h"
#include "must.h"
#include "our_store.h"
#include "row.h"

namespace spind::bench {
namespace {

namespace fs = std::filesystem;

constexpr unsigned kCallers = 32, kFiles = 10'000, kFilesAFolder = 1'000;
constexpr std::size_t kFileBytes = 100u << 10;
constexpr double kPutsAFileMax = 0.05;

fs::path path_of(unsigned file) {
  return fs::path(fmt::format("{}/{}.bin", file / kFilesAFolder, file));
}

void write_files(const fs::path& folder) {
  const RandomBytes random(61);
  std::vector<std::uint8_t> room;
  for (unsigned i = 0; i < kFiles; ++i) {
    const fs::path path = folder / path_of(i);
    if (i % kFilesAFolder == 0) fs::create_directories(path.parent_path());
    const auto bytes = random.slice(i, kFileBytes, room);
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()), kFileBytes);
    file.close();
    if (!file) give_up(path, "cannot write");
  }
}

Sample rate_of(const std::function<void()>& put_all) {
  const double begin = seconds_now();
  put_all();
  return {.rate = kFiles / (seconds_now() - begin)};
}

void put_all(const Space& space, const fs::path& source) {
  std::atomic<unsigned> next = 0;
  std::vector<std::jthread> callers;
  for (unsigned i = 0; i < kCallers; ++i) {
    callers.emplace_back([&] {
      for (unsigned file = 0; (file = next.fetch_add(1)) < kFiles;) {
        const fs::path path = path_of(file);
        must(space.put_local_file("/" + path.string(), source / path, {.make_parents = true}),
             "put");
      }
    });
  }
}

Comparison compare(const Context& context) {
  const ScratchFolder folder(context.folder, "far-small");
  const fs::path source = folder.path() / "source";
  write_files(source);
  const Clients clients(context.bucket, folder.path());
  double puts_a_file = 0;
  const auto ours = [&] {
    const ScratchFolder store_folder(folder.path(), "ours");
    const Prefix prefix(context.bucket);
    const OurStore store(store_folder.path() / "store", {.blobs = prefix.blobs()});
    const S3Usage before = prefix.blobs()->usage();
    const Sample sample = rate_of([&] { put_all(store.space(), source); });
    const S3Usage after = prefix.blobs()->usage();
    const std::uint64_t puts =
        after.puts + after.part_requests - before.puts - before.part_requests;
    puts_a_file = std::max(puts_a_file, static_cast<double>(puts) / kFiles);
    return sample;
  };
  using Words = Clients::Words;
  const auto by_rclone = [&](const Words& options) {
    return [&, options] {
      const Prefix prefix(context.bucket);
      Words words = {"copy", source.string(), prefix.for_rclone("files"), "--transfers", "32"};
      words.insert(words.end(), options.begin(), options.end());
      const Sample sample = rate_of([&] { run_program(clients.rclone(words)); });
      if (must(prefix.blobs()->list("", "", 2 * kFiles), "list the bucket").size() != kFiles)
        give_up("rclone", "put other than all files");
      return sample;
    };
  };
  Comparison result = side_by_side(
      context.plan, ours,
      {{"rclone copy, 32 transfers", by_rclone({})},
       {"rclone copy, 32 transfers and checkers, no checksums and no looking before or after",
        by_rclone({"--checkers", "32", "--no-check-dest", "--ignore-checksum",
                   "--s3-disable-checksum", "--s3-no-check-bucket", "--s3-no-head",
                   "--s3-use-unsigned-payload=true"})}});
  result.held = puts_a_file <= kPutsAFileMax;
  result.note = fmt::format("{} files of {} KiB; at most {:.3f} PUTs a file ({} allowed)", kFiles,
                            kFileBytes >> 10, puts_a_file, kPutsAFileMax);
  return result;
}

}  // namespace

std::vector<Row> bucket_small_rows() {
  return {{.id = "P6s",
           .what = "files of 100 KiB, durable in a bucket, 32 callers",
           .unit = "files/s",
           .goal = 3,
           .run = compare,
           .in_bucket = true}};
}

}  // namespace spind::bench
