#include "blob/layer/mirror_state.h"

namespace spind {

void MirrorState::set_note(Backend& backend, const MirrorChange& change) {
  if (const auto old = backend.notes.find(change.name); old != backend.notes.end()) {
    (old->second.lingering ? backend.lingering : backend.missing) -= 1;
    backend.missing_bytes -= old->second.size_bytes;
    backend.notes.erase(old);
  }
  if (change.kind == MirrorChangeKind::even) return;
  const bool lingering = change.kind == MirrorChangeKind::lingering;
  const MirrorNote note{lingering, lingering ? 0 : change.size_bytes};
  (lingering ? backend.lingering : backend.missing) += 1;
  backend.missing_bytes += note.size_bytes;
  backend.notes.emplace(change.name, note);
}

void MirrorState::apply(const MirrorChange& change) {
  if (change.kind == MirrorChangeKind::joined) {
    backends_.try_emplace(change.backend);
    return;
  }
  const auto found = backends_.find(change.backend);
  if (found == backends_.end()) return;
  Backend& backend = found->second;
  switch (change.kind) {
    case MirrorChangeKind::joined: return;
    case MirrorChangeKind::left: backends_.erase(found); return;
    case MirrorChangeKind::behind:
      backend = {.behind = true, .times_behind = backend.times_behind + 1};
      return;
    case MirrorChangeKind::in_step: backend.behind = false; return;
    case MirrorChangeKind::missing:
    case MirrorChangeKind::lingering:
    case MirrorChangeKind::even: set_note(backend, change); return;
  }
}

const MirrorState::Backend* MirrorState::find(std::string_view backend) const {
  const auto found = backends_.find(backend);
  return found == backends_.end() ? nullptr : &found->second;
}

std::optional<MirrorNote> MirrorState::note(std::string_view backend, std::string_view name) const {
  const Backend* known = find(backend);
  if (known == nullptr) return std::nullopt;
  const auto found = known->notes.find(name);
  if (found == known->notes.end()) return std::nullopt;
  return found->second;
}

bool MirrorState::noted(std::string_view name, bool lingering) const {
  for (const auto& [backend, known] : backends_) {
    const auto found = known.notes.find(name);
    if (found != known.notes.end() && found->second.lingering == lingering) return true;
  }
  return false;
}

bool MirrorState::removed(std::string_view name) const { return noted(name, true); }

bool MirrorState::missing(std::string_view name) const { return noted(name, false); }

bool MirrorState::clashes(std::string_view name, bool lingering) const {
  for (std::size_t i = name.find('/'); i != std::string_view::npos; i = name.find('/', i + 1)) {
    if (noted(name.substr(0, i), lingering)) return true;
  }
  const std::string folder = std::string(name) + '/';
  for (const auto& [backend, known] : backends_) {
    for (auto at = known.notes.lower_bound(folder);
         at != known.notes.end() && at->first.starts_with(folder); ++at) {
      if (at->second.lingering == lingering) return true;
    }
  }
  return false;
}

std::size_t MirrorState::in_step() const {
  std::size_t count = 0;
  for (const auto& [name, backend] : backends_) count += backend.behind ? 0 : 1;
  return count;
}

std::size_t MirrorState::notes() const {
  std::size_t count = 0;
  for (const auto& [name, backend] : backends_) count += backend.notes.size();
  return count;
}

std::vector<MirrorChange> MirrorState::as_changes() const {
  std::vector<MirrorChange> changes;
  for (const auto& [name, backend] : backends_) {
    changes.push_back({MirrorChangeKind::joined, name});
    if (backend.behind) changes.push_back({MirrorChangeKind::behind, name});
    for (const auto& [blob, note] : backend.notes) {
      changes.push_back({note.lingering ? MirrorChangeKind::lingering : MirrorChangeKind::missing,
                         name, blob, note.size_bytes});
    }
  }
  return changes;
}

}  // namespace spind
