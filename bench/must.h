// A benchmark that meets an error has nothing to say but that error.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include "spind/result.h"

namespace spind::bench {

[[noreturn]] inline void give_up(const std::string& what, const std::string& why) {
  std::fprintf(stderr, "spind-bench: %s: %s\n", what.c_str(), why.c_str());
  std::exit(1);
}

template <class T>
T must(Result<T> result, const char* what) {
  if (!result.ok()) give_up(what, result.error().to_string());
  if constexpr (!std::is_void_v<T>) return std::move(result).value();
}

}  // namespace spind::bench
