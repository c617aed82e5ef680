// P14: the same file put into many spaces of a tenant. Limit: hashing it.
#include <fmt/format.h>
#include <openssl/evp.h>

#include <fstream>

#include "disk.h"
#include "load.h"
#include "must.h"
#include "our_store.h"
#include "row.h"

namespace spind::bench {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kFileBytes = 1ull << 30, kKeptBytesMax = kFileBytes + kFileBytes / 100;
constexpr unsigned kSpaces = 30;
constexpr double kMebibytes = static_cast<double>(kFileBytes >> 20);

std::uint64_t bytes_below(const fs::path& folder) {
  std::uint64_t bytes = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) bytes += entry.file_size();
  return bytes;
}

void hash_file(const fs::path& path) {
  std::vector<char> buffer(1u << 20);
  std::ifstream in(path, std::ios::binary);
  EVP_MD_CTX* hash = EVP_MD_CTX_new();
  EVP_DigestInit_ex(hash, EVP_sha256(), nullptr);
  while (in.read(buffer.data(), static_cast<std::streamsize>(buffer.size())))
    EVP_DigestUpdate(hash, buffer.data(), buffer.size());
  unsigned char digest[32];
  EVP_DigestFinal_ex(hash, digest, nullptr);
  EVP_MD_CTX_free(hash);
}

Comparison compare(const Context& context) {
  const ScratchFolder folder(context.folder, "dedup");
  const fs::path source = folder.path() / "source", store_folder = folder.path() / "ours";
  write_random_file(source, kFileBytes, 6);
  OurStore store(store_folder, {.spaces = kSpaces});
  unsigned next = 0;
  const auto put = [&] {
    const Space& space = store.spaces()[next++ % kSpaces];
    must(space.put_local_file("/same", source), "put");
  };
  put();
  const int each = (static_cast<int>(kSpaces) - 1) / context.plan.runs + 1;
  const auto timed = [](int count, const std::function<void()>& what) {
    const double begin = seconds_now();
    for (int i = 0; i < count; ++i) what();
    return Sample{.rate = kMebibytes * count / (seconds_now() - begin)};
  };
  Comparison result = side_by_side(
      context.plan, [&] { return timed(each, put); },
      {{"SHA-256 by OpenSSL, one thread", [&] { return timed(1, [&] { hash_file(source); }); }}});
  const std::uint64_t kept = bytes_below(store_folder);
  result.held = kept <= kKeptBytesMax && next >= kSpaces;
  result.note = fmt::format("{} spaces; {:.3f} GiB kept (1.01 allowed)", std::min(next, kSpaces),
                            static_cast<double>(kept) / static_cast<double>(kFileBytes));
  return result;
}

}  // namespace

std::vector<Row> dedup_rows() {
  return {{.id = "P14",
           .what = "1 GiB that another space has, put into 30 of a tenant",
           .unit = "MiB/s",
           .goal = 0.9,
           .run = compare}};
}

}  // namespace spind::bench
