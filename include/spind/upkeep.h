// Looking after a store: what is checked, what is collected, and what is said about it.
//
//   spind::CheckReport report = store.check({.read_content = true}).value();
//   for (const spind::CheckFinding& finding : report.findings) print(finding.kind, finding.text);
//   spind::CollectReport freed = store.collect({.grace = std::chrono::hours(1)}).value();
//   spind::ScrubReport read = store.scrub({.rate_bytes = 10 << 20}).value();
#pragma once

#include "spind/options.h"

namespace spind {

struct CheckOptions {
  ProgressCallback progress{};  // done and total in nodes
  std::optional<CancelToken> cancel{};
  bool read_content = false;  // also read and verify every stored byte
  // Makes good what can be derived from what else is there, by small changes of their own while the
  // store is in use, and sets the rest aside: a note is kept that says so, with the row where it
  // stood in the way, and the next check lists it apart. Nothing is dropped. What was done by the
  // time of an error or a cancellation stays done. busy: another repair is under way.
  bool repair = false;
};

// One thing that is not as it must be.
struct CheckFinding {
  std::string kind{};  // "folder_totals", "missing_piece", …: lib/upkeep/README.md
  SpaceId space{};
  NodeId node = 0;  // 0: not about one node
  std::string text{};
};

struct CheckReport {
  std::uint64_t spaces = 0, nodes = 0, entries = 0, pieces = 0;
  std::vector<CheckFinding> findings{};  // the first 1,000
  std::uint64_t findings_total = 0;
  std::uint64_t repaired = 0;       // findings that are none any more
  std::uint64_t findings_left = 0;  // those that are still there: without a repair, all
  // What this repair or earlier ones could not make good; no findings any more.
  std::vector<CheckFinding> set_aside{};  // the first 1,000
  std::uint64_t set_aside_total = 0;
  // Whose keys cannot be had, as those of a destroyed vault: not looked at, and not repaired.
  std::uint64_t locked_spaces = 0;
};

struct CollectOptions {
  std::chrono::seconds grace = std::chrono::hours(24);  // how long unreferenced bytes are kept
  // Erasure on demand: this space's floor moves to its newest entry, whatever its policy says, so
  // that nothing of its past is left. With a grace of 0 bytes that nobody else has go at once too.
  std::optional<SpaceId> forget{};
  // A pack, which is a file of many small pieces, of which less than this is in use is emptied into
  // others, so that all of it goes. 0: none is.
  std::uint64_t rewrite_below_percent = 50;
  std::uint64_t rewrite_rate_bytes = 32ull << 20;  // so many a second are moved; 0: no limit
  ProgressCallback progress{};
  std::optional<CancelToken> cancel{};
};

struct CollectReport {
  std::uint64_t removed = 0, bytes = 0;   // pieces and leftovers removed, and their stored bytes
  std::uint64_t kept = 0;                 // unreferenced, but within the grace time or still in use
  std::uint64_t entries = 0;              // of journals, trimmed below the floors
  std::uint64_t nodes = 0, versions = 0;  // purged or removed ones that were erased
  std::uint64_t trash_items = 0;          // purged, since their time in the trash was over
  std::uint64_t thinned = 0;              // versions that were removed, as policies say
  std::uint64_t spaces = 0;               // purged ones that are erased wholly
  std::uint64_t packs_rewritten = 0;      // emptied; their files go with the next collections
  std::uint64_t pieces_moved = 0, moved_bytes = 0;  // out of them
  // Passed over, since their keys cannot be had, as those of a destroyed vault: of their past
  // nothing goes. What nobody refers to any more goes all the same.
  std::uint64_t locked_spaces = 0;
};

struct ScrubOptions {
  std::uint64_t rate_bytes = 0;  // a second; 0: as fast as it goes
  bool restart = false;          // from the beginning, not from where the last one ended
  std::function<void(const CheckFinding&)> found{};  // each, as soon as it is known what suffers
  ProgressCallback progress{};                       // done in bytes; the total is not known
  std::optional<CancelToken> cancel{};
};

struct ScrubReport {
  bool resumed = false;  // what lies before was read by earlier calls
  std::uint64_t bytes = 0, pieces = 0, attachments = 0;  // read by this one
  std::vector<CheckFinding> findings{};                  // of this one; the first 1,000
  std::uint64_t findings_total = 0;
  std::uint64_t findings_before = 0;  // told by the earlier calls
};

struct FlushStagedOptions {
  ProgressCallback progress{};  // in bytes
  std::optional<CancelToken> cancel{};
};

struct FlushStagedReport {
  std::uint64_t bytes = 0;  // brought to the blobs
  // Still here: damaged, which check tells of, or of a write that failed, until the store is opened
  // anew.
  std::uint64_t bytes_left = 0;
};

struct CheckpointOptions {
  ProgressCallback progress{};  // done in objects and packs; the total is not known before
  std::optional<CancelToken> cancel{};
};

struct CheckpointReport {
  // Large pieces, and files of many small ones. Where StoreOptions::blobs is given, only what is
  // staged.
  std::uint64_t objects = 0, packs = 0;
  std::uint64_t copied_bytes = 0;  // of them; the rest is shared by links
  // Damage of the store that the copy has as well: check names it.
  std::uint64_t missing = 0;
};

}  // namespace spind
