// Making good what a check found: each finding may bring what is to be done about it.
//
// A mend runs in a commit of its own, owns the partitions that it touches, and looks again at what
// it is about, since writers go on meanwhile. What cannot be made good is set aside in the same
// commit: a note says so from then on, and the row goes with it where it stands in the way.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "kv/kv.h"
#include "model/keys.h"
#include "spind/upkeep.h"
#include "upkeep/finding_kinds.h"

namespace spind::upkeep {

// Of one pass over the store; what is found beyond waits for the next pass.
inline constexpr std::size_t kMendsMax = 10'000;

enum class Mended : std::uint8_t {
  good,     // all is well now
  aside,    // set aside by the mend itself
  cannot,   // so it is set aside under its subject
  nothing,  // it is well already, or another mend has to come first
};

struct Mend {
  // May run more than once. Damage as an answer, or no body at all: as if it answered cannot.
  std::function<Result<Mended>(kv::Transaction&)> body;
  std::vector<std::string> partitions;  // none: the space's
  // Under what it is set aside; empty: nothing can be, and it stays a finding.
  std::string subject;
  // Where it does not last, since what others make good takes it back, it is set aside the second
  // time that one repair comes to it.
  bool once = false;
};

// The row is taken from its place and kept in the note. Nothing if it is not there any more.
Status move_aside(kv::Transaction& rows, const std::string& partition, Kind kind, NodeId node,
                  const std::string& text, kv::Family family, const std::string& key);

// Collects what is to be done, and does it. One thread at a time.
class Mending {
 public:
  explicit Mending(kv::Store& kv) : kv_(kv) {}

  void later(Kind kind, const SpaceId& space, NodeId node, const std::string& text, Mend mend);
  // Does all of it, what was found last first: folders come before what lies below them. Then none
  // is left. Durable when it returns. `step` may end it with an error; what was done stays done.
  Status run(const std::function<Status()>& step);

  // Nothing of what was found since the last run is done.
  void forget() { items_.clear(); }

  // Since it was made.
  std::uint64_t mended() const { return mended_; }        // made good
  std::uint64_t set_aside() const { return set_aside_; }  // and these not
  // Whether one could not be done for want of keys.
  bool met_locked() const { return met_locked_; }

 private:
  struct Item {
    Kind kind;
    NodeId node = 0;
    std::string text;
    Mend mend;
  };
  Result<Mended> run_one(const Item& item);
  Result<Mended> note(const Item& item);
  static void put_note(kv::Transaction& rows, const Item& item);

  kv::Store& kv_;
  std::set<std::string> done_once_;  // partitions
  std::vector<Item> items_;
  kv::Ticket ticket_ = 0;
  std::uint64_t mended_ = 0, set_aside_ = 0;
  bool met_locked_ = false;
};

}  // namespace spind::upkeep
