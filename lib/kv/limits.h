// The named limits of this room.
#pragma once

#include <cstddef>
#include <cstdint>

namespace spind::kv {

// How often a body may ask for more partitions before its update is given up.
inline constexpr int kBodyRunsMax = 16;

// Bodies that one thread runs for others and commits together, and bytes of keys and values after
// which a commit is not made larger.
inline constexpr std::size_t kTurnsMax = 64;
inline constexpr std::size_t kTogetherBytesMax = std::size_t{1} << 20;

// Commits that no sync has covered yet; a writer that never waits is made to wait here, so that
// what the observer has still to be told stays bounded.
inline constexpr std::size_t kUnsyncedCommitsMax = 8192;

// A waiter looks at the store's clock at least this often, since that clock may be a test's own.
inline constexpr std::int64_t kDeadlinePollNs = 20'000'000;

// A store that ran out of space tries to open itself anew at most this often.
inline constexpr std::int64_t kReopenPauseNs = 100'000'000;

}  // namespace spind::kv
