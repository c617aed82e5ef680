// Whether a bucket lets one of several creates of one name win, and only one, as far as trying
// shows.
#pragma once

#include <string>

#include "blob/s3/s3_blob_store.h"

namespace spind::s3 {

inline constexpr std::size_t kRacers = 8;

// A folder that nobody else has, for what is put to find something out.
std::string probe_folder_name();

// Names of what races in `folder` make; who lets them run removes them.
std::vector<std::string> race_names(const std::string& folder, std::size_t rounds);

// How many of so many races did not have exactly one winner, whose bytes are there then.
// unsupported: the server does not know such creates.
Result<std::size_t> count_broken_races(ObjectStore& store, const std::vector<std::string>& names);

}  // namespace spind::s3
