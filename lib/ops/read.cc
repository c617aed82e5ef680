#include "ops/read.h"

#include <fmt/format.h>

#include "base/try.h"
#include "space/resolve.h"

namespace spind::ops {
namespace {

// An earlier version.
Result<model::VersionRecord> find_version(space::Reading& reading, const model::NodeRecord& node,
                                          VersionNumber number, const Ref& ref) {
  SPIND_TRY_ASSIGN(auto version, reading.version(node.id, number));
  if (!version)
    return Error{.code = Code::not_found,
                 .text = fmt::format("the file has no version {}", number),
                 .path = ref.to_string()};
  return std::move(*version);
}

void describe(const model::VersionRecord& version, NodeInfo& info) {
  info.version = version.number;
  info.size_bytes = version.size_bytes;
  info.mtime_ns = version.mtime_ns;
  info.sha256 = version.sha256;
  info.checksums = version.checksums;
  info.author = version.author;
  info.changed = version.entry;
}

}  // namespace

Result<std::size_t> OpenedFile::read_at(std::uint64_t offset, std::span<std::uint8_t> out,
                                        const Interrupt& interrupt) const {
  auto got = source->read_at(offset, out, interrupt);
  if (got.code() != Code::corruption) return got;
  Error error = std::move(got).error();
  if (info.version > 0) error.text += fmt::format(": version {}", info.version);
  if (!error.path.empty()) error.text += ": " + error.path;
  error.path = name;
  return error;
}

Result<OpenedFile> open_file(const Context& context, const Call& call, const SpaceId& space,
                             const Ref& file, const ReadOptions& options) {
  SPIND_TRY_ASSIGN(Entered entered, enter(context, call, space));
  SPIND_TRY_ASSIGN(const space::Resolved at,
                   find(entered.reading, *entered.info, call, file, access::kInitiateFileDownload));
  const model::NodeRecord& node = *at.place.node;
  if (node.kind != NodeKind::file)
    return Error{
        .code = Code::is_a_folder, .text = "a folder has no content", .path = file.to_string()};
  OpenedFile opened{to_info(at.place, entered.info->history), nullptr, file.to_string()};
  model::VersionRecord version = node.current;
  if (options.version && *options.version != node.current.number) {
    SPIND_TRY(permit(call, *entered.info, at.way, node.id, access::kListFileVersions, file));
    SPIND_TRY_ASSIGN(version, find_version(entered.reading, node, *options.version, file));
    describe(version, opened.info);
  }
  SPIND_TRY_ASSIGN(opened.source, context.content.source(entered.reading.snapshot_ref(),
                                                         owner_of(*entered.info, space),
                                                         version.content, version.size_bytes));
  return opened;
}

}  // namespace spind::ops
