// What a space forgets, as the model has it.
#include <algorithm>
#include <iterator>

#include "model/model_space.h"

namespace spind::test {

EntryNumber ModelSpace::floor_for(std::uint64_t keep, bool forget) const {
  if (forget) return last_entry_;
  EntryNumber floor = floor_;
  if (keep != 0 && last_entry_ > keep) floor = std::max(floor, last_entry_ - keep);
  // From the newest rewind on: an earlier one matters where the floor went below it.
  for (auto rewind = rewinds_.rbegin(); rewind != rewinds_.rend(); ++rewind)
    if (rewind->first > floor) floor = std::min(floor, rewind->second);
  return std::max(floor, floor_);
}

void ModelSpace::move_floor(EntryNumber floor) {
  floor_ = floor;
  pasts_.erase(pasts_.begin(), pasts_.lower_bound(floor));
  erase(nodes_, floor);
  for (auto& [entry, past] : pasts_) erase(past.nodes, floor);
  std::erase_if(answered_, [this](const auto& answer) {
    return answered_entries_.at(answer.first) <= floor_;
  });
}

void ModelSpace::erase(std::map<NodeId, Node>& nodes, EntryNumber floor) {
  for (auto& [id, node] : nodes) {
    NodeId up = id;
    while (up != kRootNode && !nodes.at(up).removed) up = nodes.at(up).parent;
    const Node& top = nodes.at(up);
    if (top.purged && top.purged_entry <= floor) node.erased = true;
  }
}

bool ModelSpace::place_known(NodeId folder) const {
  for (; folder != kRootNode; folder = nodes_.at(folder).parent)
    if (nodes_.at(folder).erased) return false;
  return true;
}

std::size_t ModelSpace::first_event() const {
  const auto first = std::find_if(events_.begin(), events_.end(), [this](const ChangeEvent& event) {
    return event.entry > floor_;
  });
  return static_cast<std::size_t>(std::distance(events_.begin(), first));
}

}  // namespace spind::test
