// The providers that read a list of keys, and the one that asks functions.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "base/errno_error.h"
#include "base/file_descriptor.h"
#include "base/files.h"
#include "base/hex.h"
#include "base/try.h"
#include "keys/key_list.h"

namespace spind {
namespace {

using keys::KeyList;

Error unusable(std::string text, const std::string& path) {
  return {.code = Code::key_unavailable, .text = std::move(text), .path = path};
}

// The file is opened before it is judged, so that it is not another one by then.
Status check_key_file(const FileDescriptor& file, const std::string& path, std::size_t& size) {
  struct stat info {};
  if (fstat(file.get(), &info) != 0) return errno_error(errno, "stat", path);
  if (!S_ISREG(info.st_mode)) return unusable("the key file is not a plain file", path);
  if (info.st_uid != geteuid() && info.st_uid != 0)
    return unusable("the key file belongs to another user; give it to the one that runs this",
                    path);
  if ((info.st_mode & 077) != 0)
    return unusable(
        fmt::format("the key file has mode {:04o}, so that others may have the keys; set "
                    "it with chmod 600, and make new keys if anybody may have read them",
                    info.st_mode & 07777),
        path);
  if (static_cast<std::uint64_t>(info.st_size) > keys::kKeyFileBytesMax)
    return unusable("the key file is too large to be one", path);
  size = static_cast<std::size_t>(info.st_size);
  return {};
}

// Not through Files, whose buffers are not wiped.
Result<Secret> read_key_file(const std::string& path) {
  const FileDescriptor file =
      FileDescriptor::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0);
  if (!file.valid()) {
    Error error = errno_error(errno, "open the key file", path);
    if (error.code == Code::not_found) return error;
    return unusable(std::move(error.text), path);
  }
  std::size_t size = 0;
  SPIND_TRY(check_key_file(file, path, size));
  Secret text(size);
  for (std::size_t done = 0; done < size;) {
    const ssize_t got = read(file.get(), text.writable().data() + done, size - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_error(errno, "read the key file", path);
    if (got == 0) return unusable("the key file became shorter while it was read", path);
    done += static_cast<std::size_t>(got);
  }
  return text;
}

Result<KeyList> list_in_file(const std::string& path) {
  Result<Secret> text = read_key_file(path);
  if (text.code() == Code::not_found)
    return unusable("there is no key file; make one with: spind key new FILE", path);
  if (!text.ok()) return std::move(text).error();
  Result<KeyList> list = KeyList::parse_file(text->bytes());
  if (!list.ok()) return unusable("the key file cannot be used: " + list.error().text, path);
  return list;
}

class FileKeys final : public KeyProvider {
 public:
  explicit FileKeys(std::string path) : path_(std::move(path)) {}

  Result<std::string> current_key_id() override {
    SPIND_TRY_ASSIGN(const KeyList list, list_in_file(path_));
    return list.current_id();
  }
  Result<WrappedKey> wrap(std::span<const std::uint8_t> plain, std::string_view context) override {
    SPIND_TRY_ASSIGN(const KeyList list, list_in_file(path_));
    return list.wrap(plain, context, Random::system());
  }
  Status unwrap(const WrappedKey& wrapped, std::string_view context,
                std::span<std::uint8_t> plain) override {
    SPIND_TRY_ASSIGN(const KeyList list, list_in_file(path_));
    return list.unwrap(wrapped, context, plain);
  }

 private:
  const std::string path_;
};

class ListedKeys final : public KeyProvider {
 public:
  explicit ListedKeys(KeyList list) : list_(std::move(list)) {}

  Result<std::string> current_key_id() override { return list_.current_id(); }
  Result<WrappedKey> wrap(std::span<const std::uint8_t> plain, std::string_view context) override {
    return list_.wrap(plain, context, Random::system());
  }
  Status unwrap(const WrappedKey& wrapped, std::string_view context,
                std::span<std::uint8_t> plain) override {
    return list_.unwrap(wrapped, context, plain);
  }

 private:
  const KeyList list_;
};

class CallbackKeys final : public KeyProvider {
 public:
  explicit CallbackKeys(KeyCallbacks callbacks) : callbacks_(std::move(callbacks)) {}

  Result<std::string> current_key_id() override { return callbacks_.current_key_id(); }
  Result<WrappedKey> wrap(std::span<const std::uint8_t> plain, std::string_view context) override {
    return callbacks_.wrap(plain, context);
  }
  Status unwrap(const WrappedKey& wrapped, std::string_view context,
                std::span<std::uint8_t> plain) override {
    return callbacks_.unwrap(wrapped, context, plain);
  }

 private:
  const KeyCallbacks callbacks_;
};

void append(Secret& text, std::string_view more) {
  Secret longer(text.size() + more.size());
  std::copy(text.bytes().begin(), text.bytes().end(), longer.writable().begin());
  std::copy(more.begin(), more.end(), longer.writable().begin() + static_cast<long>(text.size()));
  text = std::move(longer);
}

}  // namespace

Result<KeyProviderPtr> key_file(const std::string& path) {
  SPIND_TRY_ASSIGN(const KeyList list, list_in_file(path));
  return KeyProviderPtr(std::make_shared<FileKeys>(path));
}

Result<KeyProviderPtr> key_environment(const std::string& variable) {
  const char* const text = std::getenv(variable.c_str());
  if (text == nullptr)
    return unusable("the environment variable with the keys is not set", variable);
  Result<KeyList> list = KeyList::parse_digits(as_bytes(text));
  if (!list.ok())
    return unusable("the environment variable cannot be used: " + list.error().text, variable);
  return KeyProviderPtr(std::make_shared<ListedKeys>(*std::move(list)));
}

Result<KeyProviderPtr> key_callbacks(KeyCallbacks callbacks) {
  if (!callbacks.current_key_id || !callbacks.wrap || !callbacks.unwrap)
    return Error{.code = Code::invalid_argument,
                 .text = "a function of the key provider is missing"};
  return KeyProviderPtr(std::make_shared<CallbackKeys>(std::move(callbacks)));
}

Result<std::string> add_key(const std::string& path) {
  Result<Secret> found = read_key_file(path);
  Secret text;
  if (found.ok()) {
    SPIND_TRY(list_in_file(path));
    text = *std::move(found);
  } else if (found.code() == Code::not_found) {
    append(text, std::string(keys::kKeyFileMagic) + "\n");
  } else {
    return std::move(found).error();
  }
  BriefKey key;
  Random::system().fill(key.writable());
  std::string id = keys::key_id_of(key);
  std::string digits = to_hex(key.bytes());
  append(text, "key " + id + " ");
  append(text, digits);
  append(text, "\n");
  wipe({reinterpret_cast<std::uint8_t*>(digits.data()), digits.size()});
  SPIND_TRY(KeyList::parse_file(text.bytes()));  // one key too many is not written
  SPIND_TRY(write_file_durably(Files::system(), path, text.bytes()));
  return id;
}

}  // namespace spind
