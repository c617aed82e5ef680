// One place for bytes out of several: see spind/blob_mirror.h and the README beside this.
//
// Whoever changes what lies under a name (put, remove, healing, catching up, a resync) holds the
// name in the latch meanwhile, so that nothing is copied past a removal. What was removed is not
// brought back, since a backend that may still hold it has a note that says so before the removal
// is answered.
#pragma once

#include <atomic>
#include <mutex>
#include <optional>

#include "base/clock.h"
#include "base/periodic.h"
#include "base/threads.h"
#include "blob/layer/backend_health.h"
#include "blob/layer/crew.h"
#include "blob/layer/gate.h"
#include "blob/layer/mirror_journal.h"
#include "blob/layer/name_latch.h"
#include "blob/layer/suspects.h"
#include "spind/blob_mirror.h"

namespace spind {

// Thread-safe.
class MirroredBlobs final : public BlobMirror {
 public:
  // Borrows `files`, `clock` and `threads`.
  static Result<std::shared_ptr<MirroredBlobs>> open(const MirrorOptions& options, Files& files,
                                                     Clock& clock, Threads& threads);
  ~MirroredBlobs() override;

  Status put(std::string_view name, std::span<const std::uint8_t> bytes) override;
  Result<std::vector<std::uint8_t>> get(std::string_view name,
                                        std::uint64_t size_bytes_max) override;
  Result<std::size_t> range(std::string_view name, std::uint64_t offset,
                            std::span<std::uint8_t> out) override;
  Result<std::size_t> scatter(std::string_view name, std::uint64_t offset,
                              std::span<const std::span<std::uint8_t>> places) override;
  Status put_unless(std::string_view name, std::span<const std::uint8_t> bytes,
                    const Interrupt& interrupt) override;
  Result<std::size_t> scatter_unless(std::string_view name, std::uint64_t offset,
                                     std::span<const std::span<std::uint8_t>> places,
                                     const Interrupt& interrupt) override;
  void will_read(std::string_view name, std::uint64_t offset, std::uint64_t size_bytes) override;
  void suspect(std::string_view name, const BlobJudge& judge, const Interrupt& interrupt) override;
  Status remove(std::string_view name) override;
  Result<std::vector<BlobListItem>> list(std::string_view prefix, std::string_view after,
                                         std::size_t count_max) override;
  Result<bool> creates_are_atomic() override;
  void clear_leftovers() override;
  std::string metrics_text() const override;

  MirrorReport report() const override;
  Result<std::vector<std::string>> uneven(std::string_view backend, std::string_view after,
                                          std::size_t count_max) const override;
  Result<std::uint64_t> catch_up() override;
  Result<std::size_t> heal(std::string_view name) override;
  Status replace(std::string_view backend, MirrorBackend by) override;
  Status resync(std::string_view backend, const ResyncOptions& options) override;

 private:
  struct Backend {
    Backend(const MirrorBackend& of, const MirrorOptions& options)
        : name(of.name), store(of.store), health(options) {}
    const std::string name;
    const BlobStorePtr store;
    BackendHealth health;
  };
  using BackendPtr = std::shared_ptr<Backend>;
  using Backends = std::vector<BackendPtr>;
  struct Answer {
    Status done{};
    bool asked = true;
  };
  // What reading a blob from one backend after the other came to.
  struct Found {
    BackendPtr source{};  // null: nobody had it
    Backends lacking{}, corrupt{};
    BackendPtr in_part{};            // of the corrupt ones
    std::optional<Error> trouble{};  // of one that may have it and could not be asked
    bool all_alike() const { return lacking.empty() && corrupt.empty() && !trouble; }
  };

  MirroredBlobs(const MirrorOptions& options, Clock& clock, Threads& threads,
                std::unique_ptr<MirrorJournal> journal);

  Backends backends() const;
  Result<BackendPtr> find(std::string_view name) const;
  template <class Call>
  auto ask(Backend& backend, Call call, const Interrupt& interrupt = nullptr)
      -> decltype(call(*backend.store));
  template <class Call>
  auto read_from(Backend& backend, Call call, const Interrupt& interrupt = nullptr)
      -> decltype(call(*backend.store));

  // Changes.
  template <class Call>
  std::vector<Answer> ask_all(const Backends& all, Call call, const Interrupt& interrupt = nullptr);
  Status settle(const Backends& all, const std::vector<Answer>& answers, std::string_view name,
                std::size_t needed, const MirrorChange& if_failed);
  Status note(const Backends& all, const std::vector<Answer>& answers, std::string_view name,
              const MirrorChange& if_failed, bool all_of_them);

  // Reads. Those that should have the blob, the nearest first.
  Backends holders(std::string_view name);
  bool removed(std::string_view name) const;
  bool clashes(std::string_view name, bool lingering) const;
  template <class Call>
  auto read(std::string_view name, Call call, const Interrupt& interrupt = nullptr)
      -> decltype(call(std::declval<BlobStore&>()));
  bool verified(std::string_view name, std::span<const std::uint8_t> bytes) const;
  Error not_read(const Found& found, std::string_view name) const;
  Result<std::vector<BlobListItem>> list_from(Backend& backend, std::string_view prefix,
                                              std::string_view after, std::size_t count_max);
  std::vector<BlobListItem> missing_within(const Backend& backend, std::string_view prefix,
                                           std::string_view after, std::string_view last,
                                           std::size_t count_max) const;

  // Upkeep; the caller holds the name.
  Result<std::vector<std::uint8_t>> good_copy(std::string_view name, Found& found,
                                              const Backend* except,
                                              const BlobJudge& judge = nullptr,
                                              const Interrupt& interrupt = nullptr);
  void settle_suspect(std::string_view name, const Backends& all, const BlobJudge& judge,
                      const Interrupt& interrupt);
  Result<std::size_t> write_back(std::string_view name, std::span<const std::uint8_t> bytes,
                                 const Found& found);
  Result<std::size_t> heal_held(std::string_view name);
  Status catch_up_name(Backend& backend, const std::string& name);
  Status copy_to(Backend& backend, std::string_view name);
  Status remove_extra(Backend& backend, std::string_view name);

  Status catch_up(Backend& backend);
  Status compare(Backend& backend, const ResyncOptions& options);
  Result<std::string> compare_page(Backend& backend, const std::string& after, Progress& progress);
  bool has_other_source(std::string_view backend) const;

  const MirrorOptions options_;
  Clock& clock_;
  const std::unique_ptr<MirrorJournal> journal_;
  Crew crew_;
  NameLatch latch_;
  NameLatch turns_;  // of those who compare copies; before latch_

  Gate changes_;  // are made inside; whoever changes the backends is alone
  mutable std::mutex backends_mutex_;
  Backends backends_;

  std::mutex catching_up_mutex_, resync_mutex_;
  Suspects suspects_;
  std::atomic<std::uint64_t> reads_{0};
  std::atomic<std::uint64_t> healed_missing_{0}, healed_corrupt_{0}, caught_up_{0}, lost_{0};

  std::atomic<bool> ending_{false};
  std::unique_ptr<Periodic> catcher_;  // last: all else is there before it runs
};

}  // namespace spind
