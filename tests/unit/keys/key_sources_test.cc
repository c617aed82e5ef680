#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "base/hex.h"
#include "base/secret.h"
#include "keys/key_list.h"
#include "spind/key_provider.h"
#include "support/harness.h"

namespace spind {
namespace {

std::string content_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

const Secret& plain_key() {
  static const Secret* const key = new Secret(Secret::copy_of(as_bytes("a key of a vault")));
  return *key;
}

bool unwraps(KeyProvider& keys, const WrappedKey& wrapped) {
  Secret out(plain_key().size());
  return keys.unwrap(wrapped, "test", out.writable()).ok() &&
         as_text(out.bytes()) == as_text(plain_key().bytes());
}

TEST_CASE("key file: made for its owner alone, and a key that is added is used at once") {
  const test::TemporaryFolder folder;
  const std::string path = folder / "keys";
  const auto first = add_key(path);
  REQUIRE(first.ok());
  struct stat info {};
  REQUIRE(stat(path.c_str(), &info) == 0);
  CHECK((info.st_mode & 07777) == 0600);
  const auto keys = key_file(path);
  REQUIRE(keys.ok());
  CHECK(*(*keys)->current_key_id() == *first);
  const auto wrapped = (*keys)->wrap(plain_key().bytes(), "test");
  REQUIRE(wrapped.ok());
  const auto second = add_key(path);
  REQUIRE(second.ok());
  CHECK(*second != *first);
  CHECK(*(*keys)->current_key_id() == *second);
  CHECK(unwraps(**keys, *wrapped));
  const auto anew = (*keys)->wrap(plain_key().bytes(), "test");
  CHECK(anew->key_id == *second);
  CHECK(unwraps(**keys, *anew));
  // Without the old key what it wrapped is out of reach.
  const std::string text = content_of(path);
  std::ofstream(path) << "spind keys 1\n" << text.substr(text.rfind("key "));
  CHECK(!unwraps(**keys, *wrapped));
  CHECK(unwraps(**keys, *anew));
}

TEST_CASE(
    "key file: one that others may read, or that is missing or broken, is refused with advice") {
  const test::TemporaryFolder folder;
  const std::string path = folder / "keys";
  CHECK(key_file(path).code() == Code::key_unavailable);
  CHECK(key_file(path).error().text.find("spind key new") != std::string::npos);
  CHECK(key_file(folder.path().string()).code() == Code::key_unavailable);
  REQUIRE(add_key(path).ok());
  const std::string digits = content_of(path).substr(content_of(path).size() - 65, 64);
  for (const mode_t mode : {0640u, 0604u, 0666u, 0610u}) {
    REQUIRE(chmod(path.c_str(), mode) == 0);
    CHECK(key_file(path).code() == Code::key_unavailable);
    CHECK(key_file(path).error().text.find("chmod 600") != std::string::npos);
    CHECK(add_key(path).code() == Code::key_unavailable);
  }
  REQUIRE(chmod(path.c_str(), 0400) == 0);
  CHECK(key_file(path).ok());
  REQUIRE(chmod(path.c_str(), 0600) == 0);
  std::ofstream(path, std::ios::app) << "key " << digits << "\n";
  CHECK(key_file(path).code() == Code::key_unavailable);
  CHECK(key_file(path).error().to_string().find("line 3 ") != std::string::npos);
  CHECK(key_file(path).error().to_string().find(digits) == std::string::npos);
  CHECK(add_key(path).code() == Code::key_unavailable);
  std::ofstream(path) << std::string(keys::kKeyFileBytesMax + 1, '\n');
  CHECK(key_file(path).error().text.find("too large") != std::string::npos);
}

TEST_CASE("key file: it is read through a link, as secrets are often mounted") {
  const test::TemporaryFolder folder;
  REQUIRE(add_key(folder / "keys").ok());
  REQUIRE(symlink("keys", (folder / "link").c_str()) == 0);
  CHECK(key_file(folder / "link").ok());
}

TEST_CASE("key file: the last key that fits is taken, and not one more") {
  const test::TemporaryFolder folder;
  const std::string path = folder / "keys";
  for (std::size_t i = 0; i < keys::kListedKeysMax; ++i) REQUIRE(add_key(path).ok());
  const std::string before = content_of(path);
  CHECK(add_key(path).code() == Code::key_unavailable);
  CHECK(content_of(path) == before);
  CHECK(key_file(path).ok());
}

TEST_CASE("key environment: keys of a variable") {
  const std::string digits = to_hex(as_bytes(std::string(kKeyBytes, 'e')));
  REQUIRE(setenv("SPIND_TEST_KEYS", digits.c_str(), 1) == 0);
  const auto keys = key_environment("SPIND_TEST_KEYS");
  REQUIRE(keys.ok());
  CHECK(unwraps(**keys, *(*keys)->wrap(plain_key().bytes(), "test")));
  REQUIRE(setenv("SPIND_TEST_KEYS", digits.substr(1).c_str(), 1) == 0);
  CHECK(key_environment("SPIND_TEST_KEYS").code() == Code::key_unavailable);
  CHECK(key_environment("SPIND_TEST_KEYS").error().to_string().find(digits.substr(1)) ==
        std::string::npos);
  REQUIRE(unsetenv("SPIND_TEST_KEYS") == 0);
  CHECK(key_environment("SPIND_TEST_KEYS").code() == Code::key_unavailable);
}

TEST_CASE("key callbacks: a host's own, of which none may be missing") {
  CHECK(key_callbacks({}).code() == Code::invalid_argument);
  KeyCallbacks callbacks;
  callbacks.current_key_id = [] { return Result<std::string>("kms"); };
  callbacks.wrap = [](std::span<const std::uint8_t> plain, std::string_view) {
    std::string bytes(plain.rbegin(), plain.rend());
    return Result<WrappedKey>(WrappedKey{"kms", bytes});
  };
  callbacks.unwrap = [](const WrappedKey& wrapped, std::string_view,
                        std::span<std::uint8_t> plain) {
    std::copy(wrapped.bytes.rbegin(), wrapped.bytes.rend(), plain.begin());
    return Status();
  };
  const auto keys = key_callbacks(callbacks);
  REQUIRE(keys.ok());
  CHECK(*(*keys)->current_key_id() == "kms");
  CHECK(unwraps(**keys, *(*keys)->wrap(plain_key().bytes(), "test")));
}

}  // namespace
}  // namespace spind
