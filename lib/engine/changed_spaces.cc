// Which spaces of the store have changed since a mark.
#include "base/codec.h"
#include "base/try.h"
#include "engine/engine.h"
#include "ops/page_token.h"
#include "spind/store.h"

namespace spind {
namespace {

constexpr std::string_view kMarks = "changed spaces";

std::string make_mark(std::uint64_t opening, space::ChangedSpaces::Mark mark) {
  std::string key;
  Encoder(key).u64(opening).varint(mark);
  return ops::make_page_token(key, kMarks);
}

Error too_old() {
  return {.code = Code::cursor_too_old,
          .text =
              "what changed since the mark is no longer known; take a new mark, and look at "
              "the root version of every space"};
}

// none: it is from another opening of the store.
Result<std::optional<space::ChangedSpaces::Mark>> open_mark(std::uint64_t opening,
                                                            std::string_view text) {
  const Error refused{.code = Code::invalid_argument, .text = "the mark is broken"};
  const Result<std::string> key = ops::open_page_token(text, kMarks);
  if (!key.ok()) return refused;
  Decoder in(*key);
  const bool mine = in.u64() == opening;
  const space::ChangedSpaces::Mark mark = in.varint();
  if (!in.finish()) return refused;
  return mine ? std::optional(mark) : std::nullopt;
}

}  // namespace

Result<ChangedSpaces> Store::changed_spaces(std::string_view mark, std::size_t count_max) const {
  const auto engine = engine_;
  return engine->run(engine::Verb::changed_spaces, [&]() -> Result<ChangedSpaces> {
    SPIND_TRY(ops::check_page_size(count_max));
    const space::ChangedSpaces& changed = engine->changed_spaces();
    if (mark.empty()) return ChangedSpaces{{}, make_mark(engine->opening(), changed.now()), false};
    SPIND_TRY_ASSIGN(const auto since, open_mark(engine->opening(), mark));
    if (!since) return too_old();
    auto page = changed.since(*since, count_max);
    if (!page) return too_old();
    return ChangedSpaces{std::move(page->spaces), make_mark(engine->opening(), page->mark),
                         page->more};
  });
}

}  // namespace spind
