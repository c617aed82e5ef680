// What a mirror knows of its backends: what each missed, and which of them has everything.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "spind/blob_store.h"

namespace spind {

// Numbers are part of the journal's format.
enum class MirrorChangeKind : std::uint8_t {
  joined = 1,     // a backend belongs to the mirror, and has everything
  left = 2,       // it does not belong to it any more
  behind = 3,     // it does not have everything: what is known of it by name counts no more
  in_step = 4,    // it has everything but what is noted by name
  missing = 5,    // it lacks a blob
  lingering = 6,  // it holds a blob that was removed
  even = 7,       // neither
};

struct MirrorChange {
  MirrorChangeKind kind = MirrorChangeKind::even;
  std::string backend{};
  std::string name{};            // of a blob, from `missing` on
  std::uint64_t size_bytes = 0;  // of a blob that is missing
};

struct MirrorNote {
  bool lingering = false;  // else missing
  std::uint64_t size_bytes = 0;
};

// Const calls are thread-safe.
class MirrorState {
 public:
  struct Backend {
    bool behind = false;
    std::uint64_t times_behind = 0;  // tells a resync whether what it began with still holds
    std::uint64_t missing = 0, missing_bytes = 0, lingering = 0;
    std::map<std::string, MirrorNote, std::less<>> notes{};
  };

  void apply(const MirrorChange& change);

  // Null if it does not belong to the mirror.
  const Backend* find(std::string_view backend) const;
  std::optional<MirrorNote> note(std::string_view backend, std::string_view name) const;
  // Whether some backend holds the blob that should not: whoever else has it not is right.
  bool removed(std::string_view name) const;
  // Whether some backend lacks the blob that should have it: it was written.
  bool missing(std::string_view name) const;
  // Whether such a note is of a blob whose name cannot be beside this one: it is a folder of it, or
  // has it as one.
  bool clashes(std::string_view name, bool lingering) const;
  std::size_t in_step() const;
  std::size_t notes() const;
  // All of it, as changes to a state of nothing.
  std::vector<MirrorChange> as_changes() const;
  const std::map<std::string, Backend, std::less<>>& backends() const { return backends_; }

 private:
  bool noted(std::string_view name, bool lingering) const;
  static void set_note(Backend& backend, const MirrorChange& change);

  std::map<std::string, Backend, std::less<>> backends_;
};

}  // namespace spind
