#include "upkeep/check_journal.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.h"
#include "base/try.h"
#include "journal/journal.h"
#include "model/keys.h"
#include "upkeep/mends.h"
#include "upkeep/row_scan.h"
#include "upkeep/space_reclaim.h"

namespace spind::upkeep {

using model::SpaceRow;

Status JournalCheck::run() {
  const auto trimmed = read_trimmed(reading_.snapshot(), reading_.space());
  const SpaceId& space = reading_.space();
  if (!trimmed.ok())
    return findings_.absorb(Kind::journal, 0, trimmed.error(), lower_trimmed(space));
  trimmed_ = *trimmed;
  if (trimmed_ > head_.floor)
    findings_.add(Kind::journal, 0,
                  fmt::format("the journal is trimmed up to entry {}, above the floor", trimmed_),
                  lower_trimmed(space));
  journal::Walker walker(reading_.snapshot(), reading_.space(), trimmed_ + 1);
  last_ = trimmed_;
  visible_ = std::min(head_.visible, trimmed_);
  for (;;) {
    SPIND_TRY(steps_.step());
    auto next = walker.next();
    // Behind a break nothing can be said of the end.
    if (!next.ok())
      return findings_.absorb(Kind::journal, 0, next.error(),
                              cut_journal(space, last_ + 1, next.error().text));
    if (!*next) break;
    SPIND_TRY(check_entry(**next));
  }
  check_head(walker.chain());
  SPIND_TRY(count_rewinds());
  return count_requests();
}

Status JournalCheck::check_entry(const model::Entry& entry) {
  if (entries_ > 0 && entry.time_ns < time_ns_)
    findings_.add(Kind::journal, 0, fmt::format("entry {}: time goes back", entry.number),
                  note_only(subject_of(entry.number)));
  ++entries_;
  last_ = entry.number;
  time_ns_ = entry.time_ns;
  if (entry.visible) visible_ = entry.number;
  if (const EntryNumber to = model::rewound_to(entry); to != 0)
    SPIND_TRY(check_rewind(entry.number, to));
  SPIND_TRY(check_manifests(entry));
  return entry.request_id.empty() ? Status() : check_request(entry);
}

// An entry holds the hashes of its manifests in the order of its attachments, among which there may
// be others. One that is missing or broken is told of by the version that refers to it.
Status JournalCheck::check_manifests(const model::Entry& entry) {
  if (entry.manifests.empty()) return {};
  const auto rows = reading_.snapshot().scan(
      kv::Family::attachment, model::attachment_key(reading_.space(), {entry.number, 0}),
      model::attachment_key(reading_.space(), {entry.number + 1, 0}));
  auto next = entry.manifests.begin();
  for (; rows->valid(); rows->next()) {
    SPIND_TRY(steps_.step());
    if (!model::decode_manifest(rows->value()).ok()) continue;
    const auto known = std::find(next, entry.manifests.end(), sha256(as_bytes(rows->value())));
    if (known == entry.manifests.end())
      findings_.add(
          Kind::manifest, 0,
          fmt::format("entry {}: a manifest is not the one it was made with", entry.number),
          note_only(std::string(rows->key())));
    else
      next = known + 1;
  }
  return rows->status();
}

// A floor would be moved to where the way from one state to another is cut.
Status JournalCheck::check_rewind(EntryNumber number, EntryNumber to) {
  lineage_.add_rewind(number, to);
  ++rewinds_;
  SPIND_TRY_ASSIGN(
      const auto row,
      reading_.snapshot().get(kv::Family::state, model::rewind_key(reading_.space(), number)));
  const auto known = row ? model::decode_count(*row) : EntryNumber{0};
  const auto mend = [&] {
    return put_row(kv::Family::state, model::rewind_key(reading_.space(), number),
                   model::encode_count(to));
  };
  if (!known.ok()) return findings_.absorb(Kind::rewind, 0, known.error(), mend());
  if (*known != to)
    findings_.add(Kind::rewind, 0,
                  fmt::format("entry {} rewound to {}, its row says {}", number, to, *known),
                  mend());
  return {};
}

Status JournalCheck::count_rewinds() {
  std::uint64_t count = 0;
  SPIND_TRY(scan_rows(reading_, SpaceRow::rewind, [&](auto, auto) {
    ++count;
    return steps_.step();
  }));
  if (count != rewinds_)
    findings_.add(Kind::rewind, 0,
                  fmt::format("there are {} rows of rewinds, entries know {}", count, rewinds_),
                  drop_stray_rewinds(reading_.space()));
  return {};
}

// A repeat of the request must find this entry, or it would be done again.
Status JournalCheck::check_request(const model::Entry& entry) {
  const std::string key = model::request_key(reading_.space(), entry.principal, entry.request_id);
  const auto mend = [&] {
    return put_row(kv::Family::state, key, model::encode_count(entry.number));
  };
  SPIND_TRY_ASSIGN(const auto row, reading_.snapshot().get(kv::Family::state, key));
  if (!row) {
    findings_.add(Kind::request, 0,
                  fmt::format("entry {}: a repeat of its request would not be known", entry.number),
                  mend());
    return {};
  }
  ++requests_;
  const auto number = model::decode_count(*row);
  if (!number.ok()) return findings_.absorb(Kind::request, 0, number.error(), mend());
  if (*number != entry.number)
    findings_.add(Kind::request, 0,
                  fmt::format("entry {}: its request leads to entry {}", entry.number, *number),
                  mend());
  return {};
}

// As many rows as were found by their entries means that none is stray.
Status JournalCheck::count_requests() {
  std::uint64_t count = 0;
  SPIND_TRY(scan_rows(reading_, SpaceRow::request, [&](auto, std::string_view value) -> Status {
    SPIND_TRY(steps_.step());
    const auto number = model::decode_count(value);
    if (!number.ok() || *number > trimmed_) ++count;
    return {};
  }));
  if (count != requests_)
    findings_.add(Kind::request, 0,
                  fmt::format("there are {} requests, of which entries know {}", count, requests_),
                  drop_stray_requests(reading_.space()));
  return {};
}

void JournalCheck::check_head(const model::Digest& chain) {
  // Where all of it is gone, the head alone knows the end.
  const bool differs = entries_ > 0 && (chain != head_.chain || time_ns_ != head_.time_ns);
  if (last_ != head_.entry || differs)
    findings_.add(Kind::head, 0,
                  fmt::format("the head is at entry {}, the journal ends with {}, or they differ "
                              "in its hash or time",
                              head_.entry, last_),
                  rebuild_head(reading_.space()));
  if (visible_ != head_.visible)
    findings_.add(Kind::head, 0,
                  fmt::format("the head says that {} is visible, the journal says {}",
                              head_.visible, visible_),
                  rebuild_head(reading_.space()));
}

}  // namespace spind::upkeep
