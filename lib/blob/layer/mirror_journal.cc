#include "blob/layer/mirror_journal.h"

#include <algorithm>

#include "base/codec.h"
#include "base/try.h"
#include "blob/blob_name.h"

namespace spind {
namespace {

constexpr std::uint32_t kJournalMagic = 0x6a6d7073;  // "spmj"
constexpr std::uint8_t kJournalVersion = 1;
constexpr std::uint64_t kJournalBytesMax = 1ull << 30;
constexpr std::uint64_t kJournalSlackBytes = 1ull << 20;  // of no use, before it is written anew
constexpr std::size_t kLengthBytes = 4 + kSealBytes;
constexpr std::size_t kFrameChangesMax = 1000;

std::string frame_of(std::string body) {
  seal(body);
  std::string frame;
  Encoder(frame).u32(static_cast<std::uint32_t>(body.size()));
  seal(frame);
  return frame + body;
}

std::string head_frame() {
  std::string body;
  Encoder(body).u32(kJournalMagic).u8(kJournalVersion);
  return frame_of(std::move(body));
}

bool of_blob(MirrorChangeKind kind) { return kind >= MirrorChangeKind::missing; }

std::string changes_frame(std::span<const MirrorChange> changes) {
  std::string body;
  Encoder out(body);
  for (const MirrorChange& change : changes) {
    out.u8(static_cast<std::uint8_t>(change.kind)).bytes(change.backend);
    if (of_blob(change.kind)) out.bytes(change.name).varint(change.size_bytes);
  }
  return frame_of(std::move(body));
}

// Whether what is no frame may be the end of a file that was being written when the power went.
// Each frame was durable before the next was begun, so only the last one can be torn, and nobody
// was told of it: it ends with the file, or should end behind it, or is followed by nothing but
// zeros.
bool torn(std::string_view bytes) {
  if (bytes.size() < kLengthBytes) return true;
  const auto length_bytes = unseal(bytes.substr(0, kLengthBytes));
  if (length_bytes) return bytes.size() - kLengthBytes <= Decoder(*length_bytes).u32();
  return bytes.find_first_not_of('\0', kLengthBytes) == std::string_view::npos;
}

// Whether the body is one of changes, which are then made.
bool replay(std::string_view body, MirrorState& state) {
  Decoder in(body);
  while (in.remaining() > 0) {
    MirrorChange change;
    const std::uint8_t kind = in.u8();
    if (kind < 1 || kind > 7) return false;
    change.kind = static_cast<MirrorChangeKind>(kind);
    change.backend = in.bytes();
    if (of_blob(change.kind)) {
      change.name = in.bytes();
      change.size_bytes = in.varint();
      if (!check_blob_name(change.name).ok()) return false;
    }
    if (!in.ok()) return false;
    state.apply(change);
  }
  return in.finish();
}

}  // namespace

MirrorJournal::MirrorJournal(Files& files, const std::string& folder, std::size_t notes_max)
    : files_(files), path_(folder + "/journal"), notes_max_(notes_max) {}

Result<std::unique_ptr<MirrorJournal>> MirrorJournal::open(Files& files, const std::string& folder,
                                                           const std::vector<std::string>& backends,
                                                           std::size_t notes_max) {
  std::unique_ptr<MirrorJournal> journal(new MirrorJournal(files, folder, notes_max));
  SPIND_TRY(make_folder_durably(files, folder));
  SPIND_TRY_ASSIGN(journal->lock_, files.lock(folder + "/lock"));
  SPIND_TRY_ASSIGN(const bool known, journal->load());
  SPIND_TRY(journal->join(backends, known));
  SPIND_TRY(journal->rewrite());
  return journal;
}

Result<bool> MirrorJournal::load() {
  const auto bytes = read_file(files_, path_, kJournalBytesMax);
  if (bytes.code() == Code::not_found) return false;
  if (!bytes.ok()) return bytes.error();
  SPIND_TRY(read_frames(*bytes));
  return true;
}

Status MirrorJournal::read_frames(std::string_view bytes) {
  const std::string head = head_frame();
  const bool whole = bytes.starts_with(head);
  bytes.remove_prefix(whole ? head.size() : 0);
  while (whole && !bytes.empty()) {
    const auto length_bytes = unseal(bytes.substr(0, kLengthBytes));
    const std::uint64_t end = length_bytes ? kLengthBytes + Decoder(*length_bytes).u32() : 0;
    if (end <= kLengthBytes || end > bytes.size()) break;
    const auto body = unseal(bytes.substr(kLengthBytes, end - kLengthBytes));
    if (!body || !replay(*body, state_)) break;
    bytes.remove_prefix(end);
  }
  if (whole && (bytes.empty() || torn(bytes))) return {};
  return Error{Code::corruption, "the journal of a mirror is damaged", path_};
}

Status MirrorJournal::join(const std::vector<std::string>& backends, bool known) {
  std::vector<std::string> gone;
  for (const auto& [name, backend] : state_.backends()) {
    if (std::find(backends.begin(), backends.end(), name) == backends.end()) gone.push_back(name);
  }
  for (const std::string& name : gone) state_.apply({MirrorChangeKind::left, name});
  for (const std::string& name : backends) {
    if (state_.find(name) != nullptr) continue;
    state_.apply({MirrorChangeKind::joined, name});
    if (known) state_.apply({MirrorChangeKind::behind, name});
  }
  if (state_.in_step() == 0)
    return Error{Code::conflict, "none of the backends is known to have everything", path_};
  return {};
}

Status MirrorJournal::bound(std::vector<MirrorChange>& changes) const {
  std::size_t in_step = state_.in_step();
  for (MirrorChange& change : changes) {
    if (!of_blob(change.kind) || change.kind == MirrorChangeKind::even) continue;
    const MirrorState::Backend* backend = state_.find(change.backend);
    if (backend == nullptr || backend->notes.size() < notes_max_ ||
        backend->notes.contains(change.name))
      continue;
    if (!backend->behind) --in_step;
    if (in_step == 0)
      return Error{Code::unavailable, "the only backend that has everything missed too much",
                   change.backend};
    change = {MirrorChangeKind::behind, change.backend};
  }
  return {};
}

Status MirrorJournal::append(const std::string& frame) {
  Status appended = file_->append(as_bytes(frame));
  if (appended.ok()) appended = file_->sync();
  if (!appended.ok())
    file_.reset();  // after a failed sync nobody knows what the file holds: it is written anew
  else
    file_bytes_ += frame.size();
  return appended;
}

Status MirrorJournal::rewrite() {
  const std::vector<MirrorChange> all = state_.as_changes();
  std::string bytes = head_frame();
  for (std::size_t at = 0; at < all.size(); at += kFrameChangesMax) {
    bytes += changes_frame(std::span(all).subspan(at, std::min(kFrameChangesMax, all.size() - at)));
  }
  bytes += changes_frame({});
  file_.reset();
  SPIND_TRY(write_file_durably(files_, path_, as_bytes(bytes)));
  SPIND_TRY_ASSIGN(file_, files_.open(path_, OpenMode::append));
  file_bytes_ = file_bytes_fresh_ = bytes.size();
  return {};
}

Status MirrorJournal::apply(std::vector<MirrorChange> changes) {
  if (changes.empty()) return {};
  const std::lock_guard file_lock(file_mutex_);  // so the state is changed by nobody else
  SPIND_TRY(bound(changes));
  const std::string frame = changes_frame(changes);
  if (file_ == nullptr || file_bytes_ > 2 * file_bytes_fresh_ + kJournalSlackBytes)
    SPIND_TRY(rewrite());
  if (!append(frame).ok()) {
    SPIND_TRY(rewrite());
    SPIND_TRY(append(frame));
  }
  const std::unique_lock state_lock(state_mutex_);
  for (const MirrorChange& change : changes) state_.apply(change);
  return {};
}

}  // namespace spind
