#include "keys/key_list.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/codec.h"
#include "base/hex.h"
#include "base/sealer.h"
#include "base/try.h"

namespace spind::keys {
namespace {

constexpr std::string_view kIdPurpose = "spind key id";
constexpr std::string_view kWrapPurpose = "spind wrapped key";
constexpr std::string_view kKeyWord = "key ";
constexpr std::string_view kBlanks = " \t\r\n";

// What a box is bound to: what the key is for, and which key wrapped it.
std::string about(std::string_view key_id, std::string_view context) {
  std::string text;
  Encoder(text).bytes(kWrapPurpose).bytes(key_id).bytes(context);
  return text;
}

Error bad_line(std::size_t number, std::string_view what) {
  return {.code = Code::key_unavailable, .text = fmt::format("line {} {}", number, what)};
}

// "key <id> <digits>", without the digits, which are returned.
std::optional<std::string_view> digits_of_line(std::string_view line, std::string_view& id) {
  if (!line.starts_with(kKeyWord)) return std::nullopt;
  line.remove_prefix(kKeyWord.size());
  if (line.size() != kKeyIdDigits + 1 + kKeyBytes * 2 || line[kKeyIdDigits] != ' ')
    return std::nullopt;
  id = line.substr(0, kKeyIdDigits);
  return line.substr(kKeyIdDigits + 1);
}

}  // namespace

std::string key_id_of(Bytes key) {
  BriefKey digest;
  hmac_sha256(key, as_bytes(kIdPurpose), digest.writable());
  return to_hex(digest.bytes().first(kKeyIdDigits / 2));
}

// Digit by digit into its own place, so that no other copy is left behind.
Status KeyList::add(std::string_view digits) {
  if (digits.size() != kKeyBytes * 2)
    return Error{.code = Code::key_unavailable, .text = "holds a key that is not 64 digits long"};
  if (keys_.size() >= kListedKeysMax)
    return Error{
        .code = Code::key_unavailable, .text = "is one key too many", .limit = kListedKeysMax};
  Secret key(kKeyBytes);
  for (std::size_t i = 0; i < kKeyBytes; ++i) {
    const int high = hex_digit(digits[2 * i]), low = hex_digit(digits[2 * i + 1]);
    if (high < 0 || low < 0)
      return Error{.code = Code::key_unavailable,
                   .text = "holds a key with something else than hexadecimal digits"};
    key.writable()[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  std::string id = key_id_of(key.bytes());
  const bool listed =
      std::any_of(keys_.begin(), keys_.end(), [&](const Key& other) { return other.id == id; });
  if (listed) return Error{.code = Code::key_unavailable, .text = "repeats a key"};
  keys_.push_back({std::move(id), std::move(key)});
  return {};
}

Result<KeyList> KeyList::parse_file(Bytes text) {
  std::string_view rest = as_text(text);
  KeyList list;
  for (std::size_t number = 1; !rest.empty(); ++number) {
    const std::size_t end = rest.find('\n');
    // A file that was cut may have lost keys, and its last one is not the current one.
    if (end == std::string_view::npos) return bad_line(number, "has no end: the file was cut");
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    if (number == 1) {
      if (line != kKeyFileMagic) return bad_line(1, "is not \"spind keys 1\"");
      continue;
    }
    if (line.empty() || line.front() == '#') continue;
    std::string_view id;
    const auto digits = digits_of_line(line, id);
    if (!digits) return bad_line(number, "is not \"key\", an id of 16 digits and a key of 64");
    if (const Status added = list.add(*digits); !added.ok())
      return bad_line(number, added.error().text);
    if (list.current_id() != id)
      return bad_line(number, "holds a key that is not the one of its id: a digit is wrong");
  }
  if (list.keys_.empty())
    return Error{.code = Code::key_unavailable, .text = "there is no key in it"};
  return list;
}

Result<KeyList> KeyList::parse_digits(Bytes text) {
  std::string_view rest = as_text(text);
  KeyList list;
  while (true) {
    rest.remove_prefix(std::min(rest.find_first_not_of(kBlanks), rest.size()));
    if (rest.empty()) break;
    const std::size_t size = std::min(rest.find_first_of(kBlanks), rest.size());
    SPIND_TRY(list.add(rest.substr(0, size)));
    rest.remove_prefix(size);
  }
  if (list.keys_.empty())
    return Error{.code = Code::key_unavailable, .text = "there is no key in it"};
  return list;
}

Result<WrappedKey> KeyList::wrap(Bytes plain, std::string_view context, Random& random) const {
  const Key& key = keys_.back();
  return WrappedKey{key.id,
                    seal_box(key.bytes.bytes(), as_bytes(about(key.id, context)), plain, random)};
}

Status KeyList::unwrap(const WrappedKey& wrapped, std::string_view context,
                       std::span<std::uint8_t> plain) const {
  const auto key = std::find_if(keys_.begin(), keys_.end(),
                                [&](const Key& each) { return each.id == wrapped.key_id; });
  if (key == keys_.end())
    return Error{.code = Code::key_unavailable,
                 .text = "the key that is needed is not among those that are given"};
  if (wrapped.bytes.size() != plain.size() + kBoxExtraBytes)
    return Error{.code = Code::corruption, .text = "a wrapped key has the wrong length"};
  return open_box(key->bytes.bytes(), as_bytes(about(key->id, context)), as_bytes(wrapped.bytes),
                  plain);
}

}  // namespace spind::keys
