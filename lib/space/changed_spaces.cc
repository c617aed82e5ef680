#include "space/changed_spaces.h"

namespace spind::space {

std::optional<ChangedSpaces::Page> ChangedSpaces::since(Mark mark, std::size_t count_max) const {
  const std::lock_guard lock(mutex_);
  if (mark < forgotten_ || mark > last_) return std::nullopt;
  Page page{{}, last_, false};
  for (auto at = by_mark_.upper_bound(mark); at != by_mark_.end(); ++at) {
    if (page.spaces.size() == count_max) {
      page.more = true;
      break;
    }
    page.spaces.push_back(at->second);
    page.mark = at->first;
  }
  return page;
}

ChangedSpaces::Mark ChangedSpaces::now() const {
  const std::lock_guard lock(mutex_);
  return last_;
}

void ChangedSpaces::publishing(kv::Ticket, std::span<const kv::Row> rows) {
  add_changed(rows, announced_);
}

void ChangedSpaces::published(kv::Ticket) {
  const std::lock_guard lock(mutex_);
  for (const SpaceId& space : announced_) note(space);
  announced_.clear();
}

void ChangedSpaces::note(const SpaceId& space) {
  const auto [at, is_new] = marks_.try_emplace(space);
  if (!is_new) by_mark_.erase(at->second);
  at->second = ++last_;
  by_mark_.emplace(last_, space);
  if (marks_.size() <= count_max_) return;
  const auto oldest = by_mark_.begin();
  forgotten_ = oldest->first;
  marks_.erase(oldest->second);
  by_mark_.erase(oldest);
}

// Spaces may have changed that nobody announced: no mark from before leads anywhere.
void ChangedSpaces::reopened() {
  announced_.clear();
  const std::lock_guard lock(mutex_);
  forgotten_ = ++last_;
  by_mark_.clear();
  marks_.clear();
}

}  // namespace spind::space
