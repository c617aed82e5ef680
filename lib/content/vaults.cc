#include "content/vaults.h"

#include <algorithm>
#include <array>

#include "base/limits.h"
#include "base/try.h"
#include "content/blob_judge.h"
#include "model/keys.h"

namespace spind::content {

using kv::Family;
using model::BlobPlace;
using model::PieceRow;

namespace {

constexpr std::size_t kKnownVaultsMax = 4096;

Result<std::optional<PieceRow>> get_piece(const kv::View& view, const model::VaultId& vault,
                                          const model::PieceId& piece) {
  SPIND_TRY_ASSIGN(const auto bytes, view.get(Family::content, model::piece_key(vault, piece)));
  if (!bytes) return std::optional<PieceRow>();
  SPIND_TRY_ASSIGN(const PieceRow row, model::decode_piece(*bytes));
  return std::optional(row);
}

// The rows that make `space` a holder until its claim is checked. A condemned piece lives again.
void put_holder(kv::Transaction& transaction, const model::VaultId& vault,
                const model::PieceId& piece, const SpaceId& space) {
  transaction.put(Family::content, model::holder_key(vault, piece, space), "");
  transaction.put(Family::content, model::unchecked_key(vault, piece, space), "");
  transaction.erase(Family::content, model::condemned_key(vault, piece));
}

}  // namespace

std::string object_name(std::uint64_t number) { return blob_name(kObjectsPrefix, number); }

void Vaults::close() {
  if (packs_ != nullptr) packs_->close();
  numbers_.close();
}

Status Vaults::remove_objects(std::span<const std::uint64_t> numbers) {
  if (numbers.empty()) return {};
  std::vector<std::string> names;
  names.reserve(numbers.size());
  for (const std::uint64_t number : numbers) names.push_back(object_name(number));
  ++counts_.blob_removals;
  SPIND_TRY(blobs_.remove_all(names));
  counts_.blobs_removed += names.size();
  return {};
}

Status Vaults::list_objects(const NumberVisit& visit) {
  return visit_blob_numbers(blobs_, kObjectsPrefix, visit);
}

Status Vaults::catch_up(std::int64_t failed_ns_ago) {
  const std::vector<std::uint64_t> gone = failed_.take(clock_.monotonic_ns() - failed_ns_ago);
  if (Status removed = remove_objects(gone); !removed.ok()) {
    for (const std::uint64_t number : gone) failed_.add(number, clock_.monotonic_ns());
    return removed;
  }
  for (const std::uint64_t number : gone) numbers_.settle(number);
  return packs_ != nullptr ? packs_->catch_up(failed_ns_ago) : Status();
}

Status Vaults::note(const model::VaultId& vault, std::string_view name) {
  SPIND_TRY(keys_.prepare(vault));
  {
    const std::lock_guard lock(known_mutex_);
    if (known_.contains(vault)) return {};
  }
  const std::string key = model::ledger_vault_key(vault);
  SPIND_TRY_ASSIGN(const auto row, kv_.durable()->get(Family::content, key));
  if (!row) {
    const kv::Answer answer =
        kv_.update({model::ledger_partition()}, [&](kv::Transaction& transaction) -> kv::Outcome {
          transaction.put(Family::content, key, name);
          return kv::Commit{};
        });
    if (!answer.status.ok()) return answer.status.error();
    SPIND_TRY(kv_.wait(answer.ticket));
  }
  const std::lock_guard lock(known_mutex_);
  if (known_.size() >= kKnownVaultsMax) known_.clear();
  known_.insert(vault);
  return {};
}

Result<PieceRow> Vaults::find(const kv::View& view, const model::VaultId& vault,
                              const model::PieceId& piece) const {
  SPIND_TRY_ASSIGN(const auto row, get_piece(view, vault, piece));
  if (!row) return Error{Code::corruption, "a piece that is referred to is not in its vault"};
  return *row;
}

Result<std::size_t> Vaults::read(const PieceRow& row, std::uint64_t offset, Places places,
                                 const Interrupt& interrupt) {
  Result<std::size_t> got = Error{Code::not_found, "this store has no packs"};
  if (row.place.kind == BlobPlace::Kind::object)
    got = blobs_.scatter_unless(object_name(row.place.number), offset, places, interrupt);
  else if (packs_ != nullptr)
    got = packs_->read(row.place.number, row.place.offset + offset, places, interrupt);
  if (got.ok()) counts_.bytes_read += *got;
  return got;
}

void Vaults::suspect(const PieceRow& row, const model::VaultId& vault, const model::PieceId& piece,
                     const Interrupt& interrupt) {
  const bool packed = row.place.kind == BlobPlace::Kind::pack;
  std::optional<PackBlob> pack;
  if (packed && packs_ != nullptr) pack = packs_->blob_of(row.place.number);
  if (packed && !pack) return;
  const auto judge = [&](Bytes bytes) {
    return judge_blob(*kv_.durable(), vault, piece, row, pack, bytes);
  };
  blobs_.suspect(pack ? pack->name : object_name(row.place.number), judge, interrupt);
}

// What lies in a pack is short enough to be read at once.
void Vaults::will_read(const PieceRow& row) {
  if (row.place.kind == BlobPlace::Kind::object)
    blobs_.will_read(object_name(row.place.number), 0, row.stored_bytes);
}

Status Vaults::look(const PieceRow& row, const model::VaultId& vault, const model::PieceId& piece,
                    const Interrupt& interrupt) {
  std::array<std::uint8_t, kFrameHeaderBytes> bytes{};
  const std::span<std::uint8_t> place = bytes;
  SPIND_TRY_ASSIGN(const std::size_t got, read(row, 0, Places(&place, 1), interrupt));
  const auto header = decode_frame_header(Bytes(bytes).first(got));
  if (!header.ok()) return header.error();
  if (header->piece != piece || header->vault != vault || header->position != 0)
    return Error{.code = Code::corruption, .text = "another piece is where this one should be"};
  SPIND_TRY_ASSIGN(const bool taken, keys_.takes(vault, header->generation));
  if (taken && header->generation == row.generation) return {};
  return Error{.code = Code::corruption, .text = "a piece is not sealed as it should be"};
}

// What there is already. `missing` tells of a row whose blob is not where it says: then the bytes
// are written anew, and the row is replaced.
Result<std::optional<kv::Ticket>> Vaults::share(const model::VaultId& vault, const SpaceId& space,
                                                const model::PieceId& piece,
                                                const Interrupt& interrupt,
                                                std::optional<BlobPlace>& missing) {
  const std::optional<kv::Ticket> nothing;
  SPIND_TRY_ASSIGN(const auto seen, get_piece(*kv_.durable(), vault, piece));
  if (!seen) return nothing;
  if (Status there = look(*seen, vault, piece, interrupt); !there.ok()) {
    if (there.code() != Code::not_found && there.code() != Code::corruption)
      return std::move(there).error();
    missing = seen->place;
    return nothing;
  }
  bool shared = false;
  const kv::Answer answer = kv_.update(
      {model::bucket_of(vault, piece)}, [&](kv::Transaction& transaction) -> kv::Outcome {
        SPIND_TRY_ASSIGN(const auto row, get_piece(transaction, vault, piece));
        shared = row.has_value() && row->place == seen->place;
        if (shared) put_holder(transaction, vault, piece, space);
        return kv::Commit{};
      });
  if (!answer.status.ok()) return answer.status.error();
  if (!shared) return nothing;
  ++counts_.pieces_shared;
  return std::optional(answer.ticket);
}

Result<kv::Ticket> Vaults::adopt(const model::VaultId& vault, const SpaceId& space,
                                 std::span<const model::PieceId> pieces) {
  std::vector<std::string> buckets;
  for (const model::PieceId& piece : pieces) buckets.push_back(model::bucket_of(vault, piece));
  std::sort(buckets.begin(), buckets.end());
  buckets.erase(std::unique(buckets.begin(), buckets.end()), buckets.end());
  const kv::Answer answer =
      kv_.update(std::move(buckets), [&](kv::Transaction& transaction) -> kv::Outcome {
        for (const model::PieceId& piece : pieces) {
          SPIND_TRY_ASSIGN(const auto row, get_piece(transaction, vault, piece));
          if (!row)
            return Error{.code = Code::aborted,
                         .text = "content that is shared was removed from its vault meanwhile"};
          put_holder(transaction, vault, piece, space);
        }
        return kv::Commit{};
      });
  if (!answer.status.ok()) return answer.status.error();
  counts_.pieces_shared += pieces.size();
  return answer.ticket;
}

// Seals what was gathered, and makes it durable; the row is what its commit is to put.
Result<PieceRow> Vaults::write(const model::VaultId& vault, const model::PieceId& piece,
                               PieceBuffer& buffer, Lasting lasting, const Interrupt& interrupt) {
  SPIND_TRY_ASSIGN(auto sealer, keys_.sealer(vault, piece));
  buffer.seal(vault, piece, codec_, sealer ? &*sealer : nullptr);
  SPIND_TRY(room_(buffer.stored().size()));
  SPIND_TRY_ASSIGN(const BlobPlace place,
                   write_frames(buffer.stored(), buffer.size(), lasting, interrupt));
  return buffer.row_at(place);
}

Result<BlobPlace> Vaults::write_frames(Bytes frames, std::size_t piece_bytes, Lasting lasting,
                                       const Interrupt& interrupt) {
  if (packs_ != nullptr && piece_bytes <= kPackedBytesMax)
    return lasting == Lasting::as_new ? packs_->append(frames, interrupt)
                                      : packs_->append_for_good(frames, interrupt);
  SPIND_TRY_ASSIGN(const std::uint64_t number, numbers_.take());
  if (Status put = blobs_.put_unless(object_name(number), frames, interrupt); !put.ok()) {
    // Whole or not at all: gone for good if it can be removed now, else the collector's.
    if (!far_ && blobs_.remove(object_name(number)).ok())
      numbers_.settle(number);
    else
      failed_.add(number, clock_.monotonic_ns());
    return std::move(put).error();
  }
  return BlobPlace{BlobPlace::Kind::object, number, 0};
}

void Vaults::settle_used(const PieceRow& row, kv::Ticket ticket) {
  if (row.place.kind == BlobPlace::Kind::pack) return packs_->settle_used(row.place, ticket);
  numbers_.settle(row.place.number, ticket);
}

void Vaults::give_up(const PieceRow& row) {
  if (row.place.kind == BlobPlace::Kind::pack)
    return packs_->settle_dead(row.place, row.stored_bytes);
  if (blobs_.remove(object_name(row.place.number)).ok()) numbers_.settle(row.place.number);
}

void Vaults::settle_failed(const PieceRow& row, Code code) {
  // A commit that was refused for want of space was not written. After any other failure it may
  // have been, so the blob stays, for the collector of a later run to decide.
  if (code == Code::no_space) return give_up(row);
  if (row.place.kind == BlobPlace::Kind::pack) packs_->settle_unknown(row.place);
}

// A failure may leave open whether a place was doomed.
void Vaults::settle_doomed(const std::string& key, const kv::Answer& answer, bool doomed) {
  const Code code = answer.status.code();
  if (code != Code::ok && code != Code::no_space)
    doomed_.settle(key, DoomedPlaces::kUnknown);
  else if (code == Code::ok && doomed)
    doomed_.settle(key, answer.ticket);
  else
    doomed_.settle(key, std::nullopt);
}

Result<kv::Ticket> Vaults::store(const model::VaultId& vault, const SpaceId& space,
                                 PieceBuffer& buffer, const model::PieceId& piece,
                                 const Interrupt& interrupt) {
  std::optional<BlobPlace> missing;
  SPIND_TRY_ASSIGN(const auto shared, share(vault, space, piece, interrupt, missing));
  if (shared) return *shared;

  SPIND_TRY_ASSIGN(const PieceRow mine, write(vault, piece, buffer, Lasting::as_new, interrupt));
  const std::string old = missing ? model::doomed_key(vault, piece[0], *missing) : "";
  if (missing) doomed_.expect(old);
  bool used = false, replaced = false;
  const kv::Answer answer = kv_.update(
      {model::bucket_of(vault, piece)}, [&](kv::Transaction& transaction) -> kv::Outcome {
        SPIND_TRY_ASSIGN(const auto row, get_piece(transaction, vault, piece));
        replaced = row && row->place == missing;
        used = !row || replaced;
        if (used)
          transaction.put(Family::content, model::piece_key(vault, piece), model::encode(mine));
        if (replaced) transaction.put(Family::content, old, model::encode(*row));
        put_holder(transaction, vault, piece, space);
        return kv::Commit{};
      });
  if (missing) settle_doomed(old, answer, replaced);
  if (!answer.status.ok()) {
    settle_failed(mine, answer.status.code());
    return answer.status.error();
  }
  if (used) {
    settle_used(mine, answer.ticket);
    ++counts_.pieces_stored;
    counts_.bytes_stored += mine.stored_bytes;
    counts_.bytes_gathered += buffer.size();
  } else {
    give_up(mine);
    ++counts_.pieces_shared;
  }
  return answer.ticket;
}

Result<std::optional<kv::Ticket>> Vaults::replace(const model::VaultId& vault,
                                                  const model::PieceId& piece,
                                                  const PieceRow& before, PieceBuffer& buffer) {
  SPIND_TRY_ASSIGN(const PieceRow mine, write(vault, piece, buffer, Lasting::for_good, nullptr));
  const std::string old = model::doomed_key(vault, piece[0], before.place);
  doomed_.expect(old);
  bool used = false;
  const kv::Answer answer = kv_.update(
      {model::bucket_of(vault, piece)}, [&](kv::Transaction& transaction) -> kv::Outcome {
        SPIND_TRY_ASSIGN(const auto row, get_piece(transaction, vault, piece));
        used = row == before;
        if (!used) return kv::Commit{};
        transaction.put(Family::content, model::piece_key(vault, piece), model::encode(mine));
        transaction.put(Family::content, old, model::encode(before));
        return kv::Commit{};
      });
  settle_doomed(old, answer, used);
  if (!answer.status.ok()) {
    settle_failed(mine, answer.status.code());
    return answer.status.error();
  }
  if (!used) {
    give_up(mine);
    return std::optional<kv::Ticket>();
  }
  settle_used(mine, answer.ticket);
  counts_.bytes_stored += mine.stored_bytes;
  counts_.bytes_gathered += mine.size_bytes;
  return std::optional(answer.ticket);
}

}  // namespace spind::content
