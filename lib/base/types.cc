#include "spind/types.h"

#include <fmt/format.h>

#include "base/hex.h"
#include "base/uuid.h"

namespace spind {

Result<SpaceId> SpaceId::parse(std::string_view text) {
  const auto uuid = parse_uuid(text);
  if (!uuid)
    return Error{.code = Code::invalid_argument,
                 .text = "not a space id (36 characters, as in 01932c4e-7d2a-7000-8000-…)",
                 .path = std::string(text.substr(0, 64))};
  return SpaceId{*uuid};
}

std::string SpaceId::to_string() const { return uuid_text(bytes); }

std::string to_hex(const Sha256& digest) { return to_hex(Bytes(digest)); }

std::string resource_id(const SpaceId& space, NodeId node) {
  return fmt::format("{}!{}", space.to_string(), node);
}

std::string Ref::to_string() const {
  if (start_ == kRootNode) return path_.empty() ? "/" : path_;
  if (path_.empty()) return fmt::format("!{}", start_);
  return fmt::format("!{}{}{}", start_, path_.front() == '/' ? "" : "/", path_);
}

std::string NodeInfo::etag() const { return fmt::format("\"{:016x}-{:x}\"", history, changed); }

}  // namespace spind
