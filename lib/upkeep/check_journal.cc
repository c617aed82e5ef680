#include "upkeep/check_journal.h"

#include <fmt/format.h>

#include "base/hash.h"
#include "base/try.h"
#include "journal/journal.h"
#include "model/keys.h"
#include "upkeep/row_scan.h"

namespace spind::upkeep {

using model::SpaceRow;

Status JournalCheck::run() {
  journal::Walker walker(reading_.snapshot(), reading_.space(), head_.floor + 1);
  visible_ = std::min(head_.visible, head_.floor);
  for (;;) {
    SPIND_TRY(steps_.step());
    auto next = walker.next();
    // Behind a break nothing can be said of the end.
    if (!next.ok()) return findings_.absorb(Kind::journal, 0, std::move(next).error());
    if (!*next) break;
    SPIND_TRY(check_entry(**next));
  }
  check_head(walker.chain());
  return count_requests();
}

Status JournalCheck::check_entry(const model::Entry& entry) {
  if (entries_ > 0 && entry.time_ns < time_ns_)
    findings_.add(Kind::journal, 0, fmt::format("entry {}: time goes back", entry.number));
  ++entries_;
  last_ = entry.number;
  time_ns_ = entry.time_ns;
  if (entry.visible) visible_ = entry.number;
  if (const EntryNumber to = model::rewound_to(entry); to != 0)
    lineage_.add_rewind(entry.number, to);
  SPIND_TRY(check_manifests(entry));
  return entry.request_id.empty() ? Status() : check_request(entry);
}

// The hashes that an entry holds of its manifests. One that is missing or broken is told of by the
// version that refers to it.
Status JournalCheck::check_manifests(const model::Entry& entry) {
  for (std::uint32_t i = 0; i < entry.manifests.size(); ++i) {
    SPIND_TRY_ASSIGN(
        const auto row,
        reading_.snapshot().get(kv::Family::attachment,
                                model::attachment_key(reading_.space(), {entry.number, i})));
    if (!row || !model::decode_manifest(*row).ok()) continue;
    if (sha256(as_bytes(*row)) != entry.manifests[i])
      findings_.add(
          Kind::manifest, 0,
          fmt::format("entry {}: a manifest is not the one it was made with", entry.number));
  }
  return {};
}

// A repeat of the request must find this entry, or it would be done again.
Status JournalCheck::check_request(const model::Entry& entry) {
  SPIND_TRY_ASSIGN(const auto row,
                   reading_.snapshot().get(
                       kv::Family::state,
                       model::request_key(reading_.space(), entry.principal, entry.request_id)));
  if (!row) {
    findings_.add(
        Kind::request, 0,
        fmt::format("entry {}: a repeat of its request would not be known", entry.number));
    return {};
  }
  ++requests_;
  const auto number = model::decode_count(*row);
  if (!number.ok()) return findings_.absorb(Kind::request, 0, number.error());
  if (*number != entry.number)
    findings_.add(Kind::request, 0,
                  fmt::format("entry {}: its request leads to entry {}", entry.number, *number));
  return {};
}

// As many rows as were found by their entries means that none is stray.
Status JournalCheck::count_requests() {
  std::uint64_t count = 0;
  SPIND_TRY(scan_rows(reading_, SpaceRow::request, [&](auto, std::string_view value) -> Status {
    SPIND_TRY(steps_.step());
    const auto number = model::decode_count(value);
    if (!number.ok() || *number > head_.floor) ++count;
    return {};
  }));
  if (count != requests_)
    findings_.add(Kind::request, 0,
                  fmt::format("there are {} requests, of which entries know {}", count, requests_));
  return {};
}

void JournalCheck::check_head(const model::Digest& chain) {
  if (last_ != head_.entry || chain != head_.chain || time_ns_ != head_.time_ns)
    findings_.add(Kind::head, 0,
                  fmt::format("the head is at entry {}, the journal ends with {}, or they differ "
                              "in its hash or time",
                              head_.entry, last_));
  if (visible_ != head_.visible)
    findings_.add(Kind::head, 0,
                  fmt::format("the head says that {} is visible, the journal says {}",
                              head_.visible, visible_));
}

}  // namespace spind::upkeep
