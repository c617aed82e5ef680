#include "content/folder_blobs.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/try.h"
#include "content/file_packs.h"
#include "content/object_packs.h"

namespace spind::content {
namespace {

// The number of the pack that is called so.
std::optional<std::uint64_t> pack_number(std::string_view name) {
  std::uint64_t number = 0;
  const char* const end = name.data() + name.size();
  std::from_chars(name.data() + name.rfind('/') + 1, end, number);
  if (pack_object_name(number) != name) return std::nullopt;
  return number;
}

}  // namespace

Status FolderBlobs::put(std::string_view name, std::span<const std::uint8_t> bytes) {
  const auto pack = pack_number(name);
  if (!pack) return objects_.put(name, bytes);
  return write_file_durably(files_, pack_path(packs_, *pack), bytes);
}

Result<std::vector<std::uint8_t>> FolderBlobs::get(std::string_view name,
                                                   std::uint64_t size_bytes_max) {
  const auto pack = pack_number(name);
  if (!pack) return objects_.get(name, size_bytes_max);
  SPIND_TRY_ASSIGN(const auto file, files_.open(pack_path(packs_, *pack), OpenMode::read));
  SPIND_TRY_ASSIGN(const std::uint64_t size, file->size());
  if (size > size_bytes_max)
    return Error{Code::limit_exceeded, "the pack is too large", std::string(name), size_bytes_max,
                 size};
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(size));
  SPIND_TRY_ASSIGN(const std::size_t got, file->read_at(0, bytes));
  bytes.resize(got);
  return bytes;
}

Result<std::size_t> FolderBlobs::range(std::string_view name, std::uint64_t offset,
                                       std::span<std::uint8_t> out) {
  const auto pack = pack_number(name);
  if (!pack) return objects_.range(name, offset, out);
  SPIND_TRY_ASSIGN(const auto file, files_.open(pack_path(packs_, *pack), OpenMode::read));
  return file->read_at(offset, out);
}

Status FolderBlobs::remove(std::string_view name) {
  const auto pack = pack_number(name);
  if (!pack) return objects_.remove(name);
  Status removed = files_.remove(pack_path(packs_, *pack));
  if (!removed.ok() && removed.code() != Code::not_found) return removed;
  return files_.sync_folder(packs_);
}

// With one sync for all packs.
Status FolderBlobs::remove_all(std::span<const std::string> names) {
  std::vector<std::string> objects;
  bool any_pack = false;
  for (const std::string& name : names) {
    const auto pack = pack_number(name);
    if (!pack) {
      objects.push_back(name);
      continue;
    }
    any_pack = true;
    Status removed = files_.remove(pack_path(packs_, *pack));
    if (!removed.ok() && removed.code() != Code::not_found) return removed;
  }
  if (any_pack) SPIND_TRY(files_.sync_folder(packs_));
  return objects_.remove_all(objects);
}

Result<std::vector<BlobListItem>> FolderBlobs::list(std::string_view prefix, std::string_view after,
                                                    std::size_t count_max) {
  if (!prefix.starts_with(kPacksPrefix)) return objects_.list(prefix, after, count_max);
  SPIND_TRY_ASSIGN(const std::vector<std::string> files, files_.list(packs_));
  std::vector<std::string> names;
  for (const std::string& file : files) {
    std::uint64_t number = 0;
    std::from_chars(file.data(), file.data() + file.size(), number, 16);
    std::string name = pack_object_name(number);
    const bool is_pack = pack_path(packs_, number) == packs_ + '/' + file;
    if (is_pack && name > after && name.starts_with(prefix)) names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  names.resize(std::min(names.size(), count_max));
  std::vector<BlobListItem> items;
  for (std::string& name : names) {
    const auto file = files_.open(pack_path(packs_, *pack_number(name)), OpenMode::read);
    if (!file.ok() && file.code() != Code::not_found) return file.error();
    std::uint64_t size = 0;  // of one that went a moment ago: a short page would be the last
    if (file.ok()) {
      SPIND_TRY_ASSIGN(size, (*file)->size());
    }
    items.push_back({std::move(name), size});
  }
  return items;
}

}  // namespace spind::content
