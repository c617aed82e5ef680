// A store with a little of everything in it, what a space holds as text, and what a device that
// fails makes of the rows: for tests that let something go wrong and look at what is left.
#pragma once

#include <string>

#include "kv/kv.h"
#include "spind/store.h"

namespace spind::test {

// Sizes on both sides of what is kept in packs and as objects.
inline constexpr std::uint64_t kPacked = 70'000;
inline constexpr std::uint64_t kObject = (1 << 20) + 500'000;

// The space "faults" with files of all sizes, versions, properties, things in the trash and
// uploads; "others" with two files, and "disabled".
void make_sample(const Store& store);

// All nodes of the space with all that is known of them and the bytes of all versions; without
// their ids if these may be others.
Result<std::string> describe(const Space& space, bool with_ids = true);

// Changes rows of a sample behind the store's back: such as follow from others, so that a repair
// brings them all back; or such that nothing else tells of, and that it sets aside.
void damage_derived(kv::Store& rows, const Store& store);
void damage_for_good(kv::Store& rows, const Store& store);
// What is set aside of the latter, kind by kind, as a report lists it.
inline constexpr const char* kSetAside =
    "content holder journal journal node_record undo version_record missing_piece ";

// Whether what neither of them has touched reads as it was written.
Status read_undamaged(const Store& store);

}  // namespace spind::test
