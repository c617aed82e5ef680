#include "content/collector.h"

#include <algorithm>

#include "base/try.h"
#include "content/content_rows.h"
#include "content/needs.h"
#include "model/keys.h"
#include "model/records.h"

namespace spind::content {

using kv::Family;
using model::VaultRow;

namespace {

// Rows that are looked at before something is committed.
constexpr std::size_t kCheckPage = 1000;
// Blobs that are removed together.
constexpr std::size_t kRemovedAtOnce = 1000;

Result<bool> has_holder(const kv::View& view, const model::VaultId& vault,
                        const model::PieceId& piece) {
  const auto cursor = scan_content(view, model::holders_prefix(vault, piece));
  SPIND_TRY(cursor->status());
  return cursor->valid();
}

// All rows of one kind in a bucket, as they are durable now.
std::unique_ptr<kv::Cursor> scan_bucket(const kv::View& view, const model::VaultId& vault,
                                        std::uint8_t bucket, VaultRow row) {
  return scan_content(view, model::bucket_prefix(vault, bucket, row));
}

}  // namespace

Result<CollectReport> Collector::run() {
  const std::lock_guard lock(memory_.running);
  SPIND_TRY(kv_.catch_up());  // so that what was committed by now is seen
  SPIND_TRY(catch_up());
  SPIND_TRY(sweep_packs());
  std::vector<model::VaultId> all;
  {
    const kv::SnapshotRef snapshot = kv_.durable();
    const auto cursor = scan_content(*snapshot, model::ledger_prefix(model::LedgerRow::vault));
    for (; cursor->valid(); cursor->next()) all.push_back(model::vault_in_key(cursor->key()));
    SPIND_TRY(cursor->status());
  }
  for (const model::VaultId& vault : all) {
    for (unsigned bucket = 0; bucket < 256; ++bucket)
      SPIND_TRY(collect_bucket(vault, static_cast<std::uint8_t>(bucket)));
  }
  SPIND_TRY(remove_gathered());
  SPIND_TRY(rewrite_packs());
  SPIND_TRY(remove_packs());
  SPIND_TRY(kv_.wait(ticket_));
  memory_.pieces_waiting = done_.kept;
  memory_.waiting_seconds = static_cast<std::uint64_t>(oldest_kept_ms_ / 1000);
  SPIND_TRY(std::move(damage_));
  return done_;
}

Status Collector::sweep_left_packs() {
  const std::lock_guard lock(memory_.running);
  SPIND_TRY(sweep_packs());
  return std::move(damage_);
}

// A broken row keeps nothing of the others; it is told at the end.
Status Collector::past_damage(Status done) {
  if (done.code() != Code::corruption && done.code() != Code::unsupported) return done;
  if (damage_.ok()) damage_ = std::move(done);
  return {};
}

Status Collector::collect_bucket(const model::VaultId& vault, std::uint8_t bucket) {
  SPIND_TRY(check_claims(vault, bucket));
  SPIND_TRY(doom_condemned(vault, bucket));
  return remove_doomed(vault, bucket);
}

Status Collector::commit(std::vector<std::string> partitions, const kv::Body& body) {
  // It makes room, so it may use what is kept free on the device.
  kv::Answer answer = kv_.update(std::move(partitions), [&body](kv::Transaction& transaction) {
    transaction.use_reserve();
    return body(transaction);
  });
  if (answer.status.ok()) ticket_ = answer.ticket;
  return std::move(answer.status);
}

Status Collector::count_step() {
  ++steps_;
  const bool cancelled = (options_.cancel && options_.cancel->cancelled()) ||
                         (options_.progress && !options_.progress({steps_, 0}));
  if (cancelled) return Error{.code = Code::cancelled, .text = "the collection was cancelled"};
  return {};
}

Status Collector::check_claims(const model::VaultId& vault, std::uint8_t bucket) {
  const kv::SnapshotRef snapshot = kv_.durable();
  const auto cursor = scan_bucket(*snapshot, vault, bucket, VaultRow::unchecked);
  std::vector<Unchecked> checked;
  for (; cursor->valid(); cursor->next()) {
    SPIND_TRY(count_step());
    const Unchecked item{model::piece_in_key(cursor->key()), model::space_in_key(cursor->key())};
    SPIND_TRY_ASSIGN(const bool needed, needs(*snapshot, item.space, item.piece));
    if (!needed) {
      // A space whose keys are not there keeps what it holds; others do not wait for it.
      Status decided = decide(vault, item);
      if (decided.code() != Code::key_unavailable)
        SPIND_TRY(std::move(decided));
      else
        ++done_.kept;
      continue;
    }
    checked.push_back(item);
    if (checked.size() < kCheckPage) continue;
    SPIND_TRY(drop_checked(vault, bucket, checked));
    checked.clear();
  }
  SPIND_TRY(cursor->status());
  if (checked.empty()) return {};
  return drop_checked(vault, bucket, checked);
}

// The space needs the piece: from now on its own queue lets go of it.
Status Collector::drop_checked(const model::VaultId& vault, std::uint8_t bucket,
                               const std::vector<Unchecked>& checked) {
  return commit(
      {model::bucket_partition(vault, bucket)}, [&](kv::Transaction& transaction) -> kv::Outcome {
        for (const Unchecked& item : checked)
          transaction.erase(Family::content, model::unchecked_key(vault, item.piece, item.space));
        return kv::Commit{};
      });
}

// The snapshot shows no need. Owning the space as well, it is seen whether a reference was
// committed since; and an upload whose claim does not hold here finds that out in its own commit.
Status Collector::decide(const model::VaultId& vault, const Unchecked& item) {
  if (claims_.held(vault, item.piece, item.space)) {
    ++done_.kept;
    return {};
  }
  const std::int64_t now_ms = clock_.wall_ns() / 1'000'000;
  return commit(
      {model::bucket_of(vault, item.piece), model::space_partition(item.space)},
      [&](kv::Transaction& transaction) -> kv::Outcome {
        SPIND_TRY_ASSIGN(const bool needed, needs(transaction, item.space, item.piece));
        if (!needed && claims_.held(vault, item.piece, item.space)) return kv::Commit{};
        transaction.erase(Family::content, model::unchecked_key(vault, item.piece, item.space));
        if (needed) return kv::Commit{};
        transaction.erase(Family::content, model::holder_key(vault, item.piece, item.space));
        SPIND_TRY_ASSIGN(const bool held, has_holder(transaction, vault, item.piece));
        if (!held)
          transaction.put(Family::content, model::condemned_key(vault, item.piece),
                          model::encode_number(static_cast<std::uint64_t>(now_ms)));
        return kv::Commit{};
      });
}

Status Collector::doom_condemned(const model::VaultId& vault, std::uint8_t bucket) {
  // Longer than the clock can tell is for ever.
  const std::int64_t grace_ms =
      std::min<std::int64_t>(options_.grace.count(), INT64_MAX / 1000) * 1000;
  SPIND_TRY(kv_.wait(ticket_));
  const kv::SnapshotRef snapshot = kv_.durable();
  const auto cursor = scan_bucket(*snapshot, vault, bucket, VaultRow::condemned);
  for (; cursor->valid(); cursor->next()) {
    SPIND_TRY(count_step());
    const auto since_ms = model::decode_number(cursor->value());
    if (!since_ms.ok()) {
      SPIND_TRY(past_damage(since_ms.error()));
      continue;
    }
    const std::int64_t age_ms = clock_.wall_ns() / 1'000'000 - static_cast<std::int64_t>(*since_ms);
    // A wall clock that jumped says nothing about how long the piece has been condemned.
    if (age_ms < grace_ms || !memory_.clocks.clocks_agree()) {
      ++done_.kept;
      oldest_kept_ms_ = std::max(oldest_kept_ms_, age_ms);
      continue;
    }
    SPIND_TRY(past_damage(doom(vault, model::piece_in_key(cursor->key()))));
  }
  return cursor->status();
}

Status Collector::doom(const model::VaultId& vault, const model::PieceId& piece) {
  std::string doomed;
  SPIND_TRY(
      commit({model::bucket_of(vault, piece)}, [&](kv::Transaction& transaction) -> kv::Outcome {
        doomed.clear();
        const std::string key = model::piece_key(vault, piece);
        SPIND_TRY_ASSIGN(const auto still,
                         transaction.get(Family::content, model::condemned_key(vault, piece)));
        if (!still) return kv::Commit{};
        transaction.erase(Family::content, model::condemned_key(vault, piece));
        SPIND_TRY_ASSIGN(const bool held, has_holder(transaction, vault, piece));
        SPIND_TRY_ASSIGN(const auto bytes, transaction.get(Family::content, key));
        if (held || !bytes) return kv::Commit{};
        SPIND_TRY_ASSIGN(const model::PieceRow row, model::decode_piece(*bytes));
        doomed = model::doomed_key(vault, piece[0], row.place);
        transaction.erase(Family::content, key);
        transaction.put(Family::content, doomed, *bytes);
        return kv::Commit{};
      }));
  if (!doomed.empty()) vaults_.doomed().note(doomed, ticket_);
  return {};
}

Status Collector::remove_doomed(const model::VaultId& vault, std::uint8_t bucket) {
  SPIND_TRY(kv_.wait(ticket_));
  const kv::SnapshotRef snapshot = kv_.durable();
  const auto cursor = scan_bucket(*snapshot, vault, bucket, VaultRow::doomed);
  for (; cursor->valid(); cursor->next()) {
    SPIND_TRY(count_step());
    const std::string key(cursor->key());
    if (!vaults_.doomed().may_go(key, kv_.oldest_snapshot())) {
      ++done_.kept;
      continue;
    }
    const auto row = model::decode_piece(cursor->value());
    if (row.ok())
      removable_.push_back({vault, bucket, key, *row});
    else
      SPIND_TRY(past_damage(row.error()));
    if (removable_.size() >= kRemovedAtOnce) SPIND_TRY(remove_gathered());
  }
  return cursor->status();
}

// Another copy of the store may own the blobs by now. Where the rows have no room, removing makes
// some.
Status Collector::may_remove() {
  Status health = kv_.health();
  return health.code() == Code::no_space ? Status() : std::move(health);
}

Status Collector::remove_gathered() {
  std::vector<Doomed> gathered;
  gathered.swap(removable_);
  std::vector<std::uint64_t> objects;
  for (const Doomed& doomed : gathered)
    if (doomed.row.place.kind == model::BlobPlace::Kind::object)
      objects.push_back(doomed.row.place.number);
  SPIND_TRY(may_remove());
  SPIND_TRY(vaults_.remove_objects(objects));
  for (const Doomed& doomed : gathered) SPIND_TRY(past_damage(remove(doomed)));
  return {};
}

// Its object is gone already.
Status Collector::remove(const Doomed& doomed) {
  const auto& [vault, bucket, key, row] = doomed;
  const bool packed = row.place.kind == model::BlobPlace::Kind::pack;
  if (packed && vaults_.packs() != nullptr) {
    // Else it would reach into the frames behind it.
    SPIND_TRY_ASSIGN(const FrameLayout layout, FrameLayout::of(row));
    SPIND_TRY_ASSIGN(const bool given_back, vaults_.packs()->punch(row.place, layout.size()));
    if (!given_back) ++done_.kept;
  }
  std::vector<std::string> partitions = {model::bucket_partition(vault, bucket)};
  if (packed) partitions.push_back(model::ledger_partition());
  bool unaccounted = false;
  SPIND_TRY(commit(std::move(partitions), [&](kv::Transaction& transaction) -> kv::Outcome {
    SPIND_TRY_ASSIGN(const auto still, transaction.get(Family::content, doomed.key));
    if (!still) return kv::Commit{};
    transaction.erase(Family::content, doomed.key);
    if (!packed) return kv::Commit{};
    const auto add = [&](model::LedgerRow tag, model::PackRow& pack) {
      // Behind the accounted part of an open pack, frames are counted once: by the account when it
      // is closed, or by the walk after a crash, which sees this one dead.
      unaccounted = tag == model::LedgerRow::pack_open && doomed.row.place.offset >= pack.end_bytes;
      if (!unaccounted) pack.dead_bytes += doomed.row.stored_bytes;
      if (tag == model::LedgerRow::pack_open || tag == model::LedgerRow::pack_brought) return tag;
      const model::LedgerRow to = resting_tag(pack);
      const bool stays =
          tag == model::LedgerRow::pack_sparse && to != model::LedgerRow::pack_removed;
      return stays ? tag : to;
    };
    Status changed = change_pack(transaction, doomed.row.place.number, add);
    if (!changed.ok() && changed.code() != Code::not_found) return std::move(changed).error();
    unaccounted = unaccounted || !changed.ok();
    return kv::Commit{};
  }));
  if (unaccounted && vaults_.packs() != nullptr) vaults_.packs()->count_dead(row, ticket_);
  vaults_.doomed().gone(key);
  ++done_.removed;
  done_.bytes += row.stored_bytes;
  return {};
}

Status Collector::remove_packs() {
  if (vaults_.packs() == nullptr) return {};
  SPIND_TRY(kv_.wait(ticket_));
  const kv::SnapshotRef snapshot = kv_.durable();
  const auto cursor = scan_content(*snapshot, model::ledger_prefix(model::LedgerRow::pack_removed));
  std::vector<std::uint64_t> numbers;
  const auto remove_them = [&]() -> Status {
    if (numbers.empty()) return {};
    ++vaults_.counts().blob_removals;
    SPIND_TRY(may_remove());
    SPIND_TRY(vaults_.packs()->remove(numbers));
    vaults_.counts().blobs_removed += numbers.size();
    SPIND_TRY(commit({model::ledger_partition()}, [&](kv::Transaction& transaction) -> kv::Outcome {
      for (const std::uint64_t number : numbers)
        transaction.erase(Family::content,
                          model::ledger_key(model::LedgerRow::pack_removed, number));
      return kv::Commit{};
    }));
    numbers.clear();
    return {};
  };
  for (; cursor->valid(); cursor->next()) {
    SPIND_TRY(count_step());
    numbers.push_back(model::last_u64_in(cursor->key()));
    if (numbers.size() >= kRemovedAtOnce) SPIND_TRY(remove_them());
  }
  SPIND_TRY(cursor->status());
  return remove_them();
}

}  // namespace spind::content
