#include "our_store.h"

#include <fmt/format.h>

#include <sstream>

#include "must.h"
#include "spind/key_provider.h"

namespace spind::bench {
namespace {

KeyProviderPtr keys_beside(const std::filesystem::path& folder) {
  const std::string file = (folder.parent_path() / "bench-keys").string();
  if (!std::filesystem::exists(file)) must(add_key(file), "make a key");
  return must(key_file(file), "read the key");
}

Store open_store(const std::filesystem::path& folder, const OurOptions& options) {
  StoreOptions store{.create = true, .memory_bytes = options.memory_bytes, .blobs = options.blobs};
  if (options.encrypted) store.keys = keys_beside(folder);
  return must(Store::open(folder, store), "open store");
}

Session open_session(const Store& store, const OurOptions& options) {
  return must(store.session({.user = "bench", .deferred = options.deferred}), "open session");
}

// The sum of a metric over its labels.
double metric(const std::string& text, const std::string& name) {
  double sum = 0;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(name + " ") && !line.starts_with(name + "{")) continue;
    sum += std::stod(line.substr(line.rfind(' ') + 1));
  }
  return sum;
}

}  // namespace

OurStore::OurStore(const std::filesystem::path& folder, const OurOptions& options)
    : folder_(folder),
      options_(options),
      store_(open_store(folder, options)),
      session_(open_session(store_, options)) {
  for (unsigned i = 0; i < options.spaces; ++i) {
    spaces_.push_back(
        must(session_.create_space({.alias = fmt::format("space-{}", i)}), "create space"));
  }
}

RowsWritten OurStore::rows_written() const {
  const std::string text = store_.metrics();
  return {metric(text, "spind_kv_rows_total"), metric(text, "spind_kv_bytes_total")};
}

void OurStore::close() {
  must(session_.wait(), "wait");
  spaces_.clear();
  must(store_.close(), "close store");
}

void OurStore::open(const std::filesystem::path& folder) {
  store_ = open_store(folder, options_);
  session_ = open_session(store_, options_);
  for (unsigned i = 0; i < options_.spaces; ++i) {
    spaces_.push_back(must(session_.space_by_alias(fmt::format("space-{}", i)), "open space"));
  }
}

}  // namespace spind::bench
