// What a body has written so far: the batch to be, and the overlay through which it reads its own
// writes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "kv/kv.h"

namespace spind::kv {

// One thread at a time. Views that it gives out live as long as it does.
class WriteSet {
 public:
  struct Write {
    Family family;
    bool erased;
    bool announced;
    std::string_view key;
    std::string_view value;
  };

  // Copies key and value; replaces what was written to the key before. Once announced, a key stays
  // so: the observer must hear its last value.
  void put(Family family, std::string_view key, std::string_view value, bool announced);
  void erase(Family family, std::string_view key, bool announced);

  // All of the other's, over what was written before.
  void add(const WriteSet& later);

  const Write* find(Family family, std::string_view key) const;
  // The writes to keys k with begin <= k < end, in key order.
  std::vector<Write> between(Family family, std::string_view begin, std::string_view end) const;

  // All writes by family and key, with the memory that they lie in. The set is empty after.
  struct Sorted {
    std::vector<Write> writes;
    std::vector<std::unique_ptr<char[]>> chunks;
    // Those to keys k with begin <= k < end.
    std::span<const Write> between(Family family, std::string_view begin,
                                   std::string_view end) const;
  };
  Sorted take_sorted();

  // One a key, in the order in which keys were first written.
  std::span<const Write> writes() const { return writes_; }
  bool empty() const { return writes_.empty(); }
  std::size_t size_bytes() const { return size_bytes_; }
  // What all of it takes, about.
  std::size_t memory_bytes() const { return size_bytes_ + writes_.size() * kWriteMemoryBytes; }
  std::vector<Row> announced_rows() const;
  void clear();

 private:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  // Beside key and value: in the list twice while it grows, in the index, and by family.
  static constexpr std::size_t kWriteMemoryBytes = 2 * sizeof(Write) + 4 * sizeof(std::uint32_t);

  void set(const Write& write);
  std::size_t position(Family family, std::string_view key) const;
  void index(std::size_t position);
  void rebuild_index(std::size_t buckets);
  std::string_view keep(std::string_view bytes);

  std::vector<Write> writes_;
  // An index once there are more than a few: positions + 1, open addressing; and by family.
  std::vector<std::uint32_t> buckets_;
  std::vector<std::uint32_t> of_family_[kFamilyCount];
  std::vector<std::unique_ptr<char[]>> chunks_;
  char* free_ = nullptr;
  std::size_t free_bytes_ = 0;
  std::size_t size_bytes_ = 0;
};

}  // namespace spind::kv
