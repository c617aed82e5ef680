// The contract of a place for bytes: named immutable byte strings. Implemented over a folder and
// over memory; a host may bring its own.
//
//   Status put(name, bytes)      durable when it returns; putting the same name again with the same
//                                bytes is harmless (a retry), with other bytes is a caller's error
//   get / range / scatter        what was put, or not_found
//   remove / remove_all          ok if a name is not there
//   list                         names in order, in pages
//   put_unless, scatter_unless, list_unless    put, scatter and list for a caller who may give up
//   suspect                      told by who got other bytes than he put
//   creates_are_atomic, clear_leftovers        asked by who makes the blobs his own
//   metrics_text                               what an operator is shown
//
// A name has 1 to 200 characters out of a-z 0-9 - _ . / and neither begins nor ends with '/', nor
// holds an empty part or a part that begins with '.'. No name is a folder of another ("a" beside
// "a/b"). The engine makes names; users never do.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "spind/result.h"

namespace spind {

struct BlobListItem {
  std::string name{};
  std::uint64_t size_bytes = 0;
};

// Asked while something takes long whether it is to go on: ok, or cancelled or deadline_exceeded
// from then on. Asked by any thread, several at once; null is never interrupted.
using Interrupt = std::function<Status()>;

// What somebody who knows what was put says of a copy of a blob. In part: what he looked for is
// there, but not all that was put, or nobody knows.
enum class BlobState { damaged, in_part, sound };
using BlobJudge = std::function<BlobState(std::span<const std::uint8_t> bytes)>;

// Thread-safe.
class SPIND_EXPORT BlobStore {
 public:
  virtual ~BlobStore() = default;

  // Errors: no_space, io_error, unavailable; conflict where one name is a folder of another. After
  // an error the blob is there whole or not at all.
  virtual Status put(std::string_view name, std::span<const std::uint8_t> bytes) = 0;

  // The whole blob. limit_exceeded if it has more than `size_bytes_max` bytes.
  virtual Result<std::vector<std::uint8_t>> get(std::string_view name,
                                                std::uint64_t size_bytes_max) = 0;

  // Fills `out` from `offset` and says how many bytes it got: fewer only at the end of the blob.
  virtual Result<std::size_t> range(std::string_view name, std::uint64_t offset,
                                    std::span<std::uint8_t> out) = 0;
  // The same into several places, one behind the other. Asks range() once, for a copy of all of it,
  // unless a store knows a way that costs less.
  virtual Result<std::size_t> scatter(std::string_view name, std::uint64_t offset,
                                      std::span<const std::span<std::uint8_t>> places);

  // The same two for a caller who may give up: what `interrupt` says that is not ok is answered
  // soon after, and nothing of the caller's is used any more. Then a blob may be there, whole, also
  // later, as where a request was broken off that the server carries out all the same. A store that
  // knows no way to break off asks before it begins, and no more.
  virtual Status put_unless(std::string_view name, std::span<const std::uint8_t> bytes,
                            const Interrupt& interrupt);
  virtual Result<std::size_t> scatter_unless(std::string_view name, std::uint64_t offset,
                                             std::span<const std::span<std::uint8_t>> places,
                                             const Interrupt& interrupt);

  // A hint that the range will be asked for soon. Promises nothing, and need do nothing.
  virtual void will_read(std::string_view name, std::uint64_t offset, std::uint64_t size_bytes);

  // What was read of this blob is not what was put. Who keeps something of it on the way drops
  // that; who has it at several places reads it where `judge` finds it better, and writes a sound
  // copy over the others. `judge` gets whole blobs, and only before it returns; `interrupt` is
  // asked between two. To be called once before what was wrong is read again. Does what it can,
  // which may be nothing.
  virtual void suspect(std::string_view name, const BlobJudge& judge,
                       const Interrupt& interrupt = nullptr);

  // Durable when it returns.
  virtual Status remove(std::string_view name) = 0;
  // The same of all of these names, any number of them. After an error some may be gone and others
  // not; repeating it is harmless. Asks remove() for each, unless a store knows a way that costs
  // less.
  virtual Status remove_all(std::span<const std::string> names);

  // Up to `count_max` names that begin with `prefix` and are greater than `after`, in byte order.
  virtual Result<std::vector<BlobListItem>> list(std::string_view prefix, std::string_view after,
                                                 std::size_t count_max) = 0;

  // The same for a caller who may give up.
  virtual Result<std::vector<BlobListItem>> list_unless(std::string_view prefix,
                                                        std::string_view after,
                                                        std::size_t count_max,
                                                        const Interrupt& interrupt);

  // Whether of several who make one blob at once exactly one wins, as far as trying shows: that a
  // place has one order of what is done to it is what its users are told apart by. Asked where a
  // store is made on it, moves there or adopts it; may take a second, and leaves nothing behind.
  // True where only one process can have it.
  virtual Result<bool> creates_are_atomic();
  // Somebody has found the blobs to be his alone: what earlier ones began and did not end may go.
  // Does what it can.
  virtual void clear_leftovers();

  // What it counts, and what lies below it does, in Prometheus text; a store's own metrics end with
  // it. Empty where nothing is counted.
  virtual std::string metrics_text() const;
};

}  // namespace spind
