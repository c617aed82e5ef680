#include "engine/store_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>

#include "base/bytes.h"
#include "base/errno_error.h"
#include "base/try.h"
#include "engine/secrets_folder.h"

namespace spind::engine {
namespace {

constexpr std::string_view kFormatFile = "/FORMAT";
constexpr std::string_view kMagic = "spind store\nformat ";
constexpr std::string_view kSecretsLine = "secrets ";
constexpr std::uint64_t kFormatFileBytesMax = 8192;
constexpr std::string_view kSecretsFile = "/SECRETS";
constexpr std::array<std::string_view, 10> kOwnNames{
    "FORMAT", "FORMAT.tmp", "SECRETS", "SECRETS.tmp", "LOCK",
    "meta",   "objects",    "packs",   "incoming",    "vaults"};

// Whether the folder holds nothing, or only what a store that was begun leaves.
Result<bool> may_begin(Files& files, const std::string& folder) {
  SPIND_TRY_ASSIGN(const auto names, files.list(folder));
  return std::all_of(names.begin(), names.end(), [](const std::string& name) {
    return name == "lost+found" ||
           std::find(kOwnNames.begin(), kOwnNames.end(), name) != kOwnNames.end();
  });
}

std::string format_text(const StoreFormat& format) {
  std::string text = fmt::format("{}{}\n", kMagic, format.number);
  if (!format.secrets.empty()) text += fmt::format("{}{}\n", kSecretsLine, format.secrets);
  return text;
}

StoreFormat parse_format(std::string_view text) {
  StoreFormat format{0, {}};
  if (!text.starts_with(kMagic)) return format;
  text.remove_prefix(kMagic.size());
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), format.number);
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (text.starts_with('\n')) text.remove_prefix(1);
  if (text.starts_with(kSecretsLine))
    format.secrets = text.substr(kSecretsLine.size(), text.find('\n') - kSecretsLine.size());
  return format;
}

Result<StoreFormat> read_format(Files& files, const std::string& folder) {
  SPIND_TRY_ASSIGN(const std::string text,
                   read_file(files, folder + std::string(kFormatFile), kFormatFileBytesMax));
  StoreFormat format = parse_format(text);
  const bool later = format.number > kSecretsElsewhereFormat;
  const bool elsewhere = format.number == kSecretsElsewhereFormat;
  if (!later && (text != format_text(format) || elsewhere == format.secrets.empty()))
    return Error{
        .code = Code::corruption, .text = "the store's FORMAT file is broken", .path = folder};
  if (format.number < 1 || later)
    return Error{.code = Code::unsupported,
                 .text = fmt::format("the store has format {}, this library knows format {}; use a "
                                     "release that knows it",
                                     format.number, kSecretsElsewhereFormat),
                 .path = folder};
  return format;
}

StoreFolder folder_of_store(const std::string& folder) {
  StoreFolder store;
  store.path = folder;
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

Status settle_secrets(Files& files, const std::string& folder, const StoreFormat& format) {
  if (format.secrets.empty()) return {};
  SPIND_TRY(finish_secrets_folder(files, format.secrets));
  Status removed = files.remove(folder + std::string(kSecretsFile));
  return removed.code() == Code::not_found ? Status() : std::move(removed);
}

// Where the store began to keep them; none: it has not.
Result<std::string> noted_secrets(Files& files, const std::string& folder) {
  auto noted = read_file(files, folder + std::string(kSecretsFile), kFormatFileBytesMax);
  if (noted.code() == Code::not_found) return std::string();
  return noted;
}

Error other_secrets(std::string text, const std::string& given) {
  return {.code = Code::invalid_argument, .text = std::move(text), .path = given};
}

Status find_secrets(Files& files, const std::string& given, StoreFolder& store) {
  const std::string& known = store.format.secrets;
  if (!given.empty() && given != known)
    return other_secrets(
        known.empty() ? "the secrets of the store's vaults lie in its own folder, and stay there; "
                        "leave StoreOptions::vault_secrets empty"
                      : "the secrets of the store's vaults lie elsewhere; leave "
                        "StoreOptions::vault_secrets empty, and the store finds them",
        given);
  if (known.empty()) return {};
  SPIND_TRY_ASSIGN(store.secrets_lock, find_secrets_folder(files, known));
  store.vaults = known;
  return {};
}

// Of a store that is being made, or was made without keys.
Status choose_secrets(Files& files, const std::string& given, const StoreOptions& options,
                      StoreFolder& store) {
  SPIND_TRY_ASSIGN(const std::string noted, noted_secrets(files, store.path));
  const std::string& secrets = given.empty() ? noted : given;
  if (secrets.empty()) return {};
  if (!noted.empty() && secrets != noted)
    return other_secrets(
        "the store began to keep the secrets of its vaults elsewhere; leave "
        "StoreOptions::vault_secrets empty, and the store finds them",
        given);
  const bool gets_keys = options.keys != nullptr && (store.is_new || options.encrypt_existing);
  if (noted.empty() && !gets_keys)
    return other_secrets(
        "a store has secrets of vaults when it is made with keys, or gets them "
        "(StoreOptions::encrypt_existing)",
        given);
  SPIND_TRY(expect_secrets_path(secrets, store.path));
  SPIND_TRY_ASSIGN(store.secrets_lock, begin_secrets_folder(files, secrets, store.path));
  store.secrets_chosen = noted.empty() && !store.is_new;
  store.format = {kSecretsElsewhereFormat, secrets};
  store.vaults = secrets;
  return {};
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
    SPIND_TRY_ASSIGN(store.format, read_format(files, folder));
    store.is_older = store.format.number < kStoreFormat;
    store.is_sealed = store.format.number >= kSealedStoreFormat;
  }
  const std::string given = plain_path(options.vault_secrets);
  SPIND_TRY(store.is_sealed ? find_secrets(files, given, store)
                            : choose_secrets(files, given, options, store));
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

Status note_secrets(Files& files, const StoreFolder& store) {
  return write_file_durably(files, store.path + std::string(kSecretsFile),
                            as_bytes(store.format.secrets));
}

// Where its name may not be durable an error is told, and then no store shall be found.
Status finish_store_folder(Files& files, const std::string& folder, const StoreFormat& format) {
  const std::string path = folder + std::string(kFormatFile);
  Status written = write_file_durably(files, path, as_bytes(format_text(format)));
  if (written.ok()) return settle_secrets(files, folder, format);
  (void)files.remove(path);
  return written;
}

Status renew_store_folder(Files& files, const std::string& folder, const StoreFormat& format) {
  SPIND_TRY(
      write_file_durably(files, folder + std::string(kFormatFile), as_bytes(format_text(format))));
  return settle_secrets(files, folder, format);
}

Result<bool> lies_below(const std::string& path, const std::string& folder) {
  std::error_code failed;
  const auto whole = std::filesystem::weakly_canonical(path, failed);
  const auto above =
      failed ? std::filesystem::path(folder) : std::filesystem::canonical(folder, failed);
  if (failed) return errno_error(failed.value(), "find", path);
  const auto below = whole.lexically_relative(above);
  return !below.empty() && *below.begin() != ".." && *below.begin() != ".";
}

}  // namespace spind::engine
