// What the mirror answers as a place for bytes; its upkeep is in mirror_upkeep.cc and
// mirror_resync.cc.
#include "blob/layer/mirrored_blobs.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "base/try.h"
#include "blob/blob_name.h"
#include "blob/layer/mirror_asking.h"

namespace spind {
namespace {

constexpr std::size_t kBackendsMax = 8;
constexpr std::size_t kBackendNameMax = 64;
constexpr std::size_t kCrewPerBackend = 4;
// One read of so many goes to the second nearest, so that a backend that was slow once is measured
// again.
constexpr std::uint64_t kReadsPerTrial = 32;

bool fit_for_name(std::string_view name) {
  return !name.empty() && name.size() <= kBackendNameMax &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_") == std::string_view::npos;
}

// A backend that was replaced is not kept alive by what was once asked for.
MirrorOptions without_backends(MirrorOptions options) {
  options.backends.clear();
  return options;
}

Status check_options(const MirrorOptions& options) {
  const auto refuse = [](std::string_view why) {
    return Error{Code::invalid_argument, std::string(why)};
  };
  if (options.backends.size() < 2 || options.backends.size() > kBackendsMax)
    return refuse("a mirror has 2 to 8 backends");
  if (options.write_quorum < 1 || options.write_quorum > options.backends.size())
    return refuse("a mirror's write quorum is 1 to the number of its backends");
  std::set<std::string_view> names;
  for (const MirrorBackend& backend : options.backends) {
    SPIND_TRY(check_mirror_backend(backend));
    if (!names.insert(backend.name).second) return refuse("two backends of a mirror with one name");
  }
  return {};
}

}  // namespace

Status check_mirror_backend(const MirrorBackend& backend) {
  if (fit_for_name(backend.name) && backend.store != nullptr) return {};
  return Error{
      Code::invalid_argument,
      "a backend of a mirror has a name of 1 to 64 characters out of a-z 0-9 - _, and a store",
      backend.name};
}

MirroredBlobs::MirroredBlobs(const MirrorOptions& options, Clock& clock, Threads& threads,
                             std::unique_ptr<MirrorJournal> journal)
    : options_(without_backends(options)),
      clock_(clock),
      journal_(std::move(journal)),
      crew_(threads, options.backends.size() * kCrewPerBackend) {
  for (const MirrorBackend& backend : options.backends)
    backends_.push_back(std::make_shared<Backend>(backend, options_));
}

Result<std::shared_ptr<MirroredBlobs>> MirroredBlobs::open(const MirrorOptions& options,
                                                           Files& files, Clock& clock,
                                                           Threads& threads) {
  SPIND_TRY(check_options(options));
  std::vector<std::string> names;
  for (const MirrorBackend& backend : options.backends) names.push_back(backend.name);
  SPIND_TRY_ASSIGN(auto journal, MirrorJournal::open(files, options.journal_folder, names,
                                                     std::max<std::size_t>(options.notes_max, 1)));
  std::shared_ptr<MirroredBlobs> mirror(
      new MirroredBlobs(options, clock, threads, std::move(journal)));
  if (options.catch_up_period.count() > 0) {
    mirror->catcher_ = std::make_unique<Periodic>(
        threads, "spind-catch-up", options.catch_up_period,
        [mirror = mirror.get()](const CancelToken&) { (void)mirror->catch_up(); });
  }
  return mirror;
}

MirroredBlobs::~MirroredBlobs() {
  ending_ = true;
  catcher_.reset();
}

MirroredBlobs::Backends MirroredBlobs::backends() const {
  const std::lock_guard lock(backends_mutex_);
  return backends_;
}

Result<MirroredBlobs::BackendPtr> MirroredBlobs::find(std::string_view name) const {
  for (const BackendPtr& backend : backends()) {
    if (backend->name == name) return backend;
  }
  return Error{Code::not_found, "no such backend of the mirror", std::string(name.substr(0, 64))};
}

// ---- changes
// ----------------------------------------------------------------------------------------

template <class Call>
std::vector<MirroredBlobs::Answer> MirroredBlobs::ask_all(const Backends& all, Call call,
                                                          const Interrupt& interrupt) {
  std::vector<Answer> answers(all.size());
  crew_.run(all.size(), [&](std::size_t i) {
    answers[i].asked = !all[i]->health.resting(clock_.monotonic_ns());
    answers[i].done = ask(*all[i], call, interrupt);
  });
  return answers;
}

// Writes down, of each backend, what a change that at least one has done came to there. `if_failed`
// is what is noted of one that has not done it.
Status MirroredBlobs::note(const Backends& all, const std::vector<Answer>& answers,
                           std::string_view name, const MirrorChange& if_failed, bool all_of_them) {
  std::vector<MirrorChange> changes;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!all_of_them && !answers[i].asked) continue;
    MirrorChange change = if_failed;
    change.backend = all[i]->name;
    change.name = name;
    const auto known =
        journal_->look([&](const MirrorState& state) { return state.note(change.backend, name); });
    if (answers[i].done.ok()) {
      change.kind = MirrorChangeKind::even;
      if (known) changes.push_back(std::move(change));
    } else if (!known || known->lingering != (change.kind == MirrorChangeKind::lingering) ||
               known->size_bytes != change.size_bytes) {
      changes.push_back(std::move(change));
    }
  }
  return journal_->apply(std::move(changes));
}

Status MirroredBlobs::settle(const Backends& all, const std::vector<Answer>& answers,
                             std::string_view name, std::size_t needed,
                             const MirrorChange& if_failed) {
  std::size_t done = 0;
  const Error* failure = nullptr;
  for (const Answer& answer : answers) {
    const Code code = answer.done.code();
    if (answer.done.ok()) ++done;
    // A request that one refuses is refused, since it is the request's fault; unless what is in its
    // way should not be there any more.
    if (code == Code::invalid_argument) return answer.done.error();
    if (code == Code::conflict && !clashes(name, true)) return answer.done.error();
    if (!answer.done.ok()) failure = &answer.done.error();
  }
  if (done >= needed) return note(all, answers, name, if_failed, true);
  // Whoever was asked and failed may have anything now. One that did it has the blob whole, and the
  // others get it from there; where none did, it is as it was before.
  if (done > 0) SPIND_TRY(note(all, answers, name, if_failed, false));
  return Error{failure->code == Code::no_space ? Code::no_space : Code::unavailable,
               "too few backends of the mirror did it: " + failure->text, std::string(name)};
}

Status MirroredBlobs::put(std::string_view name, std::span<const std::uint8_t> bytes) {
  return put_unless(name, bytes, nullptr);
}

Status MirroredBlobs::put_unless(std::string_view name, std::span<const std::uint8_t> bytes,
                                 const Interrupt& interrupt) {
  SPIND_TRY(check_blob_name(name));
  const Gate::Inside same_backends(changes_);
  const NameLatch::Hold held(latch_, name);
  const Backends all = backends();
  // A backend that lacks the other blob would take this one.
  if (clashes(name, false))
    return Error{Code::conflict, "the name is a folder, or a folder of it a blob",
                 std::string(name)};
  const auto put_to = [&](BlobStore& store) { return store.put_unless(name, bytes, interrupt); };
  const auto answers = ask_all(all, put_to, interrupt);
  Status settled = settle(all, answers, name, options_.write_quorum,
                          {.kind = MirrorChangeKind::missing, .size_bytes = bytes.size()});
  if (!settled.ok()) SPIND_TRY(spind::ask(interrupt));
  return settled;
}

Status MirroredBlobs::remove(std::string_view name) {
  SPIND_TRY(check_blob_name(name));
  const Gate::Inside same_backends(changes_);
  const NameLatch::Hold held(latch_, name);
  const Backends all = backends();
  const auto answers = ask_all(all, [&](BlobStore& store) { return store.remove(name); });
  // One is enough: the others are kept from showing it by what is noted of them.
  return settle(all, answers, name, 1, {.kind = MirrorChangeKind::lingering});
}

// ---- reads
// ------------------------------------------------------------------------------------------

MirroredBlobs::Backends MirroredBlobs::holders(std::string_view name) {
  Backends found = backends();
  std::set<const Backend*> behind;
  journal_->look([&](const MirrorState& state) {
    // What somebody is known to lack was written, so whoever has it may be asked for it, also one
    // that does not have everything.
    const bool written = state.missing(name);
    std::erase_if(found, [&](const BackendPtr& backend) {
      const MirrorState::Backend* known = state.find(backend->name);
      if (known != nullptr && known->behind) behind.insert(backend.get());
      return known == nullptr || (known->behind && !written) || known->notes.contains(name);
    });
  });
  const std::int64_t now = clock_.monotonic_ns();
  const auto distance = [&](const BackendPtr& backend) {
    return std::tuple(behind.contains(backend.get()), backend->health.resting(now),
                      backend->health.read_ns());
  };
  std::stable_sort(found.begin(), found.end(), [&](const BackendPtr& a, const BackendPtr& b) {
    return distance(a) < distance(b);
  });
  if (reads_.fetch_add(1) % kReadsPerTrial == kReadsPerTrial - 1 && found.size() > 1 &&
      !found[1]->health.resting(now) && !behind.contains(found[1].get()))
    std::swap(found[0], found[1]);
  if (const auto preferred = suspects_.preferred(name, now)) {
    std::stable_partition(found.begin(), found.end(),
                          [&](const BackendPtr& backend) { return backend->name == *preferred; });
  }
  return found;
}

bool MirroredBlobs::removed(std::string_view name) const {
  return journal_->look([&](const MirrorState& state) { return state.removed(name); });
}

bool MirroredBlobs::clashes(std::string_view name, bool lingering) const {
  return journal_->look([&](const MirrorState& state) { return state.clashes(name, lingering); });
}

bool MirroredBlobs::verified(std::string_view name, std::span<const std::uint8_t> bytes) const {
  return !options_.verify || options_.verify(name, bytes);
}

Error MirroredBlobs::not_read(const Found& found, std::string_view name) const {
  if (found.trouble) return *found.trouble;
  if (!found.corrupt.empty())
    return {Code::corruption, "no backend of the mirror has a good copy", std::string(name)};
  return {Code::not_found, "no such blob", std::string(name)};
}

template <class Call>
auto MirroredBlobs::read(std::string_view name, Call call, const Interrupt& interrupt)
    -> decltype(call(std::declval<BlobStore&>())) {
  SPIND_TRY(check_blob_name(name));
  if (removed(name)) return Error{Code::not_found, "no such blob", std::string(name)};
  Found found;
  for (const BackendPtr& backend : holders(name)) {
    auto got = read_from(*backend, call, interrupt);
    if (got.ok() || got.code() == Code::limit_exceeded) {
      // The answer does not wait for whether the others can be mended.
      if (!found.lacking.empty() || !found.corrupt.empty()) (void)heal(name);
      return got;
    }
    SPIND_TRY(spind::ask(interrupt));
    if (got.code() == Code::not_found)
      found.lacking.push_back(backend);
    else if (got.code() == Code::corruption)
      found.corrupt.push_back(backend);
    else
      found.trouble = std::move(got).error();
  }
  // A blob that one lacks and another may have is not said not to be there.
  return not_read(found, name);
}

Result<std::vector<std::uint8_t>> MirroredBlobs::get(std::string_view name,
                                                     std::uint64_t size_bytes_max) {
  return read(name, [&](BlobStore& store) -> Result<std::vector<std::uint8_t>> {
    auto got = store.get(name, size_bytes_max);
    if (got.ok() && !verified(name, *got))
      return Error{Code::corruption, "the blob is not what was written", std::string(name)};
    return got;
  });
}

Result<std::size_t> MirroredBlobs::range(std::string_view name, std::uint64_t offset,
                                         std::span<std::uint8_t> out) {
  return read(name, [&](BlobStore& store) { return store.range(name, offset, out); });
}

Result<std::size_t> MirroredBlobs::scatter(std::string_view name, std::uint64_t offset,
                                           std::span<const std::span<std::uint8_t>> places) {
  return scatter_unless(name, offset, places, nullptr);
}

Result<std::size_t> MirroredBlobs::scatter_unless(std::string_view name, std::uint64_t offset,
                                                  std::span<const std::span<std::uint8_t>> places,
                                                  const Interrupt& interrupt) {
  const auto read_from_it = [&](BlobStore& store) {
    return store.scatter_unless(name, offset, places, interrupt);
  };
  return read(name, read_from_it, interrupt);
}

void MirroredBlobs::will_read(std::string_view name, std::uint64_t offset,
                              std::uint64_t size_bytes) {
  if (!check_blob_name(name).ok()) return;
  const Backends nearest = holders(name);
  if (!nearest.empty()) nearest[0]->store->will_read(name, offset, size_bytes);
}

// ---- lists
// ------------------------------------------------------------------------------------------

// Of the blobs that this backend is known to lack: up to `count_max` behind `after` and up to
// `last`, or of any name if that is empty.
std::vector<BlobListItem> MirroredBlobs::missing_within(const Backend& backend,
                                                        std::string_view prefix,
                                                        std::string_view after,
                                                        std::string_view last,
                                                        std::size_t count_max) const {
  std::vector<BlobListItem> items;
  journal_->look([&](const MirrorState& state) {
    const MirrorState::Backend* known = state.find(backend.name);
    if (known == nullptr) return;
    auto at = after < prefix ? known->notes.lower_bound(prefix) : known->notes.upper_bound(after);
    for (; at != known->notes.end() && at->first.starts_with(prefix); ++at) {
      if (items.size() == count_max || (!last.empty() && at->first > last)) break;
      if (!at->second.lingering) items.push_back({at->first, at->second.size_bytes});
    }
  });
  return items;
}

Result<std::vector<BlobListItem>> MirroredBlobs::list_from(Backend& backend,
                                                           std::string_view prefix,
                                                           std::string_view after,
                                                           std::size_t count_max) {
  const auto by_name = [](const BlobListItem& a, const BlobListItem& b) { return a.name < b.name; };
  std::vector<BlobListItem> items;
  std::string behind(after);
  while (items.size() < count_max) {
    const std::size_t wanted = count_max - items.size();
    SPIND_TRY_ASSIGN(std::vector<BlobListItem> page, ask(backend, [&](BlobStore& store) {
                       return store.list(prefix, behind, wanted);
                     }));
    const bool ended = page.size() < wanted;
    const std::string last = ended ? "" : page.back().name;
    // What it lacks it may yet have in part, or as it was before it was removed: the note counts.
    const auto missing = missing_within(backend, prefix, behind, last, wanted);
    page.insert(page.begin(), missing.begin(), missing.end());
    std::stable_sort(page.begin(), page.end(), by_name);
    page.erase(std::unique(page.begin(), page.end(),
                           [](const auto& a, const auto& b) { return a.name == b.name; }),
               page.end());
    if (page.empty()) break;
    const bool whole = ended && page.size() < wanted;
    if (page.size() > wanted) page.resize(wanted);
    behind = page.back().name;
    for (BlobListItem& item : page) {
      if (!removed(item.name)) items.push_back(std::move(item));
    }
    if (whole) break;
  }
  return items;
}

Result<std::vector<BlobListItem>> MirroredBlobs::list(std::string_view prefix,
                                                      std::string_view after,
                                                      std::size_t count_max) {
  Error trouble{Code::unavailable, "no backend of the mirror can be asked"};
  for (const BackendPtr& backend : holders("")) {
    auto items = list_from(*backend, prefix, after, count_max);
    if (items.ok()) return items;
    trouble = std::move(items).error();
  }
  return trouble;
}

Result<std::shared_ptr<BlobMirror>> make_mirror(const MirrorOptions& options) {
  SPIND_TRY_ASSIGN(
      std::shared_ptr<BlobMirror> mirror,
      MirroredBlobs::open(options, Files::system(), Clock::system(), Threads::system()));
  return mirror;
}

}  // namespace spind
