// Every kind of damage that a check can find. README.md says what each means; a test holds the two
// together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace spind::upkeep {

// clang-format off
#define SPIND_FINDING_KINDS(KIND)                                                                \
  KIND(catalogue) KIND(alias) KIND(space_record) KIND(head)                                      \
  KIND(root) KIND(node_record) KIND(node_id) KIND(node_changed) KIND(locator)                    \
  KIND(orphan_children) KIND(folder_totals) KIND(folder_changed)                                 \
  KIND(trash_record) KIND(trash_locator) KIND(trash_bytes)                                       \
  KIND(version_record) KIND(versions) KIND(version_bytes) KIND(orphan_versions)                  \
  KIND(folded_name)                                                                              \
  KIND(journal) KIND(request) KIND(rewind)                                                       \
  KIND(inline_content) KIND(manifest) KIND(attachment) KIND(content) KIND(references)            \
  KIND(holder)                                                                                   \
  KIND(missing_piece) KIND(corrupt_piece) KIND(stray_holder) KIND(unheld_piece)                  \
  KIND(condemned_piece) KIND(pack) KIND(stray_blob) KIND(next_number)                            \
  KIND(version_mark) KIND(dropped) KIND(undo)                                                    \
  KIND(staged_record) KIND(staged_locator) KIND(property) KIND(tag) KIND(upload)
// clang-format on

enum class Kind : std::uint8_t {
#define SPIND_KIND(name) name,
  SPIND_FINDING_KINDS(SPIND_KIND)
#undef SPIND_KIND
};

inline constexpr std::string_view kKindNames[] = {
#define SPIND_KIND(name) #name,
    SPIND_FINDING_KINDS(SPIND_KIND)
#undef SPIND_KIND
};

constexpr std::string_view name_of(Kind kind) { return kKindNames[static_cast<std::size_t>(kind)]; }

}  // namespace spind::upkeep
