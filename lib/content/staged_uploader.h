// Brings what lies in local packs to the blob store behind them (staged_packs.h).
//
// Local packs are sealed, so nobody appends to them any more. Their live pieces are read, verified
// and put into packs of the blob store; once these are durable, one commit makes the pieces' rows
// name the new place. A pack that nothing points into any more is noted as brought, which is
// durable before anything else; its file goes when no reader's snapshot is older than that, and its
// row last.
//
// After a crash a pack that was on its way is gone through again; what was put and is named by no
// row lies in a range of numbers that was open, and is the collector's. Where the blob store fails,
// all stays as it is until the next pass. What is damaged stays, and its pack with it.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <vector>

#include "base/periodic.h"
#include "content/pack_walk.h"
#include "content/resources.h"
#include "content/staged_packs.h"
#include "spind/upkeep.h"

namespace spind::content {

// Thread-safe. Borrows everything.
class StagedUploader {
 public:
  struct Setup {
    Resources& resources;
    StagedPacks& packs;
    std::function<Status()> may_write;  // why nothing must be put, or ok
    LogCallback log;
  };
  explicit StagedUploader(Setup setup)
      : resources_(setup.resources),
        kv_(setup.resources.vaults.kv()),
        packs_(setup.packs),
        may_write_(std::move(setup.may_write)),
        log_(std::move(setup.log)) {}
  ~StagedUploader() { periodic_.reset(); }

  // Finds what an earlier run brought and did not remove.
  Status start();
  // Whether there is something to bring or to remove.
  bool has_work() { return !brought_.empty() || packs_.backlog_bytes() > 0; }
  // From now on a thread brings what there is, once in a period.
  void run_every(Threads& threads, std::chrono::milliseconds period);

  Result<FlushStagedReport> flush(const FlushStagedOptions& options);

 private:
  using GoOn = std::function<Status()>;  // asked between steps
  struct Flight;

  void look(const CancelToken& cancel);
  Status bring_all(const GoOn& go_on);
  Status bring(std::uint64_t number, const GoOn& go_on);
  Status bring_pack(std::uint64_t number, const model::PackRow& row, const GoOn& go_on);
  Result<std::uint64_t> bring_pieces(std::uint64_t number, const File& file,
                                     std::span<const PackedPiece> pieces, const GoOn& go_on);
  Status dispatch(std::uint64_t number, const File& file, std::span<const PackedPiece> pieces,
                  std::uint64_t& damaged_bytes, const GoOn& go_on);
  Status land(std::size_t left_flying, std::uint64_t& damaged_bytes);
  Result<std::uint64_t> put(Flight& flight);
  Result<kv::Ticket> switch_rows(std::span<const PackedPiece> pieces, const model::BlobPlace& to);
  Status note_brought(std::uint64_t number);
  Status keep(std::uint64_t number);
  Status remove_brought();
  bool waits(std::uint64_t number);
  bool any_waits(const std::vector<std::uint64_t>& numbers);

  Resources& resources_;
  kv::Store& kv_;
  StagedPacks& packs_;
  const std::function<Status()> may_write_;
  const LogCallback log_;

  std::mutex running_;                           // one pass at a time; guards what follows
  std::map<std::uint64_t, kv::Ticket> brought_;  // packs that wait for readers, and since when
  std::deque<std::shared_ptr<Flight>> flights_;
  Interrupt interrupt_;              // ends the requests of this pass
  std::uint64_t brought_bytes_ = 0;  // since the store was opened
  bool told_failure_ = false;
  // Packs with which nothing more is done: they keep what is damaged, or are the collector's.
  std::set<std::uint64_t> kept_;
  std::set<std::uint64_t> left_open_;  // packs whose rows stay open, as this pass found

  std::unique_ptr<Periodic> periodic_;
};

}  // namespace spind::content
