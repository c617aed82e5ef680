#include "upkeep/findings.h"

#include "model/aside.h"

namespace spind::upkeep {

void Findings::add(Kind kind, NodeId node, std::string text, Mend mend) {
  if (is_aside(kind, mend)) return;
  ++total_;
  if (mending_ != nullptr) mending_->later(kind, space_, node, text, std::move(mend));
  CheckFinding finding{std::string(name_of(kind)), space_, node, std::move(text)};
  if (found_) found_(finding);
  if (list_.size() < kFindingsMax) list_.push_back(std::move(finding));
}

// A note that cannot be read is as good as none: then it is found again.
bool Findings::is_aside(Kind kind, const Mend& mend) const {
  if (rows_ == nullptr || mend.subject.empty()) return false;
  const std::string partition =
      mend.partitions.empty() ? model::space_partition(space_) : mend.partitions.front();
  const auto row =
      rows_->get(kv::Family::state, model::aside_key(partition, name_of(kind), mend.subject));
  return row.ok() && row->has_value();
}

}  // namespace spind::upkeep
