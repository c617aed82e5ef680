// Properties: what a host or a client keeps beside a node, as values under keys. They stay with the
// node through renames, moves, the trash and new versions, and are part of what it was in the past.
//
//   space.set_properties("/essay.odt", {{"colour", "blue"}, {"draft", std::nullopt}}).value();
//   const std::vector<spind::Property> all = space.properties("/essay.odt").value();
//   space.add_tags("/essay.odt", {"german", "2026"}).value();
//   const spind::Page german = space.tagged("german").value();
//
// A tag is a property as well: its key is kTagPrefix with the tag, its value is empty. All nodes
// that have one are found without a walk.
//
// Favourites are no properties of a node but a person's own: nobody else sees them, the journal of
// the space neither.
#pragma once

#include <map>

#include "spind/options.h"

namespace spind {

inline constexpr std::string_view kTagPrefix = "tag:";

struct Property {
  std::string key{};    // 1 to 1,024 bytes of UTF-8 without control characters
  std::string value{};  // any bytes, at most 16 KiB
  bool operator==(const Property&) const = default;
};

// What properties are to be: a value, or none.
using PropertyChanges = std::map<std::string, std::optional<std::string>>;

struct PropertyOptions {
  Preconditions conditions{};
  std::string request_id{};
};

struct TaggedOptions {
  std::size_t count_max = 1000;  // 1 to 10,000
  std::string after{};           // PageOf::next of the page before
};

struct Favourite {
  SpaceId space{};
  NodeInfo node{};
};

}  // namespace spind
