// One long job on a store with a budget of memory, in a process of its own so that its peak is its
// own. Prints "<peak of resident memory in KiB> <what it counted>".
//
//   scale_worker build STORE BUDGET_BYTES FOLDERS FILES    makes the tree
//   scale_worker list  STORE BUDGET_BYTES FOLDERS FILES    lists every folder, page by page
//   scale_worker walk  STORE BUDGET_BYTES FOLDERS FILES    walks the whole space
//   scale_worker copy  STORE BUDGET_BYTES FOLDERS FILES    copies the whole space into a folder of it
//   scale_worker changes STORE BUDGET_BYTES FOLDERS FILES  reads the whole feed
//   scale_worker rewind  STORE BUDGET_BYTES FOLDERS FILES  overwrites 10,000 files, and rewinds that
//   scale_worker purge   STORE BUDGET_BYTES FOLDERS FILES  removes the copy, purges and erases it
//   scale_worker check   STORE BUDGET_BYTES FOLDERS FILES  checks the store
//   scale_worker put   STORE BUDGET_BYTES LOCAL_FILE       stores one large file
//   scale_worker get   STORE BUDGET_BYTES LOCAL_FILE       reads it, comparing
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "spind/store.h"

namespace {

using namespace spind;

template <class T>
T must(Result<T> result) {
  if (!result.ok()) throw std::runtime_error(result.error().to_string());
  return std::move(result).value();
}
void must(Status status) {
  if (!status.ok()) throw std::runtime_error(status.error().to_string());
}

std::uint64_t peak_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:")) return std::strtoull(line.c_str() + 6, nullptr, 10);
  throw std::runtime_error("no VmHWM");
}

struct Job {
  const Store& store;
  Session session;
  Space space;
  std::uint64_t folders = 0, files = 0;
  std::string local_file;
};

std::string folder_name(std::uint64_t number) { return "/folder " + std::to_string(number); }

std::uint64_t build(const Job& job) {
  std::uint64_t made = 0;
  for (std::uint64_t folder = 0; folder < job.folders; ++folder) {
    const NodeId id = must(job.space.make_folder(folder_name(folder))).node;
    for (std::uint64_t file = 0; file < job.files; ++file) {
      const std::string name = "picture of a locker " + std::to_string(file) + ".jpeg";
      must(job.space.put(Ref::below(id, name), "x"));
      if (++made % 1024 == 0) must(job.session.wait());
    }
  }
  must(job.session.wait());
  return made;
}

std::uint64_t list(const Job& job) {
  std::uint64_t seen = 0;
  for (std::uint64_t folder = 0; folder < job.folders; ++folder) {
    ListOptions options;
    do {
      const Page page = must(job.space.list(folder_name(folder), options));
      seen += page.items.size();
      options.after = page.next;
    } while (!options.after.empty());
  }
  return seen;
}

std::uint64_t walk(const Job& job) {
  Walk walk = must(job.space.walk("/"));
  std::uint64_t files = 0;
  while (const auto item = must(walk.next())) files += item->node.kind == NodeKind::file;
  return files;
}

std::uint64_t copy(const Job& job) {
  return must(job.space.stat(Ref::node(must(job.space.copy("/", "/copy")).node))).totals.files;
}

std::uint64_t changes(const Job& job) {
  std::uint64_t created = 0;
  ChangePage page;
  do {
    page = must(job.space.changes(page.cursor, {.count_max = 10'000}));
    for (const ChangeEvent& event : page.events)
      created += event.kind == ChangeKind::created && event.node_kind == NodeKind::file;
  } while (page.more);
  return created;
}

// The first folder's files, ever again.
std::uint64_t rewind(const Job& job) {
  constexpr std::uint64_t kChanges = 10'000;
  const EntryNumber before = must(job.space.info()).entry;
  const Page page = must(job.space.list(folder_name(0)));
  for (std::uint64_t i = 0; i < kChanges; ++i) {
    must(job.space.put(Ref::node(page.items.at(i % page.items.size()).id), "overwritten"));
    if (i % 1024 == 0) must(job.session.wait());
  }
  must(job.session.wait());
  must(job.space.rewind({.entry = before}));
  must(job.session.wait());
  const NodeInfo first = must(job.space.stat(Ref::node(page.items.at(0).id)));
  if (first.size_bytes != 1) throw std::runtime_error("a rewind left an overwritten file");
  return kChanges;
}

// Makes one change of a whole subtree. It touches a few rows, however many nodes hang below, so a
// second is generous, also on a machine that is busy.
template <class Change>
Written at_once(const std::string& verb, Change change) {
  using namespace std::chrono;
  const auto before = steady_clock::now();
  const Written written = must(change());
  const auto took = duration_cast<milliseconds>(steady_clock::now() - before);
  if (took > seconds(1))
    throw std::runtime_error(verb + " took " + std::to_string(took.count()) + " ms");
  return written;
}

std::uint64_t purge(const Job& job) {
  const Written removed = at_once("remove", [&] { return job.space.remove("/copy"); });
  at_once("purge", [&] { return job.space.purge(Ref::node(removed.node)); });
  must(job.session.wait());
  CollectOptions options;
  options.forget = job.space.id();
  return must(job.store.collect(options)).nodes;
}

std::uint64_t check(const Job& job) {
  const CheckReport report = must(job.store.check());
  for (const CheckFinding& finding : report.findings)
    throw std::runtime_error(finding.kind + ": " + finding.text);
  return report.nodes;
}

std::uint64_t put(const Job& job) {
  return must(job.space.put_local_file("/large", job.local_file)).size_bytes;
}

std::uint64_t get(const Job& job) {
  Reader reader = must(job.space.reader("/large"));
  std::ifstream local(job.local_file, std::ios::binary);
  std::vector<std::uint8_t> got(1 << 20);
  std::vector<char> expected(got.size());
  std::uint64_t total = 0;
  while (const std::size_t count = must(reader.read(got))) {
    local.read(expected.data(), static_cast<std::streamsize>(count));
    if (!local ||
        !std::equal(got.begin(), got.begin() + static_cast<std::ptrdiff_t>(count), expected.begin(),
                    [](std::uint8_t a, char b) { return a == std::uint8_t(b); }))
      throw std::runtime_error("the file came back with other bytes");
    total += count;
  }
  return total;
}

std::uint64_t run(const std::vector<std::string>& words) {
  const std::string& verb = words.at(0);
  StoreOptions options{.create = true};
  options.memory_bytes = std::strtoull(words.at(2).c_str(), nullptr, 10);
  Store store = must(Store::open(words.at(1), options));
  SessionOptions who{.user = "ada"};
  who.deferred = verb == "build" || verb == "rewind" || verb == "purge";
  const Session session = must(store.session(who));
  Result<Space> space = session.space_by_alias("scale");
  if (space.code() == Code::not_found) {
    space = session.create_space({.alias = "scale"});
    must(session.wait());
  }
  Job job{store, session, must(std::move(space)), 0, 0, {}};
  if (verb == "put" || verb == "get") {
    job.local_file = words.at(3);
    return verb == "put" ? put(job) : get(job);
  }
  job.folders = std::strtoull(words.at(3).c_str(), nullptr, 10);
  job.files = std::strtoull(words.at(4).c_str(), nullptr, 10);
  const std::map<std::string, std::uint64_t (*)(const Job&)> verbs = {
      {"build", build},     {"list", list},     {"walk", walk},   {"copy", copy},
      {"changes", changes}, {"rewind", rewind}, {"purge", purge}, {"check", check}};
  return verbs.at(verb)(job);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::uint64_t counted = run({argv + 1, argv + argc});
    std::printf("%llu %llu\n", static_cast<unsigned long long>(peak_kib()),
                static_cast<unsigned long long>(counted));
    return 0;
  } catch (const std::exception& exception) {
    std::fprintf(stderr, "scale_worker: %s\n", exception.what());
    return 1;
  }
}
