#include "upkeep/scrub.h"

#include <algorithm>
#include <chrono>

#include "base/limits.h"
#include "base/pace.h"
#include "base/try.h"
#include "model/keys.h"
#include "upkeep/damage.h"

namespace spind::upkeep {

using kv::Family;

namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;
// The position is written when so much was read since, or so much time has passed.
constexpr std::uint64_t kNoteBytes = 64ull << 20;
constexpr std::int64_t kNoteNs = 60 * kSecondNs;
// Attachments of one look at the store.
constexpr std::uint64_t kBatchBytes = 256 << 10;
// So many damaged pieces and attachments are looked for together.
constexpr std::size_t kDamagedMax = 1000;

Result<model::ScrubRow> read_row(const kv::View& view) {
  SPIND_TRY_ASSIGN(const auto bytes, view.get(Family::content, model::scrub_key()));
  if (!bytes) return model::ScrubRow{};
  auto row = model::decode_scrub(*bytes);
  // What it held is lost; a new round begins.
  if (row.code() == Code::corruption) return model::ScrubRow{};
  return row;
}

// A device that cannot read a place is what a scrub is for.
bool is_damaged(const Error& error) { return is_damage(error) || error.code == Code::io_error; }

}  // namespace

class Scrubber::Run {
 public:
  Run(Scrubber& all, const ScrubOptions& options)
      : all_(all), options_(options), pace_(options.rate_bytes, all.clock_.monotonic_ns()) {}

  Result<ScrubReport> run() {
    noted_ns_ = all_.clock_.monotonic_ns();
    SPIND_TRY(begin());
    Status read = read_all();
    // What was found is told before the position says that it was passed; if there is nothing to
    // tell, where this ended is worth keeping.
    if (!read.ok()) {
      if (read.code() == Code::cancelled && damage_.empty()) (void)note();
      return std::move(read).error();
    }
    SPIND_TRY(tell());
    row_ = {.position = {}, .completed_ms = all_.clock_.wall_ns() / 1'000'000};
    SPIND_TRY(write());
    return std::move(report_);
  }

 private:
  Status begin() {
    SPIND_TRY_ASSIGN(row_, read_row(*all_.kv_.durable()));
    if (options_.restart) row_ = {.position = {}, .completed_ms = row_.completed_ms};
    report_.resumed = !row_.position.empty();
    report_.findings_before = row_.findings;
    return {};
  }

  Status read_all() {
    if (row_.position.empty() || row_.position[0] == 'v') {
      SPIND_TRY(read_pieces());
      row_.position = model::kBeforeAttachments;
    }
    for (bool more = true; more;) {
      SPIND_TRY(await_pace());
      SPIND_TRY_ASSIGN(more, read_attachments());
      SPIND_TRY(note_in_time());
    }
    return {};
  }

  Status read_pieces() {
    for (;;) {
      SPIND_TRY(await_pace());
      const kv::SnapshotRef snapshot = all_.kv_.durable();
      SPIND_TRY_ASSIGN(const auto piece, all_.content_.read_next(*snapshot, row_.position));
      if (!piece) return {};
      ++report_.pieces;
      count(piece->size_bytes);
      if (!piece->bytes.ok()) {
        if (!is_damaged(piece->bytes.error())) return piece->bytes.error();
        DamagedPiece damaged{{}, piece->id, piece->bytes.error()};
        std::copy_n(piece->tenant_vault.begin(),
                    std::min(piece->tenant_vault.size(), damaged.vault.size()),
                    damaged.vault.begin());
        damage_.add(std::move(damaged));
      }
      SPIND_TRY(note_in_time());
    }
  }

  // Some of them. False: there are no more.
  Result<bool> read_attachments() {
    const kv::SnapshotRef snapshot = all_.kv_.durable();
    const auto cursor = snapshot->scan(Family::attachment, row_.position + '\0',
                                       model::end_of(model::kBeforeAttachments));
    std::uint64_t bytes = 0;
    for (; cursor->valid() && bytes < kBatchBytes; cursor->next()) {
      SPIND_TRY(step());
      row_.position = cursor->key();
      bytes += cursor->value().size();
      ++report_.attachments;
      Status whole = verify(cursor->value());
      if (!whole.ok())
        damage_.add(DamagedAttachment{model::space_of(row_.position),
                                      model::attachment_in_key(row_.position),
                                      std::move(whole).error()});
    }
    count(bytes);
    Status read = cursor->status();
    if (read.ok()) return cursor->valid();
    if (!is_locked(read.error())) return std::move(read).error();
    // Behind the whole space: nothing of it can be opened.
    row_.position = model::end_of(model::space_partition(model::space_of(cursor->key())));
    return true;
  }

  // Both kinds of rows say by their first byte which they are.
  static Status verify(std::string_view row) {
    auto content = model::decode_inline(row);
    if (content.ok()) return {};
    auto manifest = model::decode_manifest(row);
    if (manifest.ok()) return {};
    return Error{.code = Code::corruption, .text = "the row with its content is broken"};
  }

  void count(std::uint64_t bytes) {
    report_.bytes += bytes;
    row_.bytes += bytes;
    unnoted_bytes_ += bytes;
    all_.bytes_ += bytes;
    pace_.spend(bytes, all_.clock_.monotonic_ns());
  }

  // Waits until the rate allows more.
  Status await_pace() {
    for (;;) {
      SPIND_TRY(step());
      const std::int64_t left_ns = pace_.wait_ns(all_.clock_.monotonic_ns());
      if (left_ns <= 0) return {};
      std::unique_lock lock(all_.stop_mutex_);
      all_.stopped_.wait_for(lock, std::chrono::nanoseconds(std::min(left_ns, kWaitPollNs)),
                             [this] { return all_.stop_; });
    }
  }

  Status step() {
    bool stop = options_.cancel && options_.cancel->cancelled();
    {
      const std::lock_guard lock(all_.stop_mutex_);
      stop = stop || all_.stop_;
    }
    if (stop || (options_.progress && !options_.progress({report_.bytes, 0})))
      return Error{.code = Code::cancelled, .text = "the scrub was cancelled"};
    return {};
  }

  Status note_in_time() {
    const bool due = unnoted_bytes_ >= kNoteBytes || damage_.count() >= kDamagedMax ||
                     all_.clock_.monotonic_ns() - noted_ns_ >= kNoteNs;
    return due ? note() : Status();
  }

  Status note() {
    SPIND_TRY(tell());
    SPIND_TRY(write());
    noted_ns_ = all_.clock_.monotonic_ns();
    unnoted_bytes_ = 0;
    return {};
  }

  Status tell() {
    if (damage_.empty()) return {};
    const std::uint64_t before = report_.findings_total;
    Findings findings(report_.findings, report_.findings_total, options_.found);
    SPIND_TRY(damage_.tell(all_.kv_.durable(), findings, [this] { return step(); }));
    row_.findings += report_.findings_total - before;
    all_.findings_ += report_.findings_total - before;
    return {};
  }

  Status write() {
    const kv::Answer answer =
        all_.kv_.update({model::ledger_partition()}, [this](kv::Transaction& rows) -> kv::Outcome {
          rows.use_reserve();
          rows.put(Family::content, model::scrub_key(), model::encode(row_));
          return kv::Commit{};
        });
    if (!answer.status.ok()) return answer.status.error();
    return all_.kv_.wait(answer.ticket);
  }

  Scrubber& all_;
  const ScrubOptions& options_;
  ScrubReport report_;
  model::ScrubRow row_;
  Damage damage_;
  Pace pace_;
  std::int64_t noted_ns_ = 0;  // when the position was written last
  std::uint64_t unnoted_bytes_ = 0;
};

Result<ScrubReport> Scrubber::run(const ScrubOptions& options) {
  const std::lock_guard lock(running_);
  return Run(*this, options).run();
}

Result<std::optional<ScrubReport>> Scrubber::run_if_due(const ScrubOptions& options,
                                                        std::int64_t period_ms) {
  SPIND_TRY_ASSIGN(const model::ScrubRow row, read_row(*kv_.durable()));
  const std::int64_t age_ms = clock_.wall_ns() / 1'000'000 - row.completed_ms;
  // A wall clock that was set back says nothing about how long ago it was.
  const bool rests = row.position.empty() && row.completed_ms != 0 && age_ms < period_ms;
  if (rests && age_ms >= 0) return std::optional<ScrubReport>();
  SPIND_TRY_ASSIGN(auto report, run(options));
  return std::optional(std::move(report));
}

void Scrubber::stop() {
  {
    const std::lock_guard lock(stop_mutex_);
    stop_ = true;
  }
  stopped_.notify_all();
}

Scrubber::Metrics Scrubber::metrics() const {
  const auto row = read_row(*kv_.durable());
  return {bytes_, findings_, row.ok() ? row->completed_ms : 0};
}

}  // namespace spind::upkeep
