#include "content/plain_rows.h"

#include "base/try.h"
#include "kv/row_sealer.h"
#include "model/keys.h"
#include "model/sealed_row.h"

namespace spind::content {

using kv::Family;

namespace {

// Of one commit; a row has up to 16 KiB. Writers of the space wait for no more than that.
constexpr std::size_t kPlainRowsPage = 256;
constexpr std::size_t kPlainBytesPage = std::size_t{512} << 10;

bool is_plain(std::string_view key, std::string_view value) {
  return model::is_sealed_row(key) && model::is_plain_row(value);
}

}  // namespace

Status visit_spaces(const kv::View& rows, Family family,
                    const std::function<Status(const SpaceId&)>& visit) {
  const std::string spaces = model::space_partition({}).substr(0, 1);
  for (std::string begin = spaces;;) {
    const auto cursor = rows.scan_keys(family, begin, model::end_of(spaces));
    SPIND_TRY(cursor->status());
    if (!cursor->valid()) return {};
    if (cursor->key().size() < model::space_partition({}).size())
      return Error{.code = Code::corruption, .text = "a key is too short to name a space"};
    const SpaceId space = model::space_of(cursor->key());
    SPIND_TRY(visit(space));
    begin = model::end_of(model::space_partition(space));
  }
}

Result<PlainRows::Whose> PlainRows::whose(const kv::View& below, const SpaceId& space) const {
  SPIND_TRY_ASSIGN(const auto vault, vault_of_space(below, space));
  if (!vault) return Whose::nobody_knows;
  return *vault == vault_ ? Whose::vault : Whose::others;
}

Status PlainRows::visit_own(Family family, const std::function<Status(const SpaceId&)>& visit) {
  std::vector<SpaceId> own;
  kv::SnapshotRef below = below_.durable();
  SPIND_TRY(visit_spaces(*below, family, [&](const SpaceId& space) -> Status {
    SPIND_TRY_ASSIGN(const Whose found, whose(*below, space));
    if (found == Whose::vault) own.push_back(space);
    return {};
  }));
  below.reset();
  for (const SpaceId& space : own) SPIND_TRY(visit(space));
  return {};
}

Status PlainRows::seal() {
  SPIND_TRY(below_.catch_up());  // so that what was committed by now is seen
  for (const Family family : kSpaceFamilies)
    SPIND_TRY(visit_own(family, [&](const SpaceId& space) { return seal_space(family, space); }));
  return {};
}

Status PlainRows::seal_space(Family family, const SpaceId& space) {
  std::string begin = model::space_partition(space);
  const std::string end = model::end_of(begin);
  while (begin < end) {
    SPIND_TRY_ASSIGN(const auto keys, next_page(family, begin, end));
    if (!keys.empty()) SPIND_TRY(seal_page(family, space, keys));
    SPIND_TRY(step_(keys.size()));
  }
  return {};
}

// Moves `begin` behind what it has looked at.
Result<std::vector<std::string>> PlainRows::next_page(Family family, std::string& begin,
                                                      const std::string& end) const {
  std::vector<std::string> keys;
  std::size_t bytes = 0;
  const kv::SnapshotRef below = below_.durable();
  const auto cursor = below->scan(family, begin, end);
  for (; cursor->valid(); cursor->next()) {
    if (keys.size() >= kPlainRowsPage || bytes >= kPlainBytesPage) {
      begin = cursor->key();
      return keys;
    }
    if (!is_plain(cursor->key(), cursor->value())) continue;
    keys.emplace_back(cursor->key());
    bytes += cursor->value().size();
  }
  SPIND_TRY(cursor->status());
  begin = end;
  return keys;
}

// As they are by now: some may be gone, or have been written, and sealed by that. What does not
// open stays as it is.
Status PlainRows::seal_page(Family family, const SpaceId& space,
                            const std::vector<std::string>& keys) {
  const kv::Answer answer =
      sealing_.update({model::space_partition(space)}, [&](kv::Transaction& rows) -> kv::Outcome {
        for (const std::string& key : keys) {
          SPIND_TRY_ASSIGN(const auto value, rows.get(family, key));
          if (value && !value->starts_with(kv::kUnreadable)) rows.put(family, key, *value);
        }
        return kv::Commit{};
      });
  if (!answer.status.ok()) return answer.status.error();
  return sealing_.wait(answer.ticket);
}

Result<std::uint64_t> PlainRows::count(const kv::View& below) {
  std::uint64_t plain = 0;
  for (const Family family : kSpaceFamilies) {
    SPIND_TRY(visit_spaces(below, family, [&](const SpaceId& space) -> Status {
      SPIND_TRY(step_(0));
      SPIND_TRY_ASSIGN(const Whose found, whose(below, space));
      if (found == Whose::others) return {};
      const std::string partition = model::space_partition(space);
      const auto cursor = below.scan(family, partition, model::end_of(partition));
      for (; cursor->valid(); cursor->next())
        plain += is_plain(cursor->key(), cursor->value()) ? 1 : 0;
      return cursor->status();
    }));
  }
  return plain;
}

std::vector<kv::Range> PlainRows::all_ranges() {
  const std::string spaces = model::space_partition({}).substr(0, 1);
  std::vector<kv::Range> ranges;
  for (const Family family : kSpaceFamilies)
    ranges.push_back({family, spaces, model::end_of(spaces)});
  return ranges;
}

Result<std::vector<kv::Range>> PlainRows::ranges() {
  std::vector<kv::Range> ranges;
  for (const Family family : kSpaceFamilies) {
    SPIND_TRY(visit_own(family, [&](const SpaceId& space) {
      std::string begin = model::space_partition(space);
      std::string end = model::end_of(begin);
      ranges.push_back({family, std::move(begin), std::move(end)});
      return Status();
    }));
  }
  return ranges;
}

}  // namespace spind::content
