// What a repair could not make good: a note that says so, and the row itself where it had to be
// taken from its place. README.md has the bytes.
//
// A note lies in the partition of what it is about, a space or a vault's bucket, under the kind of
// finding and its subject: the key of a row, the number of a node, the id of a piece.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "spind/result.h"
#include "spind/types.h"

namespace spind::model {

struct AsideRecord {
  NodeId node = 0;                 // 0: not about one node
  std::string text;                // of the finding
  std::uint8_t family = 0;         // of the row, as kv::Family counts
  std::optional<std::string> row;  // its value; its key is the subject. None: nothing was taken
  bool operator==(const AsideRecord&) const = default;
};

std::string asides_prefix(std::string_view partition);
std::string aside_key(std::string_view partition, std::string_view kind, std::string_view subject);
// The kind in a key that was found below asides_prefix(partition); empty if it is no such key.
std::string_view kind_in_aside_key(std::string_view partition, std::string_view key);

std::string encode(const AsideRecord& record);
Result<AsideRecord> decode_aside(std::string_view bytes);

}  // namespace spind::model
