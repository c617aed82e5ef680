// Passes an error up: the two lines that every fallible call would otherwise need.
//
//   SPIND_TRY(file->sync());
//   SPIND_TRY_ASSIGN(auto size, file->size());
#pragma once

#include "spind/result.h"

#define SPIND_JOIN_INNER(a, b) a##b
#define SPIND_JOIN(a, b) SPIND_JOIN_INNER(a, b)

// The names are counted, so that a lambda in the expression may use these macros as well.
#define SPIND_TRY_NAMED(name, ...)                                             \
  do {                                                                         \
    if (auto name = (__VA_ARGS__); !name.ok()) return std::move(name).error(); \
  } while (false)

#define SPIND_TRY_ASSIGN_NAMED(name, target, ...) \
  auto name = (__VA_ARGS__);                      \
  if (!name.ok()) return std::move(name).error(); \
  target = std::move(name).value()

#define SPIND_TRY(...) SPIND_TRY_NAMED(SPIND_JOIN(try_status_, __COUNTER__), __VA_ARGS__)

#define SPIND_TRY_ASSIGN(target, ...) \
  SPIND_TRY_ASSIGN_NAMED(SPIND_JOIN(try_result_, __COUNTER__), target, __VA_ARGS__)
