#include "blob/blob_name.h"

#include <string>

namespace spind {
namespace {

bool allowed(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' ||
         c == '/';
}

Error refusal(std::string_view why, std::string_view name) {
  return Error{Code::invalid_argument, std::string(why),
               std::string(name.substr(0, kBlobNameBytesMax))};
}

}  // namespace

Status check_blob_name(std::string_view name) {
  if (name.empty() || name.size() > kBlobNameBytesMax)
    return refusal("a blob's name has 1 to 200 characters", name);
  char before = '/';
  for (const char c : name) {
    if (!allowed(c)) return refusal("a character that no blob's name may have", name);
    // At the start of a part: no empty part, and none that begins with '.', such as "..".
    if (before == '/' && (c == '/' || c == '.'))
      return refusal("a part of a blob's name that is empty or begins with '.'", name);
    before = c;
  }
  if (before == '/') return refusal("a blob's name that ends with '/'", name);
  return {};
}

bool may_hold_listed(std::string_view folder, std::string_view prefix, std::string_view after) {
  if (!folder.starts_with(prefix) && !prefix.starts_with(folder)) return false;
  return folder > after || after.starts_with(folder);
}

}  // namespace spind
