// Passes an error up: the two lines that every fallible call would otherwise need.
//
//   SPIND_TRY(file->sync());
//   SPIND_TRY_ASSIGN(auto size, file->size());
#pragma once

#include "spind/result.h"

#define SPIND_JOIN_INNER(a, b) a##b
#define SPIND_JOIN(a, b) SPIND_JOIN_INNER(a, b)

#define SPIND_TRY(expression)                                      \
  do {                                                             \
    if (auto try_status = (expression); !try_status.ok())          \
      return std::move(try_status).error();                        \
  } while (false)

#define SPIND_TRY_ASSIGN_NAMED(name, target, expression)           \
  auto name = (expression);                                        \
  if (!name.ok()) return std::move(name).error();                  \
  target = std::move(name).value()

#define SPIND_TRY_ASSIGN(target, expression) \
  SPIND_TRY_ASSIGN_NAMED(SPIND_JOIN(try_result_, __LINE__), target, expression)
