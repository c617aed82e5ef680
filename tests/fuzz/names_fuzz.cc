// Names and paths: whatever is accepted is a name that a folder can hold, and nothing leads out.
#include <string>

#include "base/limits.h"
#include "base/utf8.h"
#include "fuzz/fuzz.h"
#include "space/resolve.h"

namespace {

using spind::fuzz::require;

void check_accepted(std::string_view name) {
  require(!name.empty() && name.size() <= spind::kNameBytesMax);
  require(name != "." && name != "..");
  require(spind::valid_utf8(name));
  for (const char c : name) require(c != '/' && static_cast<std::uint8_t>(c) >= 0x20 && c != 0x7f);
  const std::string folded = spind::name_fold(name);
  require(folded.size() <= 18 * name.size() && spind::valid_utf8(folded));
  require(spind::name_fold(folded) == folded);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = spind::fuzz::text(data, size);
  if (spind::space::check_name(input).ok()) check_accepted(input);
  (void)spind::name_fold(input);

  const spind::Ref ref(input);
  const auto names = spind::space::split_path(ref);
  if (!names.ok()) return 0;
  require(input.size() <= spind::kPathBytesMax);
  std::string joined;
  for (const std::string_view name : *names) {
    check_accepted(name);
    require(spind::space::check_name(name).ok());
    joined += '/';
    joined += name;
  }
  const spind::Ref again(joined);
  const auto same = spind::space::split_path(again);
  require(same.ok() && *same == *names);
  return 0;
}
