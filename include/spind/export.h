// Marks what the shared library exports; all else is hidden.
#pragma once

#define SPIND_EXPORT __attribute__((visibility("default")))
