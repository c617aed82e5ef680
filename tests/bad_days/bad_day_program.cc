// What needs a process of its own:
//
//   bad_day_program open FOLDER          opens the store and prints the code that it gets
//   bad_day_program hold FOLDER          opens it, prints "open" and waits for the end of its input
//   bad_day_program descriptors FOLDER   works with too few file descriptors, then with enough
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

#include "spind/store.h"
#include "support/store/content.h"

namespace spind::test {
namespace {

int print(const Status& status) {
  std::printf("%s\n", status.ok() ? "ok" : status.error().to_string().c_str());
  std::fflush(stdout);
  return 0;
}

Status open(const std::string& folder, std::optional<Store>& store) {
  StoreOptions options{.create = true};
  options.memory_bytes = kMemoryBytesMin;
  options.free_space_reserve_bytes = 0;
  Result<Store> opened = Store::open(folder, options);
  if (!opened.ok()) return std::move(opened).error();
  store.emplace(std::move(opened).value());
  return {};
}

void allow_descriptors(rlim_t count) {
  const rlimit limit{.rlim_cur = count, .rlim_max = 4096};
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

// What was acknowledged while descriptors were short must be there afterwards, with its bytes.
int descriptors(const std::string& folder) {
  constexpr std::uint64_t kSizes[] = {100, 50'000, 1'500'000};
  std::optional<Store> store;
  if (Status opened = open(folder, store); !opened.ok()) return print(opened);
  const Session session = store->session({.user = "ada"}).value();
  const Space space = session.create_space({.alias = "descriptors"}).value();

  // Sanitizers look at memory through a pipe; what they have seen once they know.
  for (const std::uint64_t size_bytes : kSizes) {
    const std::string path = "/before " + std::to_string(size_bytes);
    if (!space.put(path, content(size_bytes, size_bytes)).ok() || !space.get(path).ok()) return 4;
  }

  std::vector<int> taken;
  allow_descriptors(256);
  for (int one = ::dup(0); one >= 0; one = ::dup(0)) taken.push_back(one);
  std::vector<std::string> there;
  bool refused = false;
  for (std::uint64_t i = 0; i < 60; ++i) {
    const std::string path = "/" + std::to_string(i);
    const Result<Written> put = space.put(path, content(i, kSizes[i % 3]));
    if (put.ok()) there.push_back(path);
    if (!put.ok() && put.code() != Code::unavailable && put.code() != Code::io_error)
      return print(put.error());
    refused = refused || !put.ok();
  }
  for (const int one : taken) ::close(one);
  allow_descriptors(4096);

  if (!refused) return print(Error{.code = Code::aborted, .text = "nothing was refused"});
  store.reset();
  if (Status opened = open(folder, store); !opened.ok()) return print(opened);
  const Space again = store->session({.user = "ada"}).value().space_by_alias("descriptors").value();
  for (const std::string& path : there) {
    const std::uint64_t i = std::stoull(path.substr(1));
    const Result<std::string> bytes = again.get(path);
    if (!bytes.ok()) return print(bytes.error());
    if (*bytes != content(i, kSizes[i % 3])) return 3;
  }
  const CheckReport report = store->check({.read_content = true}).value();
  if (report.findings_total != 0)
    return print(Error{.code = Code::corruption, .text = report.findings.front().text});
  const Result<Written> put = again.put("/after", "x");
  return put.ok() ? print({}) : print(put.error());
}

int run(const std::string& verb, const std::string& folder) {
  if (verb == "descriptors") return descriptors(folder);
  std::optional<Store> store;
  const Status opened = open(folder, store);
  if (verb == "hold" && opened.ok()) {
    std::puts("open");
    std::fflush(stdout);
    while (std::getchar() != EOF) continue;
    return 0;
  }
  return print(opened);
}

}  // namespace
}  // namespace spind::test

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  return spind::test::run(argv[1], argv[2]);
}
