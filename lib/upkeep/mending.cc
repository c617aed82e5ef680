#include "upkeep/mending.h"

#include <algorithm>

#include "base/try.h"
#include "model/aside.h"
#include "upkeep/findings.h"

namespace spind::upkeep {

Status move_aside(kv::Transaction& rows, const std::string& partition, Kind kind, NodeId node,
                  const std::string& text, kv::Family family, const std::string& key) {
  SPIND_TRY_ASSIGN(auto row, rows.get(family, key));
  if (!row) return {};
  const model::AsideRecord record{node, text, static_cast<std::uint8_t>(family), std::move(row)};
  rows.put(kv::Family::state, model::aside_key(partition, name_of(kind), key),
           model::encode(record));
  rows.erase_announced(family, key);
  return {};
}

void Mending::later(Kind kind, const SpaceId& space, NodeId node, const std::string& text,
                    Mend mend) {
  if (items_.size() >= kMendsMax || (!mend.body && mend.subject.empty())) return;
  if (mend.partitions.empty()) mend.partitions.push_back(model::space_partition(space));
  items_.push_back({kind, node, text, std::move(mend)});
}

Status Mending::run(const std::function<Status()>& step) {
  for (auto item = items_.rbegin(); item != items_.rend(); ++item) {
    SPIND_TRY(step());
    SPIND_TRY_ASSIGN(Mended mended, run_one(*item));
    if (mended == Mended::cannot && !item->mend.subject.empty()) {
      SPIND_TRY_ASSIGN(mended, note(*item));
    }
    if (mended == Mended::good) ++mended_;
    if (mended == Mended::aside) ++set_aside_;
  }
  items_.clear();
  return kv_.wait(ticket_);
}

Result<Mended> Mending::run_one(const Item& item) {
  Mended mended = Mended::cannot;
  if (!item.mend.body) return mended;
  if (item.mend.once && !done_once_.insert(item.mend.partitions.front()).second) return mended;
  const kv::Answer answer =
      kv_.update(item.mend.partitions, [&](kv::Transaction& rows) -> kv::Outcome {
        rows.use_reserve();
        SPIND_TRY_ASSIGN(mended, item.mend.body(rows));
        // With what the body did about it: nothing ends up between the two.
        if (mended == Mended::cannot && !item.mend.subject.empty()) {
          put_note(rows, item);
          mended = Mended::aside;
        }
        return kv::Commit{};
      });
  ticket_ = std::max(ticket_, answer.ticket);
  if (answer.status.ok()) return mended;
  // What it would be made good from is damaged as well.
  if (is_damage(answer.status.error())) return Mended::cannot;
  if (is_locked(answer.status.error())) {
    met_locked_ = true;
    return Mended::nothing;
  }
  return answer.status.error();
}

void Mending::put_note(kv::Transaction& rows, const Item& item) {
  rows.put(kv::Family::state,
           model::aside_key(item.mend.partitions.front(), name_of(item.kind), item.mend.subject),
           model::encode(model::AsideRecord{item.node, item.text, 0, {}}));
}

Result<Mended> Mending::note(const Item& item) {
  const kv::Answer answer =
      kv_.update(item.mend.partitions, [&](kv::Transaction& rows) -> kv::Outcome {
        rows.use_reserve();
        put_note(rows, item);
        return kv::Commit{};
      });
  ticket_ = std::max(ticket_, answer.ticket);
  if (!answer.status.ok()) return answer.status.error();
  return Mended::aside;
}

}  // namespace spind::upkeep
