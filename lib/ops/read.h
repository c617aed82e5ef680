// Opening the bytes of a file.
#pragma once

#include "ops/context.h"

namespace spind::ops {

struct OpenedFile {
  NodeInfo info;  // of the version that is read
  std::unique_ptr<content::Source> source;
  std::string name;  // for errors

  // corruption: names the file; the text names the version, and the piece if it has any.
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::uint8_t> out,
                              const Interrupt& interrupt) const;
};

// not_found: the file has no such version.
Result<OpenedFile> open_file(const Context& context, const Call& call, const SpaceId& space,
                             const Ref& file, const ReadOptions& options);

}  // namespace spind::ops
