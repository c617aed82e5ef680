#include "model/model_rules.h"

#include "base/limits.h"
#include "base/utf8.h"

namespace spind::test {
namespace {

void judge(const std::string& name, std::set<Code>& problems) {
  if (name.size() > kNameBytesMax) problems.insert(Code::name_too_long);
  const bool special = name.empty() || name == "." || name == "..";
  bool control = false;
  for (const char byte : name) {
    const auto value = static_cast<unsigned char>(byte);
    control = control || value < 0x20 || value == 0x7f;
  }
  if (special || control || !valid_utf8(name)) problems.insert(Code::invalid_argument);
}

}  // namespace

std::vector<std::string> path_parts(std::string_view path, std::set<Code>& problems) {
  if (path.size() > kPathBytesMax) problems.insert(Code::name_too_long);
  if (!path.empty() && path.front() == '/') path.remove_prefix(1);
  std::vector<std::string> parts;
  if (path.empty()) return parts;
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    parts.emplace_back(path.substr(at, end - at));
    judge(parts.back(), problems);
    at = end + 1;
  }
  if (parts.size() > kDepthMax) problems.insert(Code::limit_exceeded);
  return parts;
}

bool names_collide(NameRule rule, const std::string& a, const std::string& b) {
  return a == b || (rule == NameRule::folded && name_fold(a) == name_fold(b));
}

}  // namespace spind::test
