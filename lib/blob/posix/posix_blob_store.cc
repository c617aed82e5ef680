#include "blob/posix/posix_blob_store.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "base/try.h"
#include "blob/blob_name.h"

namespace spind {
namespace {

constexpr std::size_t kKnownFoldersMax = 4096;
// The device begins to write while the rest is still being copied to the page cache.
constexpr std::size_t kWritePartBytes = 1024 * 1024;
// From this size on the whole range is asked for at once instead of as the kernel guesses.
constexpr std::size_t kReadAheadBytesMin = 256 * 1024;

std::string_view folder_of(std::string_view path) { return path.substr(0, path.rfind('/')); }

Error of_blob(Error error, std::string_view name) {
  if (error.code == Code::not_found || error.code == Code::not_a_folder ||
      error.code == Code::is_a_folder)
    return {Code::not_found, "no such blob", std::string(name)};
  return error;
}

}  // namespace

PosixBlobStore::PosixBlobStore(Files& files, const std::string& folder)
    : files_(files), blobs_(folder + "/blobs"), tmp_(folder + "/tmp") {}

Result<std::unique_ptr<PosixBlobStore>> PosixBlobStore::open(Files& files,
                                                             const std::string& folder) {
  std::unique_ptr<PosixBlobStore> store(new PosixBlobStore(files, folder));
  SPIND_TRY(store->prepare());
  return store;
}

Status PosixBlobStore::prepare() {
  SPIND_TRY(make_folder_durably(std::string(folder_of(blobs_))));
  SPIND_TRY(make_folder_durably(blobs_));
  SPIND_TRY(make_folder_durably(tmp_));
  SPIND_TRY_ASSIGN(const std::vector<std::string> left_over, files_.list(tmp_));
  for (const std::string& name : left_over) SPIND_TRY(files_.remove(tmp_ + '/' + name));
  return {};
}

std::string PosixBlobStore::path_of(std::string_view name) const {
  return std::string(blobs_).append("/").append(name);
}

Status PosixBlobStore::make_folder_durably(const std::string& path) {
  SPIND_TRY(files_.make_folder(path));
  const std::string_view parent = folder_of(path);
  return files_.sync_folder(parent.empty() ? "/" : parent == path ? "." : std::string(parent));
}

Status PosixBlobStore::make_folders_of(std::string_view name) {
  const std::lock_guard lock(folders_mutex_);
  for (std::size_t i = name.find('/'); i != std::string_view::npos; i = name.find('/', i + 1)) {
    const std::string path = path_of(name.substr(0, i));
    if (known_folders_.contains(path)) continue;
    SPIND_TRY(make_folder_durably(path));
    if (known_folders_.size() >= kKnownFoldersMax) known_folders_.clear();
    known_folders_.insert(path);
  }
  return {};
}

Status PosixBlobStore::write(const std::string& path, std::span<const std::uint8_t> bytes) {
  SPIND_TRY_ASSIGN(const std::unique_ptr<File> file, files_.open(path, OpenMode::create_new));
  while (bytes.size() > kWritePartBytes) {
    SPIND_TRY(file->append(bytes.first(kWritePartBytes)));
    file->write_soon();
    bytes = bytes.subspan(kWritePartBytes);
  }
  SPIND_TRY(file->append(bytes));
  return file->sync();
}

Status PosixBlobStore::put(std::string_view name, std::span<const std::uint8_t> bytes) {
  SPIND_TRY(check_blob_name(name));
  const std::string tmp = tmp_ + '/' + std::to_string(next_tmp_.fetch_add(1));
  const std::string path = path_of(name);
  Status done = make_folders_of(name);
  if (done.ok()) done = write(tmp, bytes);
  if (done.ok()) done = files_.rename(tmp, path);
  if (!done.ok()) {
    (void)files_.remove(tmp);  // else the next open does it
    if (done.code() == Code::not_a_folder || done.code() == Code::is_a_folder)
      return Error{Code::conflict, "the name is a folder, or a folder of it a blob",
                   std::string(name)};
    return done;
  }
  return files_.sync_folder(std::string(folder_of(path)));
}

Result<std::unique_ptr<File>> PosixBlobStore::open_blob(std::string_view name) {
  SPIND_TRY(check_blob_name(name));
  auto file = files_.open(path_of(name), OpenMode::read);
  if (!file.ok()) return of_blob(std::move(file).error(), name);
  return file;
}

Result<std::vector<std::uint8_t>> PosixBlobStore::get(std::string_view name,
                                                      std::uint64_t size_bytes_max) {
  SPIND_TRY_ASSIGN(const std::unique_ptr<File> file, open_blob(name));
  SPIND_TRY_ASSIGN(const std::uint64_t size, file->size());
  if (size > size_bytes_max)
    return Error{Code::limit_exceeded, "the blob is too large", std::string(name), size_bytes_max,
                 size};
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(size));
  if (size >= kReadAheadBytesMin) file->will_read(0, size);
  SPIND_TRY_ASSIGN(const std::size_t got, file->read_at(0, bytes));
  bytes.resize(got);
  return bytes;
}

Result<std::size_t> PosixBlobStore::range(std::string_view name, std::uint64_t offset,
                                          std::span<std::uint8_t> out) {
  return scatter(name, offset, Places(&out, 1));
}

Result<std::size_t> PosixBlobStore::scatter(std::string_view name, std::uint64_t offset,
                                            Places places) {
  SPIND_TRY_ASSIGN(const std::unique_ptr<File> file, open_blob(name));
  return file->scatter(offset, places);
}

void PosixBlobStore::will_read(std::string_view name, std::uint64_t offset,
                               std::uint64_t size_bytes) {
  const auto file = open_blob(name);
  if (file.ok()) (*file)->will_read(offset, size_bytes);
}

Status PosixBlobStore::remove(std::string_view name) {
  SPIND_TRY(remove_file(name));
  return sync_removals(std::string(folder_of(path_of(name))));
}

// With one sync a folder.
Status PosixBlobStore::remove_all(std::span<const std::string> names) {
  std::set<std::string> folders;
  for (const std::string& name : names) {
    SPIND_TRY(remove_file(name));
    folders.emplace(folder_of(path_of(name)));
  }
  for (const std::string& folder : folders) SPIND_TRY(sync_removals(folder));
  return {};
}

Status PosixBlobStore::remove_file(std::string_view name) {
  const auto found = open_blob(name);
  if (found.code() == Code::not_found) return {};
  if (!found.ok()) return found.error();
  Status removed = files_.remove(path_of(name));
  return removed.code() == Code::not_found ? Status() : std::move(removed);
}

// A blob that came back after a power cut would be looked for by nobody. That holds as well when it
// was somebody else who removed it a moment ago.
Status PosixBlobStore::sync_removals(const std::string& folder) {
  Status synced = files_.sync_folder(folder);
  if (synced.code() == Code::not_found || synced.code() == Code::not_a_folder) return {};
  return synced;
}

namespace {

// One name in a folder, as a listing walks it. A folder's name ends with '/', so that the order of
// names in each folder gives the order of whole names.
struct Step {
  std::string name;
  std::uint64_t size_bytes = 0;

  bool folder() const { return name.empty() || name.back() == '/'; }
};

// The steps in a folder that a listing has to take, last first; none if the folder is gone.
Result<std::vector<Step>> steps_in(Files& files, const std::string& root, const std::string& folder,
                                   std::string_view prefix, std::string_view after) {
  std::vector<Step> steps;
  auto names = files.list(root + '/' + folder);
  if (!names.ok()) {
    if (names.code() == Code::not_found) return steps;
    return std::move(names).error();
  }
  for (const std::string& part : *names) {
    const std::string name = folder + part;
    const bool as_folder = may_hold_listed(name + '/', prefix, after);
    const bool as_blob = name > after && std::string_view(name).starts_with(prefix);
    if (!as_folder && !as_blob) continue;
    auto file = files.open(root + '/' + name, OpenMode::read);
    if (file.code() == Code::not_found) continue;
    if (file.code() == Code::is_a_folder) {
      if (as_folder) steps.push_back({name + '/'});
      continue;
    }
    if (!file.ok()) return std::move(file).error();
    SPIND_TRY_ASSIGN(const std::uint64_t size, (*file)->size());
    if (as_blob) steps.push_back({name, size});
  }
  std::sort(steps.begin(), steps.end(),
            [](const Step& a, const Step& b) { return a.name > b.name; });
  return steps;
}

}  // namespace

Result<std::vector<BlobListItem>> PosixBlobStore::list(std::string_view prefix,
                                                       std::string_view after,
                                                       std::size_t count_max) {
  std::vector<BlobListItem> items;
  std::vector<Step> todo = {{""}};
  while (!todo.empty() && items.size() < count_max) {
    Step step = std::move(todo.back());
    todo.pop_back();
    if (!step.folder()) {
      items.push_back({std::move(step.name), step.size_bytes});
      continue;
    }
    SPIND_TRY_ASSIGN(std::vector<Step> below, steps_in(files_, blobs_, step.name, prefix, after));
    std::move(below.begin(), below.end(), std::back_inserter(todo));
  }
  return items;
}

Result<std::uint64_t> PosixBlobStore::copy_to(PosixBlobStore& other, std::string_view name) {
  SPIND_TRY(check_blob_name(name));
  SPIND_TRY(other.make_folders_of(name));
  Status linked = files_.link(path_of(name), other.path_of(name));
  if (linked.ok()) return std::uint64_t{0};
  if (linked.code() == Code::not_found) return of_blob(std::move(linked).error(), name);
  if (linked.code() != Code::unsupported) return std::move(linked).error();
  auto copied = copy_file(files_, path_of(name), other.path_of(name));
  if (copied.code() == Code::not_found) return of_blob(std::move(copied).error(), name);
  return copied;
}

Status PosixBlobStore::sync_names(const std::string& prefix) {
  auto folders = files_.list(path_of(prefix));
  if (folders.code() == Code::not_found) return {};
  if (!folders.ok()) return std::move(folders).error();
  for (const std::string& folder : *folders)
    SPIND_TRY(files_.sync_folder(path_of(prefix) + '/' + folder));
  return {};
}

}  // namespace spind
