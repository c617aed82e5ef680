// From the caller's bytes to a commit: what put, put_local_file and Writer share.
#pragma once

#include "engine/engine.h"
#include "spind/space.h"

namespace spind::engine {

// The checksums to compute: those that are wanted and those that are given.
std::uint8_t wanted_checksums(const PutOptions& options);

// Checks early, and begins an upload of content of unknown size.
Result<std::unique_ptr<content::Upload>> begin_upload(const SpaceState& space, const Ref& file,
                                                      const PutOptions& options);

Result<Written> put_bytes(const SpaceState& space, const Ref& file, Bytes bytes,
                          const PutOptions& options);
Result<Written> put_stream(const SpaceState& space, const Ref& file, const ByteSource& source,
                           const PutOptions& options);
Result<Written> put_local_file(const SpaceState& space, const Ref& file,
                               const std::string& local_path, PutOptions options);
Result<Written> commit_upload(const SpaceState& space, const Ref& file, const PutOptions& options,
                              content::Upload& upload);

}  // namespace spind::engine
