// What the processors can do with the bytes of a file, all of them at once, if nothing else had to
// be done: the limit beside which an encrypted put and get are measured. MiB a second.
#pragma once

#include <filesystem>

namespace spind::bench {

// SHA-256, zstd at its first level, and AES-256-GCM of what is left, in frames of 256 KiB.
double seal_rate(const std::filesystem::path& file);
// The way back: AES-256-GCM and zstd.
double open_rate(const std::filesystem::path& file);

}  // namespace spind::bench
