// Copies a store to another folder while it is in use.
//
// A snapshot that is held meanwhile pins every object and every frame of a pack that anything
// refers to at the time or later. RocksDB then copies its rows; the rows of the copy name the
// objects and packs that belong to it. Objects never change, so they are shared; packs are appended
// to and have holes punched, so they are not. Blobs that the host gives stay where they are; packs
// that are staged in front of them are copied. FORMAT comes last: until then the folder holds no
// store.
#include "base/try.h"
#include "blob/posix/posix_blob_store.h"
#include "content/blob_move.h"
#include "content/file_packs.h"
#include "content/stored_blobs.h"
#include "content/vaults.h"
#include "engine/engine.h"

namespace spind::engine {
namespace {

constexpr std::uint64_t kCopyMemoryBytes = std::uint64_t{8} << 20;

class Copying {
 public:
  // `objects` null: they lie elsewhere, and so do all packs that are not staged here, as those
  // below `first_pack`, which a move may have left.
  Copying(Files& files, const StoreFolder& from, const StoreFolder& to, PosixBlobStore* objects,
          std::uint64_t first_pack, const CheckpointOptions& options)
      : files_(files),
        from_(from),
        to_(to),
        objects_(objects),
        first_pack_(first_pack),
        options_(options) {}

  Result<CheckpointReport> run(const kv::View& rows) {
    if (objects_ == nullptr) return run_staged(rows);
    SPIND_TRY_ASSIGN(const auto objects, PosixBlobStore::open(files_, to_.objects));
    SPIND_TRY(content::visit_blobs(
        rows, {.object = [&](const std::string& name) { return copy_object(*objects, name); },
               .pack = [&](std::uint64_t number) { return copy_pack(number); }}));
    SPIND_TRY(objects->sync_names(std::string(content::kObjectsPrefix)));
    SPIND_TRY(files_.sync_folder(to_.packs));
    return done_;
  }

 private:
  Result<CheckpointReport> run_staged(const kv::View& rows) {
    SPIND_TRY(content::visit_blobs(
        rows, {.object = [](const std::string&) { return Status(); },
               .pack = [&](std::uint64_t number) -> Status {
                 if (number < first_pack_) return {};
                 SPIND_TRY_ASSIGN(const bool here,
                                  files_.exists(content::pack_path(from_.packs, number)));
                 return here ? copy_pack(number) : Status();
               }}));
    SPIND_TRY(files_.sync_folder(to_.packs));
    return done_;
  }

  Status copy_object(PosixBlobStore& to, const std::string& name) {
    return counted(objects_->copy_to(to, name), done_.objects);
  }
  Status copy_pack(std::uint64_t number) {
    return counted(copy_file(files_, content::pack_path(from_.packs, number),
                             content::pack_path(to_.packs, number)),
                   done_.packs);
  }

  Status counted(Result<std::uint64_t> copied_bytes, std::uint64_t& count) {
    if (copied_bytes.code() == Code::not_found) {
      ++done_.missing;
    } else if (!copied_bytes.ok()) {
      return std::move(copied_bytes).error();
    } else {
      ++count;
      done_.copied_bytes += *copied_bytes;
    }
    const bool cancelled = options_.cancel && options_.cancel->cancelled();
    if (cancelled ||
        (options_.progress && !options_.progress({.done = done_.objects + done_.packs})))
      return Error{.code = Code::cancelled, .text = "the caller cancelled it"};
    return {};
  }

  Files& files_;
  const StoreFolder& from_;
  const StoreFolder& to_;
  PosixBlobStore* const objects_;
  const std::uint64_t first_pack_;
  const CheckpointOptions& options_;
  CheckpointReport done_;
};

}  // namespace

// The secret of a vault says whether something plain is taken there. A copy shares it, where it
// lies elsewhere, and would find its plain content refused once the vault here is encrypted.
Status Engine::expect_no_plain_secrets() const {
  if (folder_.format.secrets.empty() || keys_ == nullptr || !keys_->any_encrypting()) return {};
  return Error{.code = Code::conflict,
               .text =
                   "a vault is being encrypted, and a copy made now could not be read after that; "
                   "let encrypt_vault end first"};
}

Result<CheckpointReport> Engine::checkpoint(const std::string& folder,
                                            const CheckpointOptions& options) {
  auto* objects = dynamic_cast<PosixBlobStore*>(blobs_.get());
  if (objects == nullptr && blob_owner_ == nullptr)
    return Error{.code = Code::unsupported, .text = "the store's bytes do not lie in its folder"};
  SPIND_TRY_ASSIGN(const bool within, lies_below(folder, folder_.path));
  if (within)
    return Error{.code = Code::invalid_argument,
                 .text = "a copy of the store cannot lie in the store",
                 .path = folder};
  SPIND_TRY(expect_no_plain_secrets());
  SPIND_TRY_ASSIGN(const StoreFolder copy, make_store_folder(files_, folder));
  const kv::SnapshotRef pinned = kv_->durable();
  {
    const std::lock_guard lock(copying_);
    SPIND_TRY(kv_->checkpoint(copy.meta));
    // Each was durable before the row that needs it. Those that lie elsewhere are the copy's too.
    const bool shared = !folder_.format.secrets.empty();
    if (keys_ != nullptr && !shared) SPIND_TRY(keys_->copy_secrets(copy.vaults));
  }
  // Opened once, which shows that it opens, and lets go of before anybody else may have it.
  SPIND_TRY_ASSIGN(auto rows, default_kv({copy.meta,
                                          kCopyMemoryBytes,
                                          0,
                                          MetadataEngine::rocksdb,
                                          files_,
                                          clock_,
                                          threads_,
                                          nullptr,
                                          {}}));
  if (blob_owner_ != nullptr) SPIND_TRY(content::disown(*rows));
  // A move is that of the store alone: where it goes belongs to no copy.
  SPIND_TRY(content::note_move(*rows, std::nullopt));
  SPIND_TRY_ASSIGN(const CheckpointReport done,
                   Copying(files_, folder_, copy, blob_owner_ == nullptr ? objects : nullptr,
                           first_pack_, options)
                       .run(*rows->durable()));
  rows.reset();
  SPIND_TRY(files_.sync_folder(folder));
  SPIND_TRY(finish_store_folder(files_, folder, format()));
  return done;
}

}  // namespace spind::engine
