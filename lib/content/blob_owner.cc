#include "content/blob_owner.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/codec.h"
#include "base/hex.h"
#include "base/try.h"
#include "base/uuid.h"
#include "content/fencing.h"
#include "content/numbers.h"
#include "content/object_packs.h"
#include "content/vaults.h"

namespace spind::content {

using kv::Family;
using model::BlobOwnerRow;

namespace {

constexpr std::size_t kHexDigits = 16;
constexpr std::size_t kListedAtOnce = 1000;
constexpr std::uint64_t kOwnerBytesMax = 256;
// More than whoever had the blobs before, and may not know yet that it lost them, can still take.
constexpr std::uint64_t kNumbersSkipped = std::uint64_t{1} << 32;

std::string hex_of(std::uint64_t number) {
  std::string bytes;
  Encoder(bytes).u64_be(number);
  return to_hex(as_bytes(bytes));
}

std::optional<std::uint64_t> number_in(std::string_view hex) {
  std::uint64_t number = 0;
  const auto read = std::from_chars(hex.data(), hex.data() + hex.size(), number, kHexDigits);
  if (hex.size() != kHexDigits || read.ptr != hex.data() + hex.size()) return std::nullopt;
  return number;
}

std::string claim_name(std::uint64_t epoch, std::uint64_t claim) {
  return std::string(kOwnerPrefix) + hex_of(epoch) + '-' + hex_of(claim);
}

std::string claim_text(const BlobOwnerRow& row) {
  return "spind blobs\nstore " + uuid_text(row.store) + "\n";
}

Error conflict(std::string text, std::string_view name) {
  return {Code::conflict, std::move(text), std::string(name)};
}

Error not_claimed() {
  return conflict("no store has claimed these blobs; give the bucket and prefix of this store",
                  kOwnerPrefix);
}

Result<std::optional<BlobOwnerRow>> owner_row(const kv::View& rows) {
  SPIND_TRY_ASSIGN(const auto bytes, rows.get(Family::content, model::blob_owner_key()));
  if (!bytes) return std::optional<BlobOwnerRow>();
  SPIND_TRY_ASSIGN(const BlobOwnerRow row, model::decode_blob_owner(*bytes));
  return std::optional(row);
}

Status put_row(kv::Store& kv, const BlobOwnerRow& row) {
  const kv::Answer answer =
      kv.update({model::ledger_partition()}, [&](kv::Transaction& transaction) -> kv::Outcome {
        // Where nothing may be written, nothing could be removed either.
        transaction.use_reserve();
        transaction.put(Family::content, model::blob_owner_key(), model::encode(row));
        return kv::Commit{};
      });
  if (!answer.status.ok()) return answer.status.error();
  return kv.wait(answer.ticket);
}

// All names below the prefix, page by page.
Status visit_names(BlobStore& blobs, std::string_view prefix,
                   const std::function<void(const std::string&)>& visit,
                   const Interrupt& interrupt = nullptr) {
  std::string after;
  while (true) {
    SPIND_TRY_ASSIGN(const auto page, blobs.list_unless(prefix, after, kListedAtOnce, interrupt));
    for (const BlobListItem& item : page) visit(item.name);
    if (page.size() < kListedAtOnce) return {};
    after = page.back().name;
  }
}

}  // namespace

Result<bool> has_blob_owner(const kv::View& rows) {
  SPIND_TRY_ASSIGN(const auto bytes, rows.get(Family::content, model::blob_owner_key()));
  return bytes.has_value();
}

Status disown(kv::Store& copy) {
  SPIND_TRY_ASSIGN(auto row, owner_row(*copy.durable()));
  if (!row) return {};
  return put_row(copy, {.store = row->store});
}

// In the order of their epochs. What is named otherwise is not a claim.
Result<std::vector<BlobOwner::Claimed>> BlobOwner::claims_on(BlobStore& place,
                                                             const Interrupt& interrupt) {
  std::vector<Claimed> claims;
  const auto add = [&](const std::string& name) {
    const std::string_view text = std::string_view(name).substr(kOwnerPrefix.size());
    if (text.size() != 2 * kHexDigits + 1 || text[kHexDigits] != '-') return;
    const auto epoch = number_in(text.substr(0, kHexDigits));
    const auto claim = number_in(text.substr(kHexDigits + 1));
    if (epoch && claim) claims.push_back({*epoch, *claim, name});
  };
  SPIND_TRY(visit_names(place, kOwnerPrefix, add, interrupt));
  return claims;
}

Result<std::optional<std::uint64_t>> BlobOwner::newest_claim(BlobStore& place) {
  SPIND_TRY_ASSIGN(const auto claims, claims_on(place));
  if (claims.empty()) return std::optional<std::uint64_t>();
  return std::optional(claims.back().claim);
}

// By a call of its own, since nobody knows in which order several are removed.
Status BlobOwner::clear_claims(BlobStore& place) {
  SPIND_TRY_ASSIGN(const auto claims, claims_on(place));
  const std::string newest = claims.empty() ? "" : claims.back().name;
  std::vector<std::string> others;
  SPIND_TRY(visit_names(place, kOwnerPrefix, [&](const std::string& name) {
    if (name != newest) others.push_back(name);
  }));
  SPIND_TRY(place.remove_all(others));
  return newest.empty() ? Status() : place.remove(newest);
}

// Earlier claims are those of a move that was cut off before the rows named them.
Result<BlobOwnerRow> claim_copy(BlobStore& place, Random& random) {
  std::vector<std::string> before;
  SPIND_TRY(
      visit_names(place, kOwnerPrefix, [&](const std::string& name) { before.push_back(name); }));
  SPIND_TRY(place.remove_all(before));
  BlobOwnerRow row;
  random.fill(row.store);
  row.epoch = 1;
  row.claim = random.next_u64();
  SPIND_TRY(place.put(claim_name(row.epoch, row.claim), as_bytes(claim_text(row))));
  return row;
}

Result<std::unique_ptr<BlobOwner>> BlobOwner::open(const BlobOwnerSetup& setup) {
  std::unique_ptr<BlobOwner> owner(new BlobOwner(setup));
  SPIND_TRY(owner->begin(setup));
  return owner;
}

Status BlobOwner::begin(const BlobOwnerSetup& setup) {
  SPIND_TRY_ASSIGN(const auto row, owner_row(*kv_.durable()));
  if (row) row_ = *row;
  if (!row || setup.new_store || setup.adopt) return claim_first(setup, row.has_value());
  SPIND_TRY_ASSIGN(fences_, noted_fencing(blobs_, setup.allow_unfenced));
  Status renewed = renew(false);
  return lost_ ? Status() : std::move(renewed);
}

// What the place is like is found out before anything rests on it, and where it is known to be
// free.
Status BlobOwner::claim_first(const BlobOwnerSetup& setup, bool known) {
  if (!known) SPIND_TRY(check_new_place(setup.new_store));
  if (known && setup.adopt) SPIND_TRY(check_adopted());
  SPIND_TRY_ASSIGN(fences_, try_fencing(blobs_, setup.allow_unfenced));
  if (known) {
    SPIND_TRY(setup.adopt ? take_over() : renew(setup.new_store));
  } else {
    random_.fill(row_.store);
    SPIND_TRY(claim_next({}));
  }
  const bool noted = !known && fences_;  // nothing else was there before
  return noted ? Status() : note_fencing(blobs_, fences_);
}

// So that no object of somebody else is ever overwritten or removed.
Status BlobOwner::check_new_place(bool new_store) {
  if (!new_store)
    return Error{
        .code = Code::invalid_argument,
        .text = "the store keeps its bytes in its own folder; open it without a blob store"};
  SPIND_TRY(clear_probes(blobs_));
  SPIND_TRY_ASSIGN(const auto others, blobs_.list("", "", 1));
  if (others.empty()) return {};
  return conflict("blobs lie there already; give a new store an empty bucket or prefix",
                  others.front().name);
}

Status BlobOwner::check_adopted() {
  SPIND_TRY_ASSIGN(const auto claims, this->claims());
  return claims.empty() ? not_claimed() : check_store(claims.back());
}

Status BlobOwner::note(const BlobOwnerRow& row) {
  SPIND_TRY(put_row(kv_, row));
  row_ = row;
  return {};
}

Result<std::vector<BlobOwner::Claimed>> BlobOwner::claims() { return claims_on(blobs_); }

Status BlobOwner::check_store(const Claimed& claimed) {
  SPIND_TRY_ASSIGN(const auto bytes, blobs_.get(claimed.name, kOwnerBytesMax));
  if (as_text(bytes) == claim_text(row_)) return {};
  return conflict("the blobs belong to another store; give the bucket and prefix of this one",
                  claimed.name);
}

Status BlobOwner::renew(bool first_time) {
  const std::lock_guard lock(mutex_);
  if (lost_) return *lost_;
  SPIND_TRY_ASSIGN(const auto claims, this->claims());
  // The first claim was noted, and its object not put before the process ended.
  if (claims.empty()) return first_time ? settle_claim() : not_claimed();
  const Claimed& newest = claims.back();
  // A name that the rows know tells enough; what it says may be torn.
  if (newest.epoch == row_.epoch && newest.claim == row_.claim) return claim_next(claims);
  // Noted, and not put: the same once more, since the put may still be under way.
  if (newest.epoch + 1 == row_.epoch && newest.claim == row_.claim_before) return settle_claim();
  SPIND_TRY(check_store(newest));
  return lose(newest);
}

// Its own claim may not be there yet, or be an earlier one; another's is a newer one.
Status BlobOwner::look(const Interrupt& interrupt) {
  const std::lock_guard lock(mutex_);
  if (lost_) return *lost_;
  SPIND_TRY_ASSIGN(const auto claims, claims_on(blobs_, interrupt));
  const auto newer = std::find_if(claims.begin(), claims.end(), [this](const Claimed& claim) {
    return claim.epoch > row_.epoch || (claim.epoch == row_.epoch && claim.claim != row_.claim);
  });
  return newer != claims.end() ? Status(lose(*newer)) : Status();
}

Error BlobOwner::lose(const Claimed& newest) {
  lost_ = conflict(
      "another copy of this store has used its blobs since, so this one is read-only; go on with "
      "that one, or adopt the blobs (spind adopt) to give up what it did",
      newest.name);
  return *lost_;
}

std::optional<Error> BlobOwner::lost() const {
  const std::lock_guard lock(mutex_);
  return lost_;
}

// The numbers of all blobs that are there count as given out: the rows may not know them.
Status BlobOwner::take_over() {
  const std::lock_guard lock(mutex_);
  SPIND_TRY_ASSIGN(const auto claims, this->claims());
  if (claims.empty()) return not_claimed();
  SPIND_TRY(skip_numbers());
  return claim_next(claims);
}

Status BlobOwner::claim_next(const std::vector<Claimed>& claims) {
  BlobOwnerRow next = row_;
  next.epoch = claims.empty() ? 1 : claims.back().epoch + 1;
  next.claim_before = claims.empty() ? 0 : claims.back().claim;
  next.claim = random_.next_u64();
  SPIND_TRY(note(next));
  return settle_claim();
}

// Puts what was noted, and makes sure that nobody else did the same at this moment.
Status BlobOwner::settle_claim() {
  const std::string mine = claim_name(row_.epoch, row_.claim);
  SPIND_TRY(blobs_.put(mine, as_bytes(claim_text(row_))));
  SPIND_TRY_ASSIGN(const auto claims, this->claims());
  std::vector<std::string> before;
  for (const Claimed& other : claims) {
    if (other.name == mine) continue;
    if (other.epoch >= row_.epoch) {
      (void)blobs_.remove(mine);
      return conflict("another copy of this store claims its blobs at this moment", other.name);
    }
    before.push_back(other.name);
  }
  // Where that fails, the next claim does it.
  (void)blobs_.remove_all(before);
  return {};
}

Status BlobOwner::skip_numbers() {
  std::uint64_t last = 0;
  for (const std::string_view prefix : {kObjectsPrefix, kPacksPrefix}) {
    SPIND_TRY(visit_names(blobs_, std::string(prefix) + '/', [&](const std::string& name) {
      std::uint64_t number = 0;
      const char* const end = name.data() + name.size();
      const auto read = std::from_chars(name.data() + name.rfind('/') + 1, end, number);
      if (read.ptr == end) last = std::max(last, number);
    }));
  }
  const kv::Answer answer =
      kv_.update({model::ledger_partition()}, [&](kv::Transaction& transaction) -> kv::Outcome {
        SPIND_TRY_ASSIGN(const std::uint64_t next, take_numbers(transaction, 0));
        transaction.use_reserve();
        SPIND_TRY(take_numbers(transaction, std::max(next, last + 1) - next + kNumbersSkipped));
        return kv::Commit{};
      });
  if (!answer.status.ok()) return answer.status.error();
  return kv_.wait(answer.ticket);
}

}  // namespace spind::content
