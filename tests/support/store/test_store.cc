#include "support/store/test_store.h"

#include <filesystem>
#include <stdexcept>

#include "kv/rocksdb/rocksdb_store.h"

namespace spind::test {
namespace {

template <class T>
T must(Result<T> result) {
  if (!result.ok()) throw std::runtime_error(result.error().to_string());
  return std::move(result).value();
}

}  // namespace

engine::OpenKv rocksdb_on(std::shared_ptr<rocksdb::FileSystem> file_system) {
  return [file_system](const engine::KvSetup& setup) {
    return kv::open_rocksdb({.path = setup.folder,
                             .memory_budget_bytes = setup.memory_bytes,
                             .threads = setup.threads,
                             .clock = setup.clock,
                             .files = setup.files,
                             .observer = setup.observer,
                             .free_space_reserve_bytes = setup.free_space_reserve_bytes,
                             .file_system = file_system});
  };
}

TestStore::TestStore(MetadataEngine engine, engine::Seams seams, StoreOptions options,
                     bool open_later)
    : seams_(std::move(seams)), options_(std::move(options)) {
  options_.create = true;
  options_.metadata = engine;
  options_.memory_bytes = 64ull << 20;
  options_.free_space_reserve_bytes =
      std::min(options_.free_space_reserve_bytes, std::uint64_t{1} << 20);
  if (engine == MetadataEngine::memory && !seams_.open_kv)
    seams_.open_kv = [this](const engine::KvSetup& setup) { return open_memory(setup); };
  if (!open_later) reopen();
}

Result<std::unique_ptr<kv::Store>> TestStore::open_memory(const engine::KvSetup& setup) {
  auto opened = kv::open_memory({.threads = seams_.threads ? *seams_.threads : Threads::system(),
                                 .clock = seams_.clock ? *seams_.clock : Clock::system(),
                                 .observer = setup.observer,
                                 .disk = disk_,
                                 .before = before_kv_});
  if (opened.ok()) rows_ = opened->get();
  return opened;
}

Status TestStore::open() {
  Result<Store> opened = engine::open_with(folder(), options_, seams_);
  if (!opened.ok()) return std::move(opened).error();
  store_.emplace(std::move(opened).value());
  return {};
}

void TestStore::close() { store_.reset(); }

void TestStore::reopen() {
  close();
  const Status opened = open();
  if (!opened.ok()) throw std::runtime_error(opened.error().to_string());
}

void TestStore::copy(const TestStore& other) {
  disk_ = other.disk_->copy();
  std::filesystem::copy(other.folder_.path(), folder_.path(),
                        std::filesystem::copy_options::recursive);
}

Session TestStore::session(const std::string& user, bool deferred) {
  SessionOptions options{.user = user};
  options.deferred = deferred;
  return must(store_->session(options));
}

Space TestStore::make_space(const std::string& alias, NameRule names) {
  SpaceOptions options{.alias = alias};
  options.names = names;
  return must(session().create_space(options));
}

Space TestStore::space(const std::string& alias) { return must(session().space_by_alias(alias)); }

std::string TestStore::findings(bool read_content) {
  CheckOptions options;
  options.read_content = read_content;
  const CheckReport report = must(store_->check(options));
  std::string text;
  for (const CheckFinding& finding : report.findings)
    text += finding.kind + " (" + std::to_string(finding.node) + "): " + finding.text + "\n";
  return text;
}

}  // namespace spind::test
