#include <algorithm>
#include <limits>
#include <vector>

#include "commands.h"

namespace spind::tool {
namespace {

constexpr std::size_t kBufferBytes = 1 << 20;

struct Range {
  std::uint64_t offset = 0;
  std::uint64_t length = std::numeric_limits<std::uint64_t>::max();
};

Result<Range> parse_range(const Args& args) {
  Range range;
  const Result<std::optional<std::uint64_t>> offset = args.number("offset");
  if (!offset.ok()) return offset.error();
  const Result<std::optional<std::uint64_t>> length = args.number("length");
  if (!length.ok()) return length.error();
  range.offset = offset->value_or(range.offset);
  range.length = length->value_or(range.length);
  return range;
}

Status copy_range(Tool& tool, const Reader& reader, Range range) {
  std::vector<std::uint8_t> buffer(kBufferBytes);
  while (range.length > 0 && !tool.out().failed()) {
    const auto wanted =
        static_cast<std::size_t>(std::min<std::uint64_t>(range.length, buffer.size()));
    const Result<std::size_t> got =
        reader.read_at(range.offset, std::span(buffer).subspan(0, wanted));
    if (!got.ok()) return got.error();
    if (*got == 0) break;
    tool.out().write(std::string_view(reinterpret_cast<const char*>(buffer.data()), *got));
    range.offset += *got;
    range.length -= *got;
  }
  return {};
}

// The whole of it, which the reader reads ahead.
Status copy_all(Tool& tool, Reader& reader) {
  std::vector<std::uint8_t> buffer(kBufferBytes);
  while (!tool.out().failed()) {
    const Result<std::size_t> got = reader.read(buffer);
    if (!got.ok()) return got.error();
    if (*got == 0) break;
    tool.out().write(std::string_view(reinterpret_cast<const char*>(buffer.data()), *got));
  }
  return {};
}

}  // namespace

Exit run_cat(Tool& tool) {
  tool.keep_stdout_for_content();
  const Result<std::optional<std::uint64_t>> version = tool.args().number("version");
  if (!version.ok()) return tool.usage(version.error().text);
  const Result<Range> range = parse_range(tool.args());
  if (!range.ok()) return tool.usage(range.error().text);
  const Result<Target> target = tool.target(tool.operand(0));
  if (!target.ok()) return tool.fail(target.error());
  Result<Reader> reader = target->space.reader(target->ref, {.version = *version});
  if (!reader.ok()) return tool.fail(reader.error());
  const bool is_whole = !tool.args().has("offset") && !tool.args().has("length");
  const Status copied = is_whole ? copy_all(tool, *reader) : copy_range(tool, *reader, *range);
  return copied.ok() ? Exit::done : tool.fail(copied.error());
}

}  // namespace spind::tool
