#include "journal/journal.h"

#include <fmt/format.h>

#include "base/hash.h"
#include "base/try.h"
#include "model/keys.h"

namespace spind::journal {

using kv::Family;

namespace {

Error broken(EntryNumber number, std::string_view what) {
  return {.code = Code::corruption, .text = fmt::format("journal entry {}: {}", number, what)};
}

std::unique_ptr<kv::Cursor> rows_from(const kv::View& view, const SpaceId& space,
                                      model::SpaceRow row, const std::string& first_key) {
  return view.scan(Family::journal, first_key, model::end_of(model::row_prefix(space, row)));
}

}  // namespace

model::Digest append(kv::Transaction& rows, const SpaceId& space, const model::Entry& entry) {
  const model::EncodedEntry encoded = model::encode(entry);
  rows.put(Family::journal, model::skeleton_key(space, entry.number), encoded.skeleton);
  rows.put(Family::journal, model::payload_key(space, entry.number), encoded.payload);
  return encoded.chain;
}

void erase(kv::Transaction& rows, const SpaceId& space, EntryNumber number) {
  rows.erase(Family::journal, model::skeleton_key(space, number));
  rows.erase(Family::journal, model::payload_key(space, number));
}

Result<model::Entry> read(const kv::View& view, const SpaceId& space, EntryNumber number) {
  SPIND_TRY_ASSIGN(const auto skeleton,
                   view.get(Family::journal, model::skeleton_key(space, number)));
  if (!skeleton)
    return Error{.code = Code::not_found, .text = fmt::format("no journal entry {}", number)};
  SPIND_TRY_ASSIGN(const auto payload,
                   view.get(Family::journal, model::payload_key(space, number)));
  if (!payload) return broken(number, "its payload is missing");
  SPIND_TRY_ASSIGN(model::Entry entry, model::decode_entry(*skeleton, *payload));
  if (entry.number != number) return broken(number, "it lies under another number");
  return entry;
}

Result<model::Entry> Pages::read(EntryNumber number) {
  SPIND_TRY_ASSIGN(const Rows* const rows, this->rows(number));
  if (rows->payload.empty()) return broken(number, "its payload is missing");
  SPIND_TRY_ASSIGN(model::Entry entry, model::decode_entry(rows->skeleton, rows->payload));
  if (entry.number != number) return broken(number, "it lies under another number");
  return entry;
}

Result<model::Skeleton> Pages::skeleton(EntryNumber number) {
  SPIND_TRY_ASSIGN(const Rows* const rows, this->rows(number));
  SPIND_TRY_ASSIGN(model::Skeleton skeleton, model::decode_skeleton(rows->skeleton));
  if (skeleton.number != number) return broken(number, "it lies under another number");
  return skeleton;
}

Result<const Pages::Rows*> Pages::rows(EntryNumber number) {
  const EntryNumber first = number / kPageEntries * kPageEntries;
  if (page_.empty() || first != first_) SPIND_TRY(load(first));
  const Rows& rows = page_[number - first];
  if (rows.skeleton.empty())
    return Error{.code = Code::not_found, .text = fmt::format("no journal entry {}", number)};
  return &rows;
}

Status Pages::load(EntryNumber first) {
  page_.assign(kPageEntries, {});
  first_ = first;
  SPIND_TRY(load(first, model::SpaceRow::skeleton, &Rows::skeleton));
  return load(first, model::SpaceRow::payload, &Rows::payload);
}

Status Pages::load(EntryNumber first, model::SpaceRow row, std::string Rows::*bytes) {
  const bool skeletons = row == model::SpaceRow::skeleton;
  const auto key = skeletons ? model::skeleton_key : model::payload_key;
  const auto cursor =
      view_.scan(Family::journal, key(space_, first), key(space_, first + kPageEntries));
  for (; cursor->valid(); cursor->next()) {
    const EntryNumber number = model::last_u64_in(cursor->key());
    if (cursor->key() != key(space_, number)) return broken(first, "a row behind it has no number");
    page_[number - first].*bytes = cursor->value();
  }
  return cursor->status();
}

Walker::Walker(const kv::View& view, const SpaceId& space, EntryNumber first)
    : skeletons_(
          rows_from(view, space, model::SpaceRow::skeleton, model::skeleton_key(space, first))),
      payloads_(rows_from(view, space, model::SpaceRow::payload, model::payload_key(space, first))),
      expected_(first),
      chained_(first == 1) {}

Result<std::optional<model::Entry>> Walker::next() {
  SPIND_TRY(skeletons_->status());
  SPIND_TRY(payloads_->status());
  if (!skeletons_->valid()) {
    if (payloads_->valid()) return broken(expected_, "a payload without a skeleton");
    return std::optional<model::Entry>{};
  }
  if (model::last_u64_in(skeletons_->key()) != expected_) return broken(expected_, "it is missing");
  if (!payloads_->valid() || model::last_u64_in(payloads_->key()) != expected_)
    return broken(expected_, "its payload is missing");
  auto entry = model::decode_entry(skeletons_->value(), payloads_->value());
  if (!entry.ok()) return broken(expected_, entry.error().text);
  if (entry->number != expected_) return broken(expected_, "it lies under another number");
  if (chained_ && entry->previous != chain_)
    return broken(expected_, "it does not hold the hash of the entry before");
  chain_ = sha256(as_bytes(skeletons_->value()));
  chained_ = true;
  ++expected_;
  skeletons_->next();
  payloads_->next();
  return std::optional(std::move(entry).value());
}

Scan::Scan(const kv::View& view, const SpaceId& space, EntryNumber first)
    : skeletons_(
          rows_from(view, space, model::SpaceRow::skeleton, model::skeleton_key(space, first))),
      payloads_(rows_from(view, space, model::SpaceRow::payload, model::payload_key(space, first))),
      expected_(first) {}

Result<bool> Scan::next() {
  if (begun_) {
    skeletons_->next();
    payloads_->next();
    ++expected_;
  }
  begun_ = true;
  if (!skeletons_->valid()) {
    SPIND_TRY(skeletons_->status());
    return false;
  }
  if (model::last_u64_in(skeletons_->key()) != expected_) return broken(expected_, "it is missing");
  if (!payloads_->valid()) SPIND_TRY(payloads_->status());
  if (!payloads_->valid() || model::last_u64_in(payloads_->key()) != expected_)
    return broken(expected_, "its payload is missing");
  auto skeleton = model::decode_skeleton(skeletons_->value());
  if (!skeleton.ok()) return broken(expected_, skeleton.error().text);
  if (skeleton->number != expected_) return broken(expected_, "it lies under another number");
  skeleton_ = *skeleton;
  return true;
}

Result<const model::Entry*> Scan::entry() {
  Status decoded = model::decode_payload(skeleton_, payloads_->value(), entry_);
  if (!decoded.ok()) return broken(expected_, decoded.error().text);
  return &entry_;
}

}  // namespace spind::journal
