// What can be chosen when a space is made or changed: who finds it, which names it accepts, where
// its bytes lie, and for how long it keeps what was overwritten and removed. And what is known of a
// space.
//
//   spind::SpaceOptions options{.kind = spind::SpaceKind::project, .alias = "essays"};
//   spind::Space essays = ada.create_space(options).value();
#pragma once

#include "spind/types.h"

namespace spind {

enum class SpaceKind : std::uint8_t { personal = 1, project = 2 };

// Which names a folder accepts beside each other.
enum class NameRule : std::uint8_t {
  exact = 1,   // names differ if their bytes do
  folded = 2,  // names that differ only by case or Unicode normal form collide, as on Windows and
               // macOS: already_exists
};

// Where the files of a space that are larger than 1 MiB are cut into pieces, which is what a
// tenant's files share. A change of rule holds for what is stored from then on.
enum class PieceRule : std::uint8_t {
  fixed = 1,  // every 8 MiB: what is stored twice whole is kept once
  // Where the content says so, every 1 to 8 MiB: what is the same in two files is kept once,
  // wherever in them it lies. It costs processor time (lib/content/README.md has what it saves).
  content = 2,
};

// How far back a space can be looked at, rewound and followed. The entry that lies just behind what
// is kept is the space's floor: what fell away by then is erased for good, with its bytes. The
// floor stays at or below the entry that a kept rewind went back to: whoever rewinds to the same
// entry every night keeps all that came after it, whatever the numbers below say.
struct FloorPolicy {
  // An entry is kept for at least so long …
  std::int64_t keep_ns = std::int64_t{7} * 24 * 3600 * 1'000'000'000;
  // … unless so many have come since. 0: no bound by number.
  std::uint64_t keep_entries = 0;
  bool operator==(const FloorPolicy&) const = default;
};

// For how long the trash of a space keeps what was removed.
struct TrashPolicy {
  // What has lain there for so long is purged. INT64_MAX: never.
  std::int64_t keep_ns = std::int64_t{30} * 24 * 3600 * 1'000'000'000;
  bool operator==(const TrashPolicy&) const = default;
};

// Which earlier versions of its files a space keeps; the current one always stays, and so does what
// is pinned or labelled, which counts for nothing below. What has a length of time to itself keeps
// its newest version. Lengths begin on the clock, hours at full ones and days at midnight (UTC), so
// that what is kept does not depend on when it is looked at.
enum class Thinning : std::uint8_t {
  keep_all = 1,
  count_and_age = 2,  // see VersionPolicy
  // One for every 2 seconds of the last 10, 10 seconds of the last minute, minute of the last hour,
  // hour of the last day, day of the last 30, and week of the time before.
  ladder = 3,
  // All of the last 30 days, one for every hour of the last 60 days, for every day of the last 180,
  // and for every week of the time before; at most 500.
  automatic = 4,
};

struct VersionPolicy {
  Thinning thinning = Thinning::keep_all;
  // What follows is for count_and_age. So many of the newest earlier versions stay, however old …
  std::uint64_t count_min = 0;
  // … behind these go those that are older than this, and those beyond so many. 0: any number.
  std::int64_t keep_ns = INT64_MAX;
  std::uint64_t count_max = 0;
  bool operator==(const VersionPolicy&) const = default;
};

// Where the content of a space lies: what is alike in one vault is stored once, and an encrypted
// store has keys for each (spind/vaults.h). Chosen when the space is made, for ever.
enum class VaultRule : std::uint8_t {
  tenant = 1,  // with that of all the tenant's spaces that have none of their own
  own = 2,     // apart: nothing is shared, and its keys can be destroyed by themselves
};

struct SpaceOptions {
  std::optional<SpaceId> id{};  // made by the engine if not given
  SpaceKind kind = SpaceKind::personal;
  std::string alias{};        // unique in its tenant; may be empty; at most 255 bytes
  std::string name{};         // for people; at most 255 bytes
  std::string description{};  // at most 4,096 bytes
  NameRule names = NameRule::exact;
  FloorPolicy floor{};
  TrashPolicy trash{};
  VersionPolicy versions{};
  PieceRule pieces = PieceRule::fixed;
  VaultRule vault = VaultRule::tenant;
};

struct SpaceChange {
  std::optional<std::string> alias{}, name{}, description{};
  std::optional<FloorPolicy> floor{};
  std::optional<TrashPolicy> trash{};
  std::optional<VersionPolicy> versions{};
  std::optional<NodeId> image{}, readme{};  // files that present the space; 0: none
  std::optional<PieceRule> pieces{};
};

enum class SpaceStatus : std::uint8_t {
  active = 1,
  disabled = 2,  // its nodes answer not_found; see Space::disable
  purged = 3,    // gone for everybody: no call shows such a space
};

struct SpaceInfo {
  SpaceId id{};
  SpaceKind kind = SpaceKind::personal;
  std::string tenant{}, alias{}, name{}, description{};
  std::string owner{};    // user id of a personal space's owner; empty for a project
  std::string creator{};  // user id
  NameRule names = NameRule::exact;
  std::int64_t created_ns = 0;
  FolderTotals totals{};          // of the root
  std::uint64_t trash_bytes = 0;  // kept for the trash
  EntryNumber entry = 0;          // last entry of the journal
  EntryNumber visible = 0;        // last visible entry: the root version
  std::uint64_t history = 0;
  FloorPolicy floor_policy{};
  EntryNumber floor = 0;  // the earliest entry that the space can be looked at after
  SpaceStatus state = SpaceStatus::active;
  NodeId image = 0, readme = 0;  // 0: none. One that was removed since answers not_found
  TrashPolicy trash_policy{};
  VersionPolicy version_policy{};
  PieceRule pieces = PieceRule::fixed;
  VaultRule vault = VaultRule::tenant;
  // The keys of its vault cannot be had, so of `totals` nothing is known, and no other call than a
  // listing shows it.
  bool locked = false;
};

struct SpaceFilter {
  std::optional<SpaceKind> kind{};
  std::optional<SpaceStatus> state{};
};

}  // namespace spind
