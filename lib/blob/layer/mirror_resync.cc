// Making one backend of a mirror hold what the others hold, name by name.
#include <algorithm>
#include <utility>

#include "base/try.h"
#include "blob/layer/mirror_asking.h"

namespace spind {
namespace {

constexpr std::size_t kNamesAPage = 1000;

bool full(const std::vector<BlobListItem>& page) { return page.size() == kNamesAPage; }

}  // namespace

bool MirroredBlobs::has_other_source(std::string_view backend) const {
  return journal_->look([&](const MirrorState& state) {
    const MirrorState::Backend* known = state.find(backend);
    return state.in_step() > (known != nullptr && !known->behind ? 1u : 0u);
  });
}

Status MirroredBlobs::replace(std::string_view backend, MirrorBackend by) {
  SPIND_TRY(check_mirror_backend(by));
  const Gate::Alone no_changes(changes_);
  SPIND_TRY_ASSIGN(const BackendPtr old, find(backend));
  if (const auto other = find(by.name); other.ok() && *other != old)
    return Error{Code::already_exists, "another backend of the mirror has that name", by.name};
  if (!has_other_source(backend))
    return Error{Code::conflict, "no other backend has everything", std::string(backend)};
  SPIND_TRY(journal_->apply({{MirrorChangeKind::left, old->name},
                             {MirrorChangeKind::joined, by.name},
                             {MirrorChangeKind::behind, by.name}}));
  const std::lock_guard lock(backends_mutex_);
  for (BackendPtr& each : backends_) {
    if (each == old) each = std::make_shared<Backend>(by, options_);
  }
  return {};
}

// The caller holds the name. Removes it where no other backend has it.
Status MirroredBlobs::remove_extra(Backend& backend, std::string_view name) {
  if (journal_->look([&](const MirrorState& state) { return state.missing(name); }))
    return {};  // this may be the only copy
  if (!removed(name)) {
    for (const BackendPtr& other : holders(name)) {
      if (other.get() == &backend) continue;
      std::uint8_t first[1];
      const auto got = ask(*other, [&](BlobStore& store) { return store.range(name, 0, first); });
      if (got.ok()) return {};  // it came since the listing
      if (got.code() != Code::not_found) return got.error();
    }
  }
  return ask(backend, [&](BlobStore& store) { return store.remove(name); });
}

// Goes over the names behind `after` that both listings tell of, and answers the last of them;
// empty: there are no more.
Result<std::string> MirroredBlobs::compare_page(Backend& backend, const std::string& after,
                                                Progress& progress) {
  const Backends sources = holders("");  // it is behind, so it is none of them
  if (sources.empty())
    return Error{Code::conflict, "no other backend has everything", backend.name};
  SPIND_TRY_ASSIGN(const auto wanted, list_from(*sources[0], "", after, kNamesAPage));
  SPIND_TRY_ASSIGN(const auto there, ask(backend, [&](BlobStore& store) {
                     return store.list("", after, kNamesAPage);
                   }));
  std::string last;
  if (full(wanted)) last = wanted.back().name;
  if (full(there) && (last.empty() || there.back().name < last)) last = there.back().name;
  auto a = wanted.begin();
  auto b = there.begin();
  while (a != wanted.end() || b != there.end()) {
    const bool missing = b == there.end() || (a != wanted.end() && a->name < b->name);
    const bool extra = !missing && (a == wanted.end() || b->name < a->name);
    const std::string name = missing ? a->name : b->name;
    if (!last.empty() && name > last) break;
    if (ending_) return Error{Code::cancelled, "the mirror is closing"};
    if (missing || (!extra && a->size_bytes != b->size_bytes)) {
      const Gate::Inside same_backends(changes_);
      const NameLatch::Hold held(latch_, name);
      Status copied = removed(name) ? Status() : copy_to(backend, name);
      if (!copied.ok() && copied.code() != Code::not_found) return std::move(copied).error();
    } else if (extra) {
      const Gate::Inside same_backends(changes_);
      const NameLatch::Hold held(latch_, name);
      SPIND_TRY(remove_extra(backend, name));
    }
    if (!extra) ++a;
    if (!missing) ++b;
    ++progress.done;
  }
  return last;
}

Status MirroredBlobs::compare(Backend& backend, const ResyncOptions& options) {
  Progress progress;
  std::string after;
  do {
    if ((options.cancel && options.cancel->cancelled()) ||
        (options.progress && !options.progress(progress)))
      return Error{Code::cancelled, "the resync was cancelled", backend.name};
    SPIND_TRY_ASSIGN(after, compare_page(backend, after, progress));
  } while (!after.empty());
  if (options.progress) (void)options.progress(progress);
  return {};
}

Status MirroredBlobs::resync(std::string_view name, const ResyncOptions& options) {
  const std::unique_lock one_at_a_time(resync_mutex_, std::try_to_lock);
  if (!one_at_a_time.owns_lock())
    return Error{Code::busy, "another resync of the mirror is under way", std::string(name)};
  SPIND_TRY_ASSIGN(const BackendPtr backend, find(name));
  if (!has_other_source(name))
    return Error{Code::conflict, "no other backend has everything", std::string(name)};
  SPIND_TRY(journal_->apply({{MirrorChangeKind::behind, backend->name}}));
  const auto times_behind = [&] {
    return journal_->look([&](const MirrorState& state) {
      const MirrorState::Backend* known = state.find(backend->name);
      return known == nullptr ? 0 : known->times_behind;
    });
  };
  const std::uint64_t begun_at = times_behind();
  SPIND_TRY(compare(*backend, options));
  // What it missed meanwhile is noted by name, unless that was too much, or it was replaced.
  const Gate::Alone no_changes(changes_);
  const auto still = find(name);
  if (times_behind() != begun_at || !still.ok() || *still != backend)
    return Error{Code::aborted, "the backend missed too much meanwhile, or was replaced",
                 std::string(name)};
  return journal_->apply({{MirrorChangeKind::in_step, backend->name}});
}

}  // namespace spind
