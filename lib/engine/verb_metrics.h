// Latencies by verb, as histograms that cost a few nanoseconds a call.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "spind/error.h"

namespace spind::engine {

// clang-format off
#define SPIND_VERBS(VERB)                                                                       \
  VERB(create_space) VERB(space) VERB(space_by_alias) VERB(list_spaces) VERB(space_info)        \
  VERB(update_space) VERB(stat) VERB(path) VERB(list) VERB(walk) VERB(put) VERB(writer_open)    \
  VERB(write) VERB(writer_commit) VERB(reader_open) VERB(read) VERB(get) VERB(make_folder)      \
  VERB(move) VERB(remove) VERB(set_mtime) VERB(wait) VERB(on_durable) VERB(check)               \
  VERB(collect) VERB(changes) VERB(cursor) VERB(root_version) VERB(wait_changed) VERB(watch)    \
  VERB(changed_spaces) VERB(versions) VERB(restore_version) VERB(remove_version)                \
  VERB(mark_version) VERB(trash) VERB(restore) VERB(purge) VERB(empty_trash) VERB(at)           \
  VERB(rewind) VERB(checkpoint) VERB(copy) VERB(set_properties) VERB(properties) VERB(tagged)   \
  VERB(set_favourite) VERB(favourites) VERB(disable) VERB(enable) VERB(start_upload)            \
  VERB(append_upload) VERB(upload) VERB(uploads) VERB(finish_upload) VERB(abort_upload)         \
  VERB(release_upload) VERB(quarantine_upload) VERB(thin_versions) VERB(purge_space) VERB(scrub)  \
  VERB(vaults) VERB(rotate_vault) VERB(reseal_vault) VERB(encrypt_vault) VERB(rewrap_vaults)    \
  VERB(destroy_vault)                                                                           \
  VERB(flush_staged) VERB(blob_status) VERB(move_blobs) VERB(empty_left_place)
// clang-format on

enum class Verb : std::uint8_t {
#define SPIND_VERB(name) name,
  SPIND_VERBS(SPIND_VERB)
#undef SPIND_VERB
      count
};

std::string_view verb_name(Verb verb);

// Whether a call goes through all that a store has, and none of its users waits for it.
constexpr bool takes_long(Verb verb) {
  switch (verb) {
    case Verb::check:
    case Verb::checkpoint:
    case Verb::collect:
    case Verb::encrypt_vault:
    case Verb::flush_staged:
    case Verb::reseal_vault: return true;
    default: return false;
  }
}

// Thread-safe.
class VerbMetrics {
 public:
  void record(Verb verb, std::int64_t duration_ns, Code outcome);
  // spind_verb_seconds and spind_verb_errors_total, in Prometheus text.
  void print(std::string& out) const;

 private:
  // Upper bounds 16 µs · 2^i; the last bucket has none.
  static constexpr std::size_t kBuckets = 22;
  struct Histogram {
    std::array<std::atomic<std::uint64_t>, kBuckets> buckets{};
    std::atomic<std::uint64_t> sum_ns{0}, errors{0};
  };
  std::array<Histogram, static_cast<std::size_t>(Verb::count)> verbs_;
};

}  // namespace spind::engine
