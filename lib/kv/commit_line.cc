#include "kv/commit_line.h"

#include <algorithm>
#include <iterator>

namespace spind::kv {

void CommitLine::report(TicketRange tickets, std::size_t bodies, std::vector<Row> announced) {
  latest_ = std::max(latest_, tickets.last);
  bodies_ += bodies;
  auto place = commits_.end();
  while (place != commits_.begin() && std::prev(place)->tickets.first > tickets.first) --place;
  commits_.insert(place, Commit{tickets, bodies, std::move(announced)});
  while (reported_ < commits_.size() && commits_[reported_].tickets.first == reported_until_ + 1)
    reported_until_ = commits_[reported_++].tickets.last;
}

std::vector<CommitLine::Commit> CommitLine::take(Ticket ticket) {
  std::vector<Commit> taken;
  while (!commits_.empty() && commits_.front().tickets.last <= ticket) {
    taken.push_back(std::move(commits_.front()));
    commits_.pop_front();
    bodies_ -= taken.back().bodies;
    if (reported_ > 0) --reported_;
  }
  return taken;
}

}  // namespace spind::kv
