#include "engine/store_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/bytes.h"
#include "base/try.h"

namespace spind::engine {
namespace {

constexpr std::string_view kFormatFile = "/FORMAT";
constexpr std::string_view kMagic = "spind store\nformat ";
constexpr std::uint64_t kFormatFileBytesMax = 256;
constexpr std::array<std::string_view, 8> kOwnNames{"FORMAT",  "FORMAT.tmp", "LOCK",     "meta",
                                                    "objects", "packs",      "incoming", "vaults"};

// Whether the folder holds nothing, or only what a store that was begun leaves.
Result<bool> may_begin(Files& files, const std::string& folder) {
  SPIND_TRY_ASSIGN(const auto names, files.list(folder));
  return std::all_of(names.begin(), names.end(), [](const std::string& name) {
    return name == "lost+found" ||
           std::find(kOwnNames.begin(), kOwnNames.end(), name) != kOwnNames.end();
  });
}

std::string format_text(int format) { return fmt::format("{}{}\n", kMagic, format); }

Result<int> read_format(Files& files, const std::string& folder) {
  SPIND_TRY_ASSIGN(const std::string text,
                   read_file(files, folder + std::string(kFormatFile), kFormatFileBytesMax));
  int format = 0;
  if (text.starts_with(kMagic))
    std::from_chars(text.data() + kMagic.size(), text.data() + text.size(), format);
  if (text != format_text(format))
    return Error{
        .code = Code::corruption, .text = "the store's FORMAT file is broken", .path = folder};
  if (format < 1 || format > kSealedStoreFormat)
    return Error{.code = Code::unsupported,
                 .text = fmt::format("the store has format {}, this library knows format {}; use a "
                                     "release that knows it",
                                     format, kSealedStoreFormat),
                 .path = folder};
  return format;
}

StoreFolder folder_of_store(const std::string& folder) {
  StoreFolder store;
  store.meta = folder + "/meta";
  store.objects = folder + "/objects";
  store.packs = folder + "/packs";
  store.incoming = folder + "/incoming";
  store.vaults = folder + "/vaults";
  return store;
}

Status make_folders(Files& files, const StoreFolder& store, const std::string& folder) {
  for (const std::string& part : {store.meta, store.objects, store.packs})
    SPIND_TRY(files.make_folder(part));
  return files.sync_folder(folder);
}

}  // namespace

Result<StoreFolder> open_store_folder(Files& files, const std::string& folder,
                                      const StoreOptions& options) {
  if (folder.empty())
    return Error{.code = Code::invalid_argument, .text = "no folder is given for the store"};
  SPIND_TRY_ASSIGN(const bool there, files.exists(folder));
  const Error missing{
      .code = Code::not_found, .text = "there is no store in the folder", .path = folder};
  if (!there) {
    if (!options.create) return missing;
    SPIND_TRY(make_folder_durably(files, folder));
  }
  const std::string format_file = folder + std::string(kFormatFile);
  SPIND_TRY_ASSIGN(bool made, files.exists(format_file));
  if (!made && !options.create) return missing;
  SPIND_TRY_ASSIGN(const bool own, may_begin(files, folder));
  if (!made && !own)
    return Error{.code = Code::invalid_argument,
                 .text = "the folder holds other files and no store; choose an empty one",
                 .path = folder};
  StoreFolder store = folder_of_store(folder);
  SPIND_TRY_ASSIGN(store.lock, files.lock(folder + "/LOCK"));
  // Another process may have made the store before it let go of the lock.
  SPIND_TRY_ASSIGN(made, files.exists(format_file));
  store.is_new = !made;
  if (made) {
    SPIND_TRY_ASSIGN(const int format, read_format(files, folder));
    store.is_older = format < kStoreFormat;
    store.is_sealed = format == kSealedStoreFormat;
  }
  SPIND_TRY(make_folders(files, store, folder));
  return store;
}

Result<StoreFolder> make_store_folder(Files& files, const std::string& folder) {
  if (folder.empty())
    return Error{.code = Code::invalid_argument, .text = "no folder is given for the copy"};
  SPIND_TRY(make_folder_durably(files, folder));
  SPIND_TRY_ASSIGN(const auto names, files.list(folder));
  if (!names.empty())
    return Error{.code = Code::already_exists,
                 .text = "the folder is not empty; choose another one",
                 .path = folder};
  StoreFolder store = folder_of_store(folder);
  store.is_new = true;
  SPIND_TRY_ASSIGN(store.lock, files.lock(folder + "/LOCK"));
  SPIND_TRY(files.make_folder(store.objects));
  SPIND_TRY(files.make_folder(store.packs));
  return store;
}

// Where its name may not be durable an error is told, and then no store shall be found.
Status finish_store_folder(Files& files, const std::string& folder, int format) {
  const std::string path = folder + std::string(kFormatFile);
  Status written = write_file_durably(files, path, as_bytes(format_text(format)));
  if (!written.ok()) (void)files.remove(path);
  return written;
}

Status renew_store_folder(Files& files, const std::string& folder, int format) {
  return write_file_durably(files, folder + std::string(kFormatFile),
                            as_bytes(format_text(format)));
}

}  // namespace spind::engine
