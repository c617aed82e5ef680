#include "ops/free_name.h"

#include <fmt/format.h>

#include "base/limits.h"
#include "base/try.h"

namespace spind::ops {
namespace {

// `stem` and `tail` together in at most kNameBytesMax bytes, the stem cut between characters.
std::string joined(std::string_view stem, std::string_view tail) {
  std::size_t end = std::min(stem.size(), kNameBytesMax - tail.size());
  while (end > 0 && end < stem.size() && (static_cast<std::uint8_t>(stem[end]) & 0xc0) == 0x80)
    --end;
  return std::string(stem.substr(0, end)) + std::string(tail);
}

}  // namespace

Result<std::string> free_name(space::State& state, NodeId folder, std::string_view name,
                              NodeKind kind, const Ref& ref) {
  // An extension that would leave no room for the rest is none.
  std::size_t dot = kind == NodeKind::file ? name.rfind('.') : name.npos;
  if (dot == 0 || dot == name.npos || name.size() - dot > kExtensionBytesMax) dot = name.size();
  for (std::size_t number = 2; number < 2 + kFreeNamesTried; ++number) {
    std::string candidate =
        joined(name.substr(0, dot), fmt::format(" ({}){}", number, name.substr(dot)));
    SPIND_TRY_ASSIGN(const space::NodeRef taken, state.child(folder, candidate));
    if (taken != nullptr) continue;
    SPIND_TRY_ASSIGN(const auto colliding, state.colliding_name(folder, candidate));
    if (!colliding) return candidate;
  }
  return Error{.code = Code::already_exists,
               .text = "all names like it are taken",
               .path = ref.to_string(),
               .limit = kFreeNamesTried};
}

}  // namespace spind::ops
