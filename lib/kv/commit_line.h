// Commits between their write and the sync that covers them, in the order of their tickets.
//
// Writers finish in any order, but a snapshot shows a prefix: the line knows up to where all
// commits have reported, and so whether all that a snapshot shows can be announced.
#pragma once

#include <deque>
#include <vector>

#include "kv/backend.h"

namespace spind::kv {

// One thread at a time: guarded by its owner.
class CommitLine {
 public:
  struct Commit {
    TicketRange tickets;
    std::size_t bodies = 0;  // that were committed together
    std::vector<Row> announced;
  };

  explicit CommitLine(Ticket at) : reported_until_(at), latest_(at) {}

  void report(TicketRange tickets, std::size_t bodies, std::vector<Row> announced);
  // All commits up to here have reported.
  Ticket reported_until() const { return reported_until_; }
  // The last ticket given out.
  Ticket latest() const { return latest_; }
  // How many bodies' commits stand in the line.
  std::size_t bodies() const { return bodies_; }

  // Removes and returns the commits up to `ticket`.
  std::vector<Commit> take(Ticket ticket);

 private:
  std::deque<Commit> commits_;
  std::size_t bodies_ = 0;
  std::size_t reported_ = 0;  // how many at the front follow each other without a gap
  Ticket reported_until_;
  Ticket latest_;
};

}  // namespace spind::kv
