// What a mirror does to make its backends even again: healing and catching up.
#include <algorithm>
#include <functional>
#include <string>
#include <utility>

#include "base/try.h"
#include "blob/blob_name.h"
#include "blob/layer/mirror_asking.h"

namespace spind {
namespace {

constexpr std::size_t kNotesAPage = 256;
// A backend that fails so often in one pass is left to the next one.
constexpr int kFailuresAPass = 3;
// The copies of so many suspects are compared at once: two whole blobs of each are in memory.
constexpr std::size_t kTurns = 2;

// Always the same one of a blob, so that those who wait for one blob take the turn of no other.
std::string turn_of(std::string_view name) {
  return std::to_string(std::hash<std::string_view>()(name) % kTurns);
}

}  // namespace

// Reads the blob from those that should have it, all of them, unless there is one whose turn it is
// not. The first good copy is answered; `found` says who lacks it.
Result<std::vector<std::uint8_t>> MirroredBlobs::good_copy(std::string_view name, Found& found,
                                                           const Backend* except,
                                                           const BlobJudge& judge,
                                                           const Interrupt& interrupt) {
  std::vector<std::uint8_t> good;
  for (const BackendPtr& backend : holders(name)) {
    if (backend.get() == except) continue;
    SPIND_TRY(spind::ask(interrupt));
    if (except != nullptr && found.source != nullptr) break;  // one is all that is wanted
    auto got = read_from(
        *backend, [&](BlobStore& store) { return store.get(name, options_.blob_bytes_max); });
    BlobState state = got.ok() && verified(name, *got) ? BlobState::sound : BlobState::damaged;
    if (judge && state == BlobState::sound) state = judge(*got);
    if (got.code() == Code::not_found) {
      found.lacking.push_back(backend);
    } else if (got.code() == Code::corruption || (got.ok() && state != BlobState::sound)) {
      found.corrupt.push_back(backend);
      if (state == BlobState::in_part && found.in_part == nullptr) found.in_part = backend;
    } else if (!got.ok()) {
      found.trouble = std::move(got).error();
    } else if (found.source == nullptr) {
      found.source = backend;
      good = *std::move(got);
    }
  }
  if (found.source == nullptr) return not_read(found, name);
  return good;
}

Result<std::size_t> MirroredBlobs::write_back(std::string_view name,
                                              std::span<const std::uint8_t> bytes,
                                              const Found& found) {
  std::size_t healed = 0;
  std::vector<MirrorChange> failed;
  const auto write = [&](const Backends& backends, std::atomic<std::uint64_t>& counter) {
    for (const BackendPtr& backend : backends) {
      const Status put = ask(*backend, [&](BlobStore& store) { return store.put(name, bytes); });
      if (put.ok()) {
        ++counter;
        ++healed;
      } else {
        failed.push_back(
            {MirrorChangeKind::missing, backend->name, std::string(name), bytes.size()});
      }
    }
  };
  write(found.lacking, healed_missing_);
  write(found.corrupt, healed_corrupt_);
  SPIND_TRY(journal_->apply(std::move(failed)));
  return healed;
}

Result<std::size_t> MirroredBlobs::heal_held(std::string_view name) {
  if (removed(name)) return Error{Code::not_found, "no such blob", std::string(name)};
  Found found;
  SPIND_TRY_ASSIGN(const std::vector<std::uint8_t> bytes, good_copy(name, found, nullptr));
  return write_back(name, bytes, found);
}

Result<std::size_t> MirroredBlobs::heal(std::string_view name) {
  SPIND_TRY(check_blob_name(name));
  const Gate::Inside same_backends(changes_);
  const NameLatch::Hold held(latch_, name);
  return heal_held(name);
}

void MirroredBlobs::suspect(std::string_view name, const BlobJudge& judge,
                            const Interrupt& interrupt) {
  if (!check_blob_name(name).ok() || !judge) return;
  const std::uint64_t told = suspects_.moment();
  const NameLatch::Hold turn(turns_, turn_of(name), interrupt);
  if (!turn.holds()) return;
  const Gate::Inside same_backends(changes_);
  const NameLatch::Hold held(latch_, name, interrupt);
  if (!held.holds() || suspects_.compared_since(told, name)) return;
  Backends all = holders(name);
  if (all.size() < 2 || removed(name)) return;
  // Those behind the one that is asked first now, in an order that reading does not change.
  const std::string asked = all.front()->name;
  std::sort(all.begin(), all.end(), [&](const BackendPtr& a, const BackendPtr& b) {
    return std::pair(a->name <= asked, a->name) < std::pair(b->name <= asked, b->name);
  });
  if (suspects_.preferred(name, clock_.monotonic_ns()))
    suspects_.prefer_instead(name, all.front()->name);
  else
    settle_suspect(name, all, judge, interrupt);
}

// Compares the copies. What cannot be mended is read where it is best, or else where it was not
// read: also where the judge finds no fault with any, since whoever read it did.
void MirroredBlobs::settle_suspect(std::string_view name, const Backends& all,
                                   const BlobJudge& judge, const Interrupt& interrupt) {
  Found found;
  const auto good = good_copy(name, found, nullptr, judge, interrupt);
  if (!spind::ask(interrupt).ok()) return;
  const std::int64_t now_ns = clock_.monotonic_ns();
  suspects_.note_compared(name);
  BackendPtr best = all.front();
  if (good.ok() && found.all_alike()) {
    if (suspects_.mended_lately(name, now_ns)) return;
  } else if (good.ok()) {
    suspects_.clear(name);
    suspects_.note_mended(name, now_ns);
    if (write_back(name, *good, found).ok() && !found.trouble) return;
    best = found.source;
  } else if (found.in_part != nullptr) {
    best = found.in_part;
  }
  suspects_.prefer(name, best->name, now_ns);
}

Status MirroredBlobs::copy_to(Backend& backend, std::string_view name) {
  Found found;
  SPIND_TRY_ASSIGN(const std::vector<std::uint8_t> bytes, good_copy(name, found, &backend));
  return ask(backend, [&](BlobStore& store) { return store.put(name, bytes); });
}

Status MirroredBlobs::catch_up_name(Backend& backend, const std::string& name) {
  const Gate::Inside same_backends(changes_);
  const NameLatch::Hold held(latch_, name);
  const auto note =
      journal_->look([&](const MirrorState& state) { return state.note(backend.name, name); });
  if (!note) return {};
  if (note->lingering) {
    SPIND_TRY(ask(backend, [&](BlobStore& store) { return store.remove(name); }));
  } else if (Status copied = copy_to(backend, name); !copied.ok()) {
    if (copied.code() != Code::not_found) return copied;
    ++lost_;  // all who should have it say that they have not: nothing is left to be copied
  }
  SPIND_TRY(journal_->apply({{MirrorChangeKind::even, backend.name, name}}));
  ++caught_up_;
  return {};
}

Result<std::vector<std::string>> MirroredBlobs::uneven(std::string_view backend,
                                                       std::string_view after,
                                                       std::size_t count_max) const {
  SPIND_TRY_ASSIGN(const BackendPtr found, find(backend));
  std::vector<std::string> names;
  journal_->look([&](const MirrorState& state) {
    const MirrorState::Backend* known = state.find(found->name);
    if (known == nullptr) return;
    for (auto at = known->notes.upper_bound(after);
         at != known->notes.end() && names.size() < count_max; ++at)
      names.push_back(at->first);
  });
  return names;
}

Status MirroredBlobs::catch_up(Backend& backend) {
  int failures = 0;
  Status last;
  for (std::string after;;) {
    SPIND_TRY_ASSIGN(const std::vector<std::string> names,
                     uneven(backend.name, after, kNotesAPage));
    if (names.empty()) return last;
    for (const std::string& name : names) {
      if (ending_) return Error{Code::cancelled, "the mirror is closing"};
      Status done = catch_up_name(backend, name);
      if (done.ok()) continue;
      last = std::move(done);
      if (++failures >= kFailuresAPass) return last;
    }
    after = names.back();
  }
}

// All that answer have to say so. Where none does, nobody knows.
Result<bool> MirroredBlobs::creates_are_atomic() {
  bool answered = false;
  Error trouble{Code::unavailable, "no backend of the mirror can be asked"};
  for (const BackendPtr& backend : backends()) {
    auto atomic = backend->store->creates_are_atomic();
    if (atomic.ok() && !*atomic) return false;
    answered = answered || atomic.ok();
    if (!atomic.ok()) trouble = std::move(atomic).error();
  }
  if (!answered) return trouble;
  return true;
}

void MirroredBlobs::clear_leftovers() {
  for (const BackendPtr& backend : backends()) backend->store->clear_leftovers();
}

Result<std::uint64_t> MirroredBlobs::catch_up() {
  const std::lock_guard one_at_a_time(catching_up_mutex_);
  for (const BackendPtr& backend : backends())
    (void)catch_up(*backend);  // the rest is what is told
  return journal_->look(
      [](const MirrorState& state) { return static_cast<std::uint64_t>(state.notes()); });
}

MirrorReport MirroredBlobs::report() const {
  MirrorReport report{.healed_missing = healed_missing_,
                      .healed_corrupt = healed_corrupt_,
                      .caught_up = caught_up_,
                      .lost = lost_};
  const std::int64_t now = clock_.monotonic_ns();
  for (const BackendPtr& backend : backends()) {
    MirrorBackendReport one{.name = backend->name, .resting = backend->health.resting(now)};
    one.read_time = std::chrono::nanoseconds(backend->health.read_ns());
    journal_->look([&](const MirrorState& state) {
      if (const MirrorState::Backend* known = state.find(backend->name)) {
        one.behind = known->behind;
        one.missing = known->missing;
        one.missing_bytes = known->missing_bytes;
        one.lingering = known->lingering;
      }
    });
    report.backends.push_back(std::move(one));
  }
  return report;
}

}  // namespace spind
