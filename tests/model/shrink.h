// Makes a failing run shorter, and keeps it.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <vector>

#include "model/op.h"

namespace spind::test {

// Leaves out steps, halves first and then ever smaller parts, and sets their numbers to zero, as
// long as `fails` still holds, for at most `limit`.
std::vector<Op> shrink(std::vector<Op> steps,
                       const std::function<bool(const std::vector<Op>&)>& fails,
                       std::chrono::seconds limit);

// One step a line; lines that begin with '#' say what it is.
void write_steps(const std::filesystem::path& file, const std::vector<Op>& steps,
                 const std::string& comment);
// Throws if a line is not a step.
std::vector<Op> read_steps(const std::filesystem::path& file);

}  // namespace spind::test
