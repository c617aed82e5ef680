#include "support/harness.h"

#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <fstream>
#include <random>
#include <stdexcept>
#include <vector>

namespace spind::test {
namespace {

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

std::uint64_t first_seed() {
  const std::string_view text = environment("SPIND_SEED");
  if (text.empty()) return std::random_device()();
  std::uint64_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size())
    throw std::invalid_argument("SPIND_SEED is not a number: " + std::string(text));
  return value;
}

}  // namespace

Effort effort() {
  const std::string_view text = environment("SPIND_EFFORT");
  if (text.empty() || text == "ci") return Effort::ci;
  if (text == "fast") return Effort::fast;
  if (text == "long") return Effort::long_form;
  throw std::invalid_argument("SPIND_EFFORT is not fast, ci or long: " + std::string(text));
}

std::uint64_t scaled(std::uint64_t fast, std::uint64_t ci, std::uint64_t long_form) {
  switch (effort()) {
    case Effort::fast: return fast;
    case Effort::ci: return ci;
    case Effort::long_form: break;
  }
  return long_form;
}

std::uint64_t seed() {
  static const std::uint64_t value = first_seed();
  return value;
}

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "spind-test-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr)
    throw std::runtime_error("cannot make a temporary folder: " + pattern);
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void write_report(std::string_view name, std::string_view json) {
  const std::string_view chosen = environment("SPIND_REPORTS");
  const std::filesystem::path folder = chosen.empty() ? "build/reports" : chosen;
  std::filesystem::create_directories(folder);
  const std::filesystem::path target = folder / name;
  const std::filesystem::path draft = target.string() + ".part";
  {
    std::ofstream out(draft, std::ios::trunc);
    out << json << "\n";
    if (!out.flush()) throw std::runtime_error("cannot write " + draft.string());
  }
  std::filesystem::rename(draft, target);
}

}  // namespace spind::test
