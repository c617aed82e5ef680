#include "content/blob_move.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <thread>
#include <utility>

#include "base/hex.h"
#include "base/limits.h"
#include "base/try.h"
#include "blob/interrupt.h"
#include "content/blob_judge.h"
#include "content/blob_owner.h"
#include "content/content_rows.h"
#include "content/frames.h"
#include "content/object_packs.h"
#include "content/vaults.h"
#include "model/keys.h"

namespace spind::content {

using kv::Family;
using model::BlobMoveRow;
using model::BlobPlace;
using model::LedgerRow;

namespace {

constexpr std::string_view kMarkPrefix = "move/";
// Behind all ids. A mark below it for each blob that lies there as damaged as it was.
constexpr std::string_view kSpoiltPrefix = "move/spoilt";
constexpr std::string_view kMarkText = "spind blobs that are on their way here\n";
constexpr std::size_t kNamesAPage = 1000;
// So few that nobody notices how long the last copies take.
constexpr std::uint64_t kFewBlobs = 8;
// Who writes as fast as is copied would keep the move going for ever.
constexpr int kRoundsMax = 10;
// Beyond so many the last round compares all.
constexpr std::size_t kDamagedMax = 1000;
// What was spoilt on the way from far is read again.
constexpr int kReadsMax = 3;

// The names of a place below a prefix, in order.
class Names {
 public:
  Names(BlobStore& place, std::string_view prefix)
      : place_(place), prefix_(std::string(prefix) + '/') {}

  // The next one, or null at the end. Valid until the one after is asked for.
  Result<const BlobListItem*> next() {
    if (at_ == page_.size() && !ended_) {
      SPIND_TRY_ASSIGN(page_, place_.list(prefix_, after_, kNamesAPage));
      ended_ = page_.size() < kNamesAPage;
      at_ = 0;
      if (!page_.empty()) after_ = page_.back().name;
    }
    if (at_ == page_.size()) return static_cast<const BlobListItem*>(nullptr);
    return static_cast<const BlobListItem*>(&page_[at_++]);
  }

 private:
  BlobStore& place_;
  const std::string prefix_;
  std::vector<BlobListItem> page_;
  std::size_t at_ = 0;
  bool ended_ = false;
  std::string after_;
};

std::optional<BlobPlace> place_of(const std::string& name) {
  std::uint64_t number = 0;
  std::from_chars(name.data() + name.rfind('/') + 1, name.data() + name.size(), number);
  if (object_name(number) == name) return BlobPlace{BlobPlace::Kind::object, number, 0};
  if (pack_object_name(number) == name) return BlobPlace{BlobPlace::Kind::pack, number, 0};
  return std::nullopt;
}

// Whether that is all of an object to which a row refers.
Result<bool> is_object_of_row(const kv::View& rows, const BlobPlace& place, Bytes bytes) {
  SPIND_TRY_ASSIGN(const FrameHeader header,
                   decode_frame_header(bytes.first(std::min(bytes.size(), kFrameHeaderBytes))));
  SPIND_TRY_ASSIGN(const auto found,
                   rows.get(Family::content, model::piece_key(header.vault, header.piece)));
  if (!found) return false;
  SPIND_TRY_ASSIGN(const model::PieceRow row, model::decode_piece(*found));
  return row.place == place && are_frames_of(header.vault, header.piece, row, bytes);
}

Status put_move_row(kv::Store& kv, const kv::Body& body) {
  const kv::Answer answer = kv.update({model::ledger_partition()}, body);
  if (!answer.status.ok()) return answer.status.error();
  return kv.wait(answer.ticket);
}

}  // namespace

// Both listings are in order, so one pass tells what differs.
Status BlobMove::compare(const std::function<Status(const BlobListItem&)>& lacking,
                         const std::function<Status(const std::string&)>& stale) {
  for (const std::string_view prefix : {kObjectsPrefix, kPacksPrefix}) {
    Names from(setup_.from, prefix), to(setup_.to, prefix);
    SPIND_TRY_ASSIGN(const BlobListItem* here, from.next());
    SPIND_TRY_ASSIGN(const BlobListItem* there, to.next());
    while (here != nullptr || there != nullptr) {
      const int order = here == nullptr    ? 1
                        : there == nullptr ? -1
                                           : here->name.compare(there->name);
      if (order > 0 && place_of(there->name)) SPIND_TRY(stale(there->name));
      const bool differs = order < 0 || (order == 0 && here->size_bytes != there->size_bytes);
      if (differs && place_of(here->name)) SPIND_TRY(lacking(*here));
      if (order <= 0) {
        SPIND_TRY_ASSIGN(here, from.next());
      }
      if (order >= 0) {
        SPIND_TRY_ASSIGN(there, to.next());
      }
    }
  }
  return {};
}

Status BlobMove::plan(Round& round) {
  const auto count = [&](const BlobListItem& item) -> Status {
    SPIND_TRY(go_on(round.last));
    if (!round.last) {
      SPIND_TRY_ASSIGN(const bool open, is_open(item.name));
      if (open) return {};
    }
    ++round.blobs;
    round.bytes += item.size_bytes;
    return {};
  };
  SPIND_TRY(compare(count, [](const std::string&) { return Status(); }));
  total_ = done_ + round.blobs;
  setup_.pending_bytes = round.bytes;
  return {};
}

// What only the new place has was removed after it was copied: blobs are not put twice. It is asked
// for all the same, since the listings are of different moments.
Status BlobMove::copy_what_differs(bool last) {
  setup_.changes.begin();
  Round round;
  round.last = last;
  SPIND_TRY(plan(round));
  SPIND_TRY(compare([&](const BlobListItem& item) { return copy(item.name, last); },
                    [&](const std::string& name) { return copy(name, last); }));
  return remove_gone();
}

Status BlobMove::copy_changed(const std::vector<std::string>& changed, bool last) {
  const std::set<std::string> open = std::exchange(open_, {});
  std::set<std::string> names(changed.begin(), changed.end());
  names.insert(open.begin(), open.end());
  if (last) names.insert(damaged_.begin(), damaged_.end());
  total_ = done_ + names.size();
  setup_.pending_bytes = 0;
  for (const std::string& name : names)
    if (place_of(name)) SPIND_TRY(copy(name, last));
  return remove_gone();
}

Status BlobMove::copy_while_in_use() {
  SPIND_TRY(remove_spoilt());
  SPIND_TRY(copy_what_differs(false));
  return catch_up();
}

Status BlobMove::catch_up() {
  for (int rounds = 0; rounds < kRoundsMax; ++rounds) {
    setup_.begin_new_packs();
    const auto changed = setup_.changes.take();
    if (changed)
      SPIND_TRY(copy_changed(*changed, false));
    else
      SPIND_TRY(copy_what_differs(false));
    // A pack of before is done with when all that was appended to it is settled.
    const bool packs_done = open_.empty() || rounds > 0;
    if (packs_done && changed && changed->size() <= kFewBlobs) break;
  }
  return {};
}

Status BlobMove::copy_rest() {
  const auto changed = setup_.changes.take();
  if (changed && !much_damaged_)
    SPIND_TRY(copy_changed(*changed, true));
  else
    SPIND_TRY(copy_what_differs(true));
  setup_.pending_bytes = 0;
  return {};
}

Status BlobMove::copy(const std::string& name, bool last) {
  SPIND_TRY(go_on(last));
  if (!last) {
    SPIND_TRY_ASSIGN(const bool open, is_open(name));
    if (open) return leave_open(name);
  }
  SPIND_TRY_ASSIGN(const auto bytes, read(name, last));
  if (!bytes) return {};
  if (!last) {
    SPIND_TRY_ASSIGN(const bool opened, is_open(name));
    if (opened) return leave_open(name);  // and what was read of it may not stay
  }
  // A pack that was appended to, or what is left of a put that was cut off: no blob changes in
  // place.
  SPIND_TRY(setup_.to.remove(name));
  SPIND_TRY(setup_.to.put(name, *bytes));
  ++done_;
  ++report_.blobs;
  report_.bytes += bytes->size();
  const std::uint64_t pending = setup_.pending_bytes;
  setup_.pending_bytes = pending - std::min<std::uint64_t>(pending, bytes->size());
  if (!last) pace_.spend(bytes->size(), setup_.clock.monotonic_ns());
  return {};
}

Status BlobMove::leave_open(const std::string& name) {
  open_.insert(name);
  return {};
}

Status BlobMove::note_gone(const std::string& name) {
  gone_.push_back(name);
  return gone_.size() < kNamesAPage ? Status() : remove_gone();
}

Status BlobMove::remove_gone() {
  if (!gone_.empty()) SPIND_TRY(setup_.to.remove_all(gone_));
  gone_.clear();
  return {};
}

// Whether the store appends to the pack, which would have to be copied once more.
Result<bool> BlobMove::is_open(const std::string& name) {
  const auto place = place_of(name);
  if (place->kind != BlobPlace::Kind::pack) return false;
  SPIND_TRY_ASSIGN(const auto row,
                   setup_.kv.durable()->get(
                       Family::content, model::ledger_key(LedgerRow::pack_open, place->number)));
  return row.has_value();
}

// None if it is not there any more, which is noted, or not to be copied yet: what is damaged may be
// mended where it is until the last round, which copies it as it is.
Result<std::optional<BlobMove::BlobBytes>> BlobMove::read(const std::string& name, bool last) {
  using Read = std::optional<BlobBytes>;
  for (int reads = 1;; ++reads) {
    auto bytes = setup_.from.get(name, kPackBytesMax);
    if (bytes.code() == Code::not_found) {
      SPIND_TRY(note_gone(name));
      return Read();
    }
    if (!bytes.ok()) return std::move(bytes).error();
    SPIND_TRY_ASSIGN(const bool sound, is_sound(name, *bytes));
    if (sound) return Read(*std::move(bytes));
    if (reads == 1) suspect(name);
    if (reads < kReadsMax) continue;
    if (!last) {
      leave_damaged(name);
      return Read();
    }
    SPIND_TRY(mark_spoilt(name));
    ++report_.damaged;
    return Read(*std::move(bytes));
  }
}

// Durable before the copy is: if the move does not come to its end, the blob may be mended where it
// is, and would then be as long as the copy.
Status BlobMove::mark_spoilt(const std::string& name) {
  return setup_.to.put(std::string(kSpoiltPrefix) + '/' + name, as_bytes(kMarkText));
}

// What an earlier move copied so is copied anew.
Status BlobMove::remove_spoilt() {
  Names marks(setup_.to, kSpoiltPrefix);
  while (true) {
    SPIND_TRY_ASSIGN(const BlobListItem* mark, marks.next());
    if (mark == nullptr) return {};
    SPIND_TRY(go_on(false));
    SPIND_TRY(setup_.to.remove(mark->name.substr(kSpoiltPrefix.size() + 1)));
    SPIND_TRY(setup_.to.remove(mark->name));
  }
}

void BlobMove::leave_damaged(const std::string& name) {
  if (damaged_.size() < kDamagedMax)
    damaged_.insert(name);
  else
    much_damaged_ = true;
}

// Not by is_sound(), which takes for good what is not known to be damaged: here a copy that is
// known to be good is wanted.
void BlobMove::suspect(const std::string& name) {
  const BlobPlace place = *place_of(name);
  setup_.from.suspect(name, [&](Bytes bytes) {
    const kv::SnapshotRef rows = setup_.kv.durable();
    const auto sound = place.kind == BlobPlace::Kind::pack
                           ? holds_all(*rows, {place.number, name}, bytes)
                           : is_object_of_row(*rows, place, bytes);
    return sound.ok() && *sound ? BlobState::sound : BlobState::damaged;
  });
}

// False: bytes that a row refers to are not as they were stored.
Result<bool> BlobMove::is_sound(const std::string& name, Bytes bytes) {
  const BlobPlace place = *place_of(name);
  std::optional<std::uint64_t> end_bytes;
  if (place.kind == BlobPlace::Kind::pack) {
    const auto pack = find_pack(*setup_.kv.durable(), place.number);
    if (pack.ok()) end_bytes = *pack ? (*pack)->row.end_bytes : 0;
  }
  return is_blob_whole(
      place, bytes, end_bytes,
      [&](const FrameHeader& header, const BlobPlace& at) { return is_piece_in_use(header, at); });
}

// What is dead has no bytes behind its first header any more.
Result<bool> BlobMove::is_piece_in_use(const FrameHeader& header, const BlobPlace& place) {
  SPIND_TRY_ASSIGN(
      const auto bytes,
      setup_.kv.durable()->get(Family::content, model::piece_key(header.vault, header.piece)));
  if (!bytes) return false;
  const auto row = model::decode_piece(*bytes);
  return row.ok() && row->place == place;
}

// Waits until the rate allows more, unless it is to end. The last part is short, and nobody is
// served meanwhile.
Status BlobMove::go_on(bool last) {
  const bool told_to_end = (setup_.options.cancel && setup_.options.cancel->cancelled()) ||
                           (setup_.options.progress && !setup_.options.progress({done_, total_}));
  if (last) return {};
  for (;;) {
    if (told_to_end || setup_.store_closes() ||
        (setup_.options.cancel && setup_.options.cancel->cancelled()))
      return Error{.code = Code::cancelled, .text = "the move was cancelled; it can go on later"};
    const std::int64_t left_ns = pace_.wait_ns(setup_.clock.monotonic_ns());
    if (left_ns <= 0) return {};
    std::this_thread::sleep_for(std::chrono::nanoseconds(std::min(left_ns, kWaitPollNs)));
  }
}

Result<std::optional<BlobMoveRow>> blob_move_row(const kv::View& rows) {
  SPIND_TRY_ASSIGN(const auto bytes, rows.get(Family::content, model::blob_move_key()));
  if (!bytes) return std::optional<BlobMoveRow>();
  SPIND_TRY_ASSIGN(const BlobMoveRow row, model::decode_blob_move(*bytes));
  return std::optional(row);
}

// A place that is not empty is gone on with only where the mark is that of the move that was noted.
Status begin_move(kv::Store& kv, BlobStore* to, Random& random, const Interrupt& interrupt) {
  SPIND_TRY_ASSIGN(const auto noted, blob_move_row(*kv.durable()));
  const auto mark_of = [](const BlobMoveRow& row) {
    return std::string(kMarkPrefix) + to_hex(Bytes(row.move));
  };
  if (to != nullptr) {
    SPIND_TRY_ASSIGN(const auto marks, to->list(kMarkPrefix, "", 2));
    const bool one =
        marks.size() == 1 || (marks.size() == 2 && marks.back().name.starts_with(kSpoiltPrefix));
    if (noted && noted->state == BlobMoveRow::State::copying && one &&
        marks.front().name == mark_of(*noted))
      return {};
    if (noted && noted->state == BlobMoveRow::State::left_place) {
      SPIND_TRY_ASSIGN(const auto claim, BlobOwner::newest_claim(*to));
      if (claim == noted->number) {
        SPIND_TRY(clear_given_place(*to, interrupt));
        SPIND_TRY(BlobOwner::clear_claims(*to));
      }
    }
    SPIND_TRY_ASSIGN(const auto others, to->list("", "", 1));
    if (!others.empty())
      return Error{Code::conflict,
                   "blobs of others lie there already; move to an empty bucket, prefix or folder",
                   others.front().name};
  }
  BlobMoveRow row;
  random.fill(row.move);
  SPIND_TRY(put_move_row(kv, [&](kv::Transaction& transaction) -> kv::Outcome {
    transaction.put(Family::content, model::blob_move_key(), model::encode(row));
    return kv::Commit{};
  }));
  return to == nullptr ? Status() : to->put(mark_of(row), as_bytes(kMarkText));
}

Status switch_place(kv::Store& kv, const std::optional<model::BlobOwnerRow>& owner,
                    const std::optional<BlobMoveRow>& left) {
  return put_move_row(kv, [&](kv::Transaction& transaction) -> kv::Outcome {
    transaction.use_reserve();
    const auto set = [&](const std::string& key, const auto& row) {
      if (row)
        transaction.put(Family::content, key, model::encode(*row));
      else
        transaction.erase(Family::content, key);
    };
    set(model::blob_owner_key(), owner);
    set(model::blob_move_key(), left);
    return kv::Commit{};
  });
}

Status note_move(kv::Store& kv, const std::optional<BlobMoveRow>& row) {
  return put_move_row(kv, [&](kv::Transaction& transaction) -> kv::Outcome {
    transaction.use_reserve();
    if (row)
      transaction.put(Family::content, model::blob_move_key(), model::encode(*row));
    else
      transaction.erase(Family::content, model::blob_move_key());
    return kv::Commit{};
  });
}

Result<bool> has_open_packs(const kv::View& rows) {
  const auto cursor = scan_content(rows, model::ledger_prefix(LedgerRow::pack_open));
  SPIND_TRY(cursor->status());
  return cursor->valid();
}

Result<std::uint64_t> numbers_end(const kv::View& rows) {
  SPIND_TRY_ASSIGN(const auto next, rows.get(Family::content, model::next_number_key()));
  if (!next) return std::uint64_t{0};
  return model::decode_number(*next);
}

// Half of a file is left of a copy that was cut off.
Status make_incoming(Files& files, const std::string& incoming) {
  SPIND_TRY(make_folder_durably(files, incoming));
  SPIND_TRY_ASSIGN(const std::vector<std::string> names, files.list(incoming));
  for (const std::string& name : names)
    if (name.find('.') != std::string::npos) SPIND_TRY(files.remove(incoming + '/' + name));
  return {};
}

// The few that lie here already, which were staged, go to those that came; then one folder takes
// the place of the other, however much is in it.
Status take_in_packs(Files& files, const std::string& incoming, const std::string& packs) {
  SPIND_TRY_ASSIGN(const bool there, files.exists(incoming));
  if (!there) return {};
  SPIND_TRY_ASSIGN(const std::vector<std::string> names, files.list(packs));
  for (const std::string& name : names)
    SPIND_TRY(files.rename(packs + '/' + name, incoming + '/' + name));
  SPIND_TRY(files.sync_folder(incoming));
  SPIND_TRY(files.rename(incoming, packs));
  return files.sync_folder(packs.substr(0, packs.rfind('/')));
}

Status clear_place(BlobStore& place, std::uint64_t packs_end, const Interrupt& interrupt) {
  for (const std::string_view prefix : {kObjectsPrefix, kPacksPrefix}) {
    Names names(place, prefix);
    std::vector<std::string> some;
    while (true) {
      SPIND_TRY_ASSIGN(const BlobListItem* item, names.next());
      if (some.size() >= kNamesAPage || (item == nullptr && !some.empty())) {
        SPIND_TRY(ask(interrupt));
        SPIND_TRY(place.remove_all(some));
        some.clear();
      }
      if (item == nullptr) break;
      const auto at = place_of(item->name);
      const bool stays = !at || (at->kind == BlobPlace::Kind::pack && at->number >= packs_end);
      if (!stays) some.push_back(item->name);
    }
  }
  return {};
}

Status clear_marks(BlobStore& place) {
  while (true) {
    SPIND_TRY_ASSIGN(const auto marks, place.list(kMarkPrefix, "", kNamesAPage));
    std::vector<std::string> names;
    for (const BlobListItem& mark : marks) names.push_back(mark.name);
    SPIND_TRY(place.remove_all(names));
    if (names.size() < kNamesAPage) return {};
  }
}

Status clear_given_place(BlobStore& place, const Interrupt& interrupt) {
  SPIND_TRY(clear_place(place, UINT64_MAX, interrupt));
  return clear_marks(place);
}

}  // namespace spind::content
