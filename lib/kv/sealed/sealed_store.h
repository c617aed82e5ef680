// A store whose values are sealed in the store below, and plain to everybody above.
//
// Reads open what they find, writes seal what they are given. A value that does not open is handed
// on as one that no record's decoder takes, so that whoever reads finds damage there, and goes on
// with the next row. Where the keys cannot be had, reads answer key_unavailable: what nobody can
// read is not damaged, and must not be mended.
//
// Must not know what is sealed, nor how: that is its sealer's (kv/row_sealer.h).
#pragma once

#include <atomic>
#include <memory>

#include "kv/kv.h"
#include "kv/row_sealer.h"

namespace spind::kv {

// In front of an observer of the store below: opens announced rows before they are handed on. What
// cannot be opened with keys that are in memory is handed on as a damaged value. As thread-safe as
// an observer has to be.
class OpeningObserver final : public Observer {
 public:
  explicit OpeningObserver(Observer& to) : to_(to) {}
  // Before the first commit of anything that is sealed. Until then all is handed on as it is.
  void open_with(RowSealer& sealer) { sealer_ = &sealer; }

  void publishing(Ticket ticket, std::span<const Row> rows) override;
  void published(Ticket ticket) override { to_.published(ticket); }
  void reopened() override { to_.reopened(); }

 private:
  Observer& to_;
  std::atomic<RowSealer*> sealer_{nullptr};
};

// The sealer must outlive the store. The store below announces rows as they lie there: its observer
// is an OpeningObserver. A body is refused with key_unavailable before it runs where the keys of
// its partitions cannot be had, so that nobody waits for keys while owning a partition; and with
// the error of sealing, if that fails in its midst: no value is ever written plain for want of a
// key.
std::unique_ptr<Store> seal_rows(std::unique_ptr<Store> below, RowSealer& sealer);

}  // namespace spind::kv
