#include "content/numbers.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <optional>

#include "base/try.h"
#include "model/vault_rows.h"

namespace spind::content {

using kv::Family;

namespace {
constexpr std::size_t kNamesListed = 1000;
}

Result<std::uint64_t> take_numbers(kv::Transaction& transaction, std::uint64_t count) {
  const std::string key = model::next_number_key();
  SPIND_TRY_ASSIGN(const auto row, transaction.get(Family::content, key));
  std::uint64_t first = 1;
  if (row) {
    SPIND_TRY_ASSIGN(first, model::decode_number(*row));
  }
  transaction.put(Family::content, key, model::encode_number(first + count));
  return first;
}

std::string blob_name(std::string_view prefix, std::uint64_t number) {
  return std::string(prefix) + '/' + std::to_string(number / kNumbersReserved) + '/' +
         std::to_string(number);
}

Status visit_blob_numbers(BlobStore& blobs, std::string_view prefix,
                          const std::function<Status(std::uint64_t)>& visit) {
  const std::string folder = std::string(prefix) + '/';
  std::string after;
  while (true) {
    SPIND_TRY_ASSIGN(const auto page, blobs.list(folder, after, kNamesListed));
    for (const BlobListItem& item : page) {
      std::uint64_t number = 0;
      const char* const end = item.name.data() + item.name.size();
      std::from_chars(item.name.data() + item.name.rfind('/') + 1, end, number);
      if (blob_name(prefix, number) == item.name) SPIND_TRY(visit(number));
    }
    if (page.size() < kNamesListed) return {};
    after = page.back().name;
  }
}

Status BlobNumbers::reserve() {
  std::uint64_t first = 0;
  const kv::Answer answer =
      kv_.update({model::ledger_partition()}, [&](kv::Transaction& transaction) -> kv::Outcome {
        SPIND_TRY_ASSIGN(first, take_numbers(transaction, count_));
        transaction.put(Family::content, model::ledger_key(range_, first),
                        model::encode_number(count_));
        return kv::Commit{};
      });
  if (!answer.status.ok()) return answer.status.error();
  SPIND_TRY(kv_.wait(answer.ticket));
  const std::lock_guard lock(mutex_);
  ranges_[first] = {first, first + count_, {}, {}};
  return {};
}

Result<std::uint64_t> BlobNumbers::take() {
  const auto from_last_range = [&]() -> std::optional<std::uint64_t> {
    const std::lock_guard lock(mutex_);
    if (ranges_.empty()) return std::nullopt;
    Range& range = std::prev(ranges_.end())->second;
    if (range.next == range.end) return std::nullopt;
    range.unsettled.insert(range.next);
    return range.next++;
  };
  if (const auto number = from_last_range()) return *number;
  const std::lock_guard lock(reserving_);
  while (true) {
    if (const auto number = from_last_range()) return *number;
    SPIND_TRY(reserve());
  }
}

void BlobNumbers::settle(std::uint64_t number, kv::Ticket ticket) {
  std::uint64_t first = 0;
  Range full;
  {
    const std::lock_guard lock(mutex_);
    const auto above = ranges_.upper_bound(number);
    if (above == ranges_.begin()) return;
    const auto found = std::prev(above);
    Range& range = found->second;
    range.unsettled.erase(number);
    if (ticket != 0) range.tickets.push_back(ticket);
    if (range.next != range.end || !range.unsettled.empty()) return;
    first = found->first;
    full = std::move(range);
    ranges_.erase(found);
  }
  close_range(first, full);
}

bool all_durable(kv::Store& kv, const std::vector<kv::Ticket>& tickets) {
  return std::all_of(tickets.begin(), tickets.end(),
                     [&](kv::Ticket ticket) { return kv.wait(ticket).ok(); });
}

void BlobNumbers::close_range(std::uint64_t first, const Range& range) {
  if (!all_durable(kv_, range.tickets)) return;
  // Need not be durable, nor succeed: an open range costs the next collector a thousand looks.
  (void)kv_.update({model::ledger_partition()}, [&](kv::Transaction& transaction) -> kv::Outcome {
    transaction.erase(Family::content, model::ledger_key(range_, first));
    return kv::Commit{};
  });
}

void BlobNumbers::close() {
  std::map<std::uint64_t, Range> ranges;
  {
    const std::lock_guard lock(mutex_);
    ranges.swap(ranges_);
  }
  for (const auto& item : ranges)
    if (item.second.unsettled.empty()) close_range(item.first, item.second);
}

}  // namespace spind::content
