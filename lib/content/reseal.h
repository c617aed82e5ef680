// Seals what a vault stored under earlier data keys with the newest one.
//
// Each piece is read, sealed anew under its id and stored as a new one is; then one commit makes
// its row name the new place and dooms the old one, unless the row has changed meanwhile. From
// there on the old place goes as that of any piece does, when no reader's snapshot is older.
// Nothing is noted of how far it came: the rows say what is left, so a pass that was cut off goes
// on with the next call.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/pace.h"
#include "content/collector.h"
#include "content/content.h"
#include "content/resources.h"

namespace spind::content {

// Pieces of the vault that lie under an earlier data key than that one, or under none. `step` is
// asked again and again, and can stop it.
Result<std::uint64_t> count_pieces_before(const kv::View& rows, const model::VaultId& vault,
                                          std::uint32_t generation,
                                          const std::function<Status()>& step);

// One thread at a time; runs beside uploads, readers and the collector. Borrows everything.
class Resealer {
 public:
  Resealer(Resources& resources, Clock& clock, const model::VaultId& vault,
           const ResealOptions& options)
      : resources_(resources),
        kv_(resources.vaults.kv()),
        clock_(clock),
        vault_(vault),
        options_(options),
        pace_(options.rate_bytes, clock.monotonic_ns()) {}
  ~Resealer();

  Result<ResealReport> run();

 private:
  using Found = std::pair<model::PieceId, model::PieceRow>;
  struct Flight;

  Status count(std::uint64_t& pieces);
  Status reseal_bucket(std::uint8_t bucket);
  Result<std::vector<Found>> next_page(const std::string& prefix, std::string& position);
  Status dispatch(const Found& found);
  Result<std::optional<kv::Ticket>> store_anew(Flight& flight);
  Status land(std::size_t left_flying);
  Status take_in(Flight& flight);
  Status go_on();

  Resources& resources_;
  kv::Store& kv_;
  Clock& clock_;
  const model::VaultId vault_;
  const ResealOptions& options_;
  Pace pace_;
  std::uint32_t generation_ = 0;  // the newest
  std::uint64_t done_ = 0, total_ = 0;
  kv::Ticket ticket_ = 0;
  ResealReport report_;
  std::deque<std::shared_ptr<Flight>> flights_;
};

}  // namespace spind::content
