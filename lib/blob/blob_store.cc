#include "spind/blob_store.h"

#include <algorithm>
#include <utility>

#include "blob/interrupt.h"
#include "blob/scatter.h"

namespace spind {

Result<std::size_t> scatter_by_range(std::span<const std::span<std::uint8_t>> places,
                                     const ReadRange& range) {
  if (places.size() == 1) return range(places.front());
  std::size_t wanted = 0;
  for (const std::span<std::uint8_t> place : places) wanted += place.size();
  std::vector<std::uint8_t> bytes(wanted);
  auto got = range(bytes);
  if (!got.ok()) return got;
  auto from = bytes.begin();
  std::size_t left = *got;
  for (const std::span<std::uint8_t> place : places) {
    const std::size_t count = std::min(left, place.size());
    std::copy_n(from, count, place.begin());
    from += static_cast<std::ptrdiff_t>(count);
    left -= count;
  }
  return got;
}

Result<std::size_t> BlobStore::scatter(std::string_view name, std::uint64_t offset,
                                       std::span<const std::span<std::uint8_t>> places) {
  return scatter_by_range(places,
                          [&](std::span<std::uint8_t> out) { return range(name, offset, out); });
}

Status BlobStore::put_unless(std::string_view name, std::span<const std::uint8_t> bytes,
                             const Interrupt& interrupt) {
  if (Status asked = ask(interrupt); !asked.ok()) return asked;
  return put(name, bytes);
}

Result<std::size_t> BlobStore::scatter_unless(std::string_view name, std::uint64_t offset,
                                              std::span<const std::span<std::uint8_t>> places,
                                              const Interrupt& interrupt) {
  if (Status asked = ask(interrupt); !asked.ok()) return std::move(asked).error();
  return scatter(name, offset, places);
}

Status BlobStore::remove_all(std::span<const std::string> names) {
  for (const std::string& name : names) {
    if (Status removed = remove(name); !removed.ok()) return removed;
  }
  return {};
}

void BlobStore::will_read(std::string_view, std::uint64_t, std::uint64_t) {}

void BlobStore::suspect(std::string_view, const BlobJudge&, const Interrupt&) {}

Result<std::vector<BlobListItem>> BlobStore::list_unless(std::string_view prefix,
                                                         std::string_view after,
                                                         std::size_t count_max,
                                                         const Interrupt& interrupt) {
  if (Status asked = ask(interrupt); !asked.ok()) return std::move(asked).error();
  return list(prefix, after, count_max);
}

Result<bool> BlobStore::creates_are_atomic() { return true; }

void BlobStore::clear_leftovers() {}

std::string BlobStore::metrics_text() const { return {}; }

}  // namespace spind
