#include "keys/key_list.h"

#include <doctest/doctest.h>

#include <random>
#include <string>

#include "base/hex.h"
#include "support/harness.h"

namespace spind::keys {
namespace {

std::string digits_of(char byte) { return to_hex(as_bytes(std::string(kKeyBytes, byte))); }

std::string line_of(char byte) {
  return "key " + key_id_of(as_bytes(std::string(kKeyBytes, byte))) + " " + digits_of(byte) + "\n";
}

std::string file_of(std::string_view ids) {
  std::string text = "spind keys 1\n";
  for (const char byte : ids) text += line_of(byte);
  return text;
}

Secret secret_of(std::string_view text) { return Secret::copy_of(as_bytes(text)); }

std::string refusal(const std::string& text) {
  const auto list = KeyList::parse_file(as_bytes(text));
  return list.ok() ? "taken" : list.error().to_string();
}

TEST_CASE("key list: the last key wraps, all unwrap, and only for what it was wrapped for") {
  const auto before = KeyList::parse_file(as_bytes(file_of("ab")));
  const auto after = KeyList::parse_file(as_bytes(file_of("abc")));
  REQUIRE(before.ok());
  REQUIRE(after.ok());
  CHECK(before->current_id() == key_id_of(as_bytes(std::string(kKeyBytes, 'b'))));
  const Secret plain = secret_of("thirty-two bytes of a secret key");
  const auto wrapped = before->wrap(plain.bytes(), "vault 1", Random::system());
  REQUIRE(wrapped.ok());
  CHECK(wrapped->key_id == before->current_id());
  CHECK(wrapped->bytes.find("secret") == std::string::npos);
  Secret out(plain.size());
  REQUIRE(after->unwrap(*wrapped, "vault 1", out.writable()).ok());
  CHECK(as_text(out.bytes()) == as_text(plain.bytes()));
  CHECK(after->unwrap(*wrapped, "vault 2", out.writable()).code() == Code::corruption);
  const auto other = KeyList::parse_file(as_bytes(file_of("c")));
  CHECK(other->unwrap(*wrapped, "vault 1", out.writable()).code() == Code::key_unavailable);
  // Under the name of another key it is no more than damage.
  WrappedKey renamed = *wrapped;
  renamed.key_id = other->current_id();
  CHECK(other->unwrap(renamed, "vault 1", out.writable()).code() == Code::corruption);
  Secret shorter(8);
  CHECK(before->unwrap(*wrapped, "vault 1", shorter.writable()).code() == Code::corruption);
}

TEST_CASE("key list: what is no list of keys is refused, by line and without its content") {
  CHECK(refusal("") == "key_unavailable: there is no key in it");
  CHECK(refusal("spind keys 1\n") == "key_unavailable: there is no key in it");
  CHECK(refusal("spind keys 2\n" + line_of('a')).find("line 1 ") != std::string::npos);
  CHECK(refusal(file_of("ab") + "\n# said\n" + line_of('c')) == "taken");
  CHECK(refusal(file_of("aa")).find("line 3 repeats a key") != std::string::npos);
  CHECK(refusal(file_of("a") + "key\n").find("line 3 ") != std::string::npos);
  CHECK(refusal(file_of("a") + " " + line_of('b')).find("line 3 ") != std::string::npos);
  std::string mistyped = file_of("a");
  mistyped[mistyped.size() - 2] = '0';
  CHECK(refusal(mistyped).find("a digit is wrong") != std::string::npos);
  CHECK(refusal(mistyped).find("616161") == std::string::npos);
  std::string strange = file_of("a");
  strange[strange.size() - 2] = 'x';
  CHECK(refusal(strange).find("something else than hexadecimal") != std::string::npos);
  std::string many = "spind keys 1\n";
  for (std::size_t i = 0; i <= kListedKeysMax; ++i) {
    const std::string key =
        std::string(kKeyBytes - 2, 'k') + static_cast<char>(i / 256) + static_cast<char>(i % 256);
    many += "key " + key_id_of(as_bytes(key)) + " " + to_hex(as_bytes(key)) + "\n";
  }
  CHECK(refusal(many).find("one key too many") != std::string::npos);
}

TEST_CASE("key list: a file that was cut or changed anywhere gives no other key") {
  const std::string text = file_of("ab");
  for (std::size_t cut = 0; cut < text.size(); ++cut) {
    const auto list = KeyList::parse_file(as_bytes(text).first(cut));
    // Whole lines are a list of fewer keys; nothing else is one.
    if (list.ok()) CHECK(cut == file_of("a").size());
  }
  std::mt19937_64 random(test::seed());
  for (int i = 0; i < 2'000; ++i) {
    std::string changed = text;
    changed[random() % changed.size()] = static_cast<char>(random());
    const auto list = KeyList::parse_file(as_bytes(changed));
    if (!list.ok()) continue;
    // A digit in the other case is the same key; a line that became a comment is none.
    const std::string id = list->current_id();
    CHECK((id == key_id_of(as_bytes(std::string(kKeyBytes, 'a'))) ||
           id == key_id_of(as_bytes(std::string(kKeyBytes, 'b')))));
  }
}

TEST_CASE("key list: digits of a variable, with blanks between") {
  const auto list =
      KeyList::parse_digits(as_bytes(" " + digits_of('a') + "\n" + digits_of('b') + " "));
  REQUIRE(list.ok());
  CHECK(list->current_id() == key_id_of(as_bytes(std::string(kKeyBytes, 'b'))));
  CHECK(KeyList::parse_digits(as_bytes("")).code() == Code::key_unavailable);
  CHECK(KeyList::parse_digits(as_bytes("  \n")).code() == Code::key_unavailable);
  CHECK(KeyList::parse_digits(as_bytes(digits_of('a').substr(2))).code() == Code::key_unavailable);
  CHECK(KeyList::parse_digits(as_bytes(digits_of('a') + digits_of('b'))).code() ==
        Code::key_unavailable);
}

}  // namespace
}  // namespace spind::keys
