#include "content/vault_encrypter.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/try.h"
#include "content/reseal.h"

namespace spind::content {
namespace {

constexpr std::chrono::milliseconds kReadersPoll{20};

}  // namespace

VaultEncrypter::VaultEncrypter(const Setup& setup, const model::VaultId& vault,
                               const EncryptOptions& options)
    : setup_(setup),
      vault_(vault),
      options_(options),
      plain_rows_(setup.rows, setup.sealing, vault,
                  [this](std::uint64_t rows) { return step(rows); }) {}

// Files are rewritten before it is noted that all is done: after a crash in between they are again.
Result<EncryptReport> VaultEncrypter::run() {
  SPIND_TRY_ASSIGN(const bool encrypting, setup_.keys.is_encrypting(vault_));
  report_.finished = !encrypting;
  if (!encrypting) return report_;
  SPIND_TRY(seal_pieces());
  SPIND_TRY(plain_rows_.seal());
  kv::Ticket ticket = 0;
  SPIND_TRY(look_for_plain(ticket));
  if (report_.pieces_left + report_.rows_left > 0) return report_;
  SPIND_TRY(wait_for_readers(ticket));
  SPIND_TRY_ASSIGN(const auto ranges, replaced_ranges());
  SPIND_TRY(setup_.rows.below().forget_replaced(ranges));
  const std::lock_guard lock(setup_.copying);
  SPIND_TRY(setup_.keys.finish_encryption(vault_));
  report_.finished = true;
  return report_;
}

Status VaultEncrypter::step(std::uint64_t rows) {
  report_.rows += rows;
  if (setup_.closing()) return Error{.code = Code::unavailable, .text = "the store is closing"};
  const bool cancelled = (options_.cancel && options_.cancel->cancelled()) ||
                         (options_.progress && !options_.progress({report_.rows, 0}));
  if (cancelled) return Error{.code = Code::cancelled, .text = "encrypting was cancelled"};
  return {};
}

// Plain ones lie under generation 0, so they are sealed as those of earlier keys are. Some may have
// been moved meanwhile, and are found in the next pass.
Status VaultEncrypter::seal_pieces() {
  ResealOptions options;
  options.rate_bytes = options_.rate_bytes;
  options.cancel = options_.cancel;
  options.progress = [this](const Progress& progress) {
    return !setup_.closing() && (!options_.progress || options_.progress(progress));
  };
  for (;;) {
    SPIND_TRY_ASSIGN(const ResealReport pass, setup_.content.reseal(vault_, options));
    report_.pieces += pass.pieces;
    report_.bytes += pass.bytes;
    if (pass.pieces == 0 || pass.pieces_left == 0) return {};
  }
}

Status VaultEncrypter::look_for_plain(kv::Ticket& ticket) {
  SPIND_TRY(setup_.sealing.catch_up());
  const kv::SnapshotRef below = setup_.rows.below().durable();
  SPIND_TRY_ASSIGN(report_.pieces_left,
                   count_pieces_before(*below, vault_, 1, [this] { return step(0); }));
  SPIND_TRY_ASSIGN(report_.rows_left, plain_rows_.count(*below));
  ticket = below->ticket();
  return {};
}

// A file may hold rows of several vaults, and what was erased of spaces that are gone: whichever
// vault ends last has all of them rewritten.
Result<std::vector<kv::Range>> VaultEncrypter::replaced_ranges() {
  SPIND_TRY_ASSIGN(const auto vaults, setup_.keys.list());
  const bool others = std::any_of(vaults.begin(), vaults.end(), [&](const VaultKeys::Listed& one) {
    return one.vault != vault_ && one.state == model::VaultKeysRow::State::encrypting;
  });
  return others ? plain_rows_.ranges() : Result(PlainRows::all_ranges());
}

// They were promised what they see, and would take what is plain for damage.
Status VaultEncrypter::wait_for_readers(kv::Ticket ticket) {
  while (setup_.sealing.oldest_snapshot() < ticket) {
    SPIND_TRY(step(0));
    std::this_thread::sleep_for(kReadersPoll);
  }
  return {};
}

}  // namespace spind::content
