#include "engine/secrets_folder.h"

#include <algorithm>
#include <filesystem>

#include "base/bytes.h"
#include "base/try.h"
#include "engine/store_folder.h"

namespace spind::engine {
namespace {

constexpr std::string_view kLockFile = "/LOCK";
constexpr std::string_view kBegunFile = "/BEGUN";
constexpr std::size_t kPathBytesMax = 4000;

bool begun_by(Files& files, const std::string& secrets, const std::string& store_folder) {
  const auto begun = read_file(files, secrets + std::string(kBegunFile), kPathBytesMax);
  return begun.ok() && *begun == plain_path(store_folder);
}

Result<bool> is_empty(Files& files, const std::string& folder) {
  SPIND_TRY_ASSIGN(const auto names, files.list(folder));
  return std::all_of(names.begin(), names.end(),
                     [](const std::string& name) { return name == "lost+found"; });
}

}  // namespace

std::string plain_path(const std::string& path) {
  std::string plain = std::filesystem::path(path).lexically_normal().string();
  if (plain.size() > 1 && plain.ends_with('/')) plain.pop_back();
  return plain;
}

Status expect_secrets_path(const std::string& secrets, const std::string& store_folder) {
  const Error wrong{.code = Code::invalid_argument, .text = {}, .path = secrets};
  const auto refused = [&](std::string text) {
    Error error = wrong;
    error.text = std::move(text);
    return error;
  };
  if (!std::filesystem::path(secrets).is_absolute())
    return refused("the folder of the vaults' secrets is named by an absolute path");
  const bool plain = std::none_of(secrets.begin(), secrets.end(),
                                  [](char c) { return static_cast<unsigned char>(c) < ' '; });
  if (!plain || secrets.size() > kPathBytesMax)
    return refused("the path of the vaults' secrets has no control characters and at most " +
                   std::to_string(kPathBytesMax) + " bytes");
  SPIND_TRY_ASSIGN(const bool below, lies_below(secrets, store_folder));
  if (below)
    return refused("the vaults' secrets lie in the store's folder anyway; name one outside of it");
  return {};
}

Result<std::unique_ptr<FileLock>> begin_secrets_folder(Files& files, const std::string& secrets,
                                                       const std::string& store_folder) {
  SPIND_TRY(make_folder_durably(files, secrets));
  SPIND_TRY_ASSIGN(const bool empty, is_empty(files, secrets));
  if (!empty && !begun_by(files, secrets, store_folder))
    return Error{
        .code = Code::invalid_argument,
        .text = "the folder for the vaults' secrets holds other files; choose an empty one",
        .path = secrets};
  SPIND_TRY(write_file_durably(files, secrets + std::string(kBegunFile), as_bytes(store_folder)));
  return files.lock(secrets + std::string(kLockFile));
}

Status finish_secrets_folder(Files& files, const std::string& secrets) {
  Status removed = files.remove(secrets + std::string(kBegunFile));
  if (removed.ok()) return files.sync_folder(secrets);
  return removed.code() == Code::not_found ? Status() : std::move(removed);
}

Result<std::unique_ptr<FileLock>> find_secrets_folder(Files& files, const std::string& secrets) {
  const std::string lock = secrets + std::string(kLockFile);
  SPIND_TRY_ASSIGN(const bool there, files.exists(lock));
  if (!there)
    return Error{.code = Code::key_unavailable,
                 .text =
                     "the folder with the secrets of the store's vaults is not there; mount it or "
                     "bring it back, or, where it was moved, correct its line in FORMAT",
                 .path = secrets};
  SPIND_TRY_ASSIGN(auto held, files.lock(lock));
  SPIND_TRY(finish_secrets_folder(files, secrets));
  return held;
}

}  // namespace spind::engine
