// Whether a place can hold a store's bytes, before anything depends on it.
//
//   for (const spind::ProbeFinding& row : spind::probe_s3(options))
//     if (!row.ok) std::cout << row.check << ": " << row.finding << "; " << row.advice << "\n";
//
// A probe writes a few small things of its own, below names that nobody else has, and removes them.
#pragma once

#include <string>
#include <vector>

#include "spind/s3.h"

namespace spind {

struct ProbeFinding {
  std::string check{};  // one word, as "conditional_put"
  bool ok = false;
  std::string finding{};  // what was seen
  std::string advice{};   // what to do about it; empty where nothing is to be done
};

// reach, list, put, get, range, conditional_put (several creates of one name race), parts, remove,
// remove_many, unfinished_uploads, versioning, object_lock (ok also where neither key nor server can
// tell), clock. Where the bucket cannot be reached, only that. Leaves alone what others have begun
// in parts; a bucket that keeps versions keeps those of what the probe wrote.
SPIND_EXPORT std::vector<ProbeFinding> probe_s3(const S3Options& options);

// folder, file_system (one in memory or over a network is none), write, rename, lock, sync,
// free_space, inodes. Where the folder cannot be used, only that.
SPIND_EXPORT std::vector<ProbeFinding> probe_folder(const std::string& folder);

}  // namespace spind
