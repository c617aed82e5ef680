// What callers hand back as text: page tokens, cursors, marks, ids, the traceparent. Any text is
// taken, and only what was given out is accepted; also where its frame and checksum are right.
#include <optional>
#include <string>

#include "base/base64.h"
#include "base/codec.h"
#include "base/uuid.h"
#include "engine/traceparent.h"
#include "fuzz/fuzz.h"
#include "ops/page_token.h"
#include "support/store/test_store.h"

namespace {

using spind::fuzz::require;

constexpr spind::EntryNumber kEntries = 4;
constexpr std::size_t kBeforeNumber = 8;  // what cursors and marks hold before their number

// A store with one space of a few entries, and what was given out to who follows them.
struct Followed {
  Followed() {
    for (spind::EntryNumber i = 1; i < kEntries; ++i) require(space.put("/x", "x").ok());
    key_of_cursor = inside(space.cursor_now().value(), cursors);
    key_of_mark = inside(store.store().changed_spaces("")->mark, marks);
  }
  static std::string inside(const std::string& token, const std::string& listing) {
    return spind::ops::open_page_token(token, listing).value();
  }

  spind::test::TestStore store{spind::MetadataEngine::memory};
  const spind::Space space = store.make_space("followed");
  const std::string cursors = "changes of " + space.id().to_string(), marks = "changed spaces";
  std::string key_of_cursor, key_of_mark;
};

// The number behind what the key that was given out begins with too, if that is all there is.
std::optional<std::uint8_t> number_in(std::string_view key, std::string_view given_out) {
  const std::string_view before = given_out.substr(0, kBeforeNumber);
  if (key.size() != kBeforeNumber + 1 || !key.starts_with(before)) return std::nullopt;
  return static_cast<std::uint8_t>(key.back());
}

void try_cursor(Followed& followed, const std::string& cursor, std::optional<std::uint8_t> number) {
  const auto page = followed.space.changes(cursor, {.count_max = 2});
  require(page.ok() == (number && *number <= kEntries));
  if (!page.ok()) {
    require(page.code() == spind::Code::invalid_argument ||
            page.code() == spind::Code::cursor_too_old);
    return;
  }
  require(page->events.empty() == (*number == kEntries));
  if (!page->events.empty()) require(page->events.front().entry == *number + 1u);
  require(followed.space.changes(page->cursor).ok());
}

void try_mark(Followed& followed, const std::string& mark, std::optional<std::uint8_t> number) {
  const std::uint8_t now = *number_in(followed.key_of_mark, followed.key_of_mark);
  const auto changed = followed.store.store().changed_spaces(mark);
  if (number == now) require(changed.ok());
  if (changed.ok()) {
    require(number && *number <= now);
    require(followed.store.store().changed_spaces(changed->mark).ok());
    return;
  }
  require(changed.code() == spind::Code::invalid_argument ||
          changed.code() == spind::Code::cursor_too_old);
}

// As the text itself, as what lies inside, and as the end of what lies inside.
void try_following(std::string_view input) {
  static Followed followed;
  const std::string text = input.empty() ? "none" : std::string(input);
  try_cursor(followed, text, std::nullopt);
  try_mark(followed, text, std::nullopt);
  const std::string cursor_end = followed.key_of_cursor.substr(0, kBeforeNumber) += input;
  const std::string mark_end = followed.key_of_mark.substr(0, kBeforeNumber) += input;
  for (const std::string& key : {std::string(input), cursor_end})
    try_cursor(followed, spind::ops::make_page_token(key, followed.cursors),
               number_in(key, followed.key_of_cursor));
  for (const std::string& key : {std::string(input), mark_end})
    try_mark(followed, spind::ops::make_page_token(key, followed.marks),
             number_in(key, followed.key_of_mark));
}

void try_token(std::string_view token) {
  const auto key = spind::ops::open_page_token(token, "listing");
  if (!key.ok()) return;
  require(spind::ops::make_page_token(*key, "listing") == token);
  require(!spind::ops::open_page_token(token, "another listing").ok());
}

void try_traceparent(std::string_view input) {
  if (input.empty() || !spind::engine::check_traceparent(input).ok()) return;
  const std::string_view version = input.substr(0, 2);
  require(version != "ff" && input.size() >= 55 && input.size() <= 255);
  require(input.size() == 55 || (version != "00" && input[55] == '-'));
  require(input.substr(3, 32).find_first_not_of('0') != std::string_view::npos);
  require(input.substr(36, 16).find_first_not_of('0') != std::string_view::npos);
  for (std::size_t i = 0; i < 55; ++i) {
    const bool dash = i == 2 || i == 35 || i == 52;
    const std::string_view allowed = dash ? "-" : "0123456789abcdef";
    require(allowed.find(input[i]) != std::string_view::npos);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = spind::fuzz::text(data, size);
  try_token(input);
  std::string sealed(input);
  spind::seal(sealed);
  try_token(spind::to_base64url(spind::as_bytes(sealed)));
  const std::string mine = spind::ops::make_page_token(input, "listing");
  const auto key = spind::ops::open_page_token(mine, "listing");
  if (key.ok()) require(*key == input);
  try_following(input);
  try_traceparent(input);

  const auto bytes = spind::from_base64url(input);
  if (bytes) require(spind::to_base64url(spind::as_bytes(*bytes)) == input);
  const auto uuid = spind::parse_uuid(input);
  if (uuid) require(spind::parse_uuid(spind::uuid_text(*uuid)) == uuid);
  (void)spind::SpaceId::parse(input);
  return 0;
}
