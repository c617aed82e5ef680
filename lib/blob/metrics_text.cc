#include "blob/metrics_text.h"

#include <algorithm>

namespace spind {
namespace {

constexpr std::string_view kHelp = "# HELP ", kType = "# TYPE ";

// The word at the front of what is behind `skipped` characters.
std::string_view word_in(std::string_view line, std::size_t skipped) {
  line.remove_prefix(std::min(skipped, line.size()));
  return line.substr(0, line.find_first_of(" {"));
}

std::string with_label(std::string_view sample, std::string_view label) {
  if (label.empty()) return std::string(sample);
  const std::size_t name_end = word_in(sample, 0).size();
  const bool has_labels = name_end < sample.size() && sample[name_end] == '{';
  std::string out(sample.substr(0, name_end));
  out.append("{").append(label).append(has_labels ? "," : "}");
  return out.append(sample.substr(name_end + (has_labels ? 1 : 0)));
}

bool has_series(std::string_view samples, std::string_view series) {
  return samples.starts_with(series) || samples.find("\n" + std::string(series)) != samples.npos;
}

}  // namespace

MetricsText::Family& MetricsText::family(std::string_view name) {
  const auto same = [&](const Family& family) { return family.name == name; };
  const auto found = std::find_if(families_.begin(), families_.end(), same);
  last_ = static_cast<std::size_t>(found - families_.begin());
  if (found == families_.end()) families_.push_back({std::string(name), {}, {}});
  return families_[last_];
}

void MetricsText::add(std::string_view text, std::string_view label) {
  bool headed = false;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const std::string_view kind = line.substr(0, kHelp.size());
    if (kind == kHelp || kind == kType) {
      headed = true;
      Family& to = family(word_in(line, kind.size()));
      // One that came before stays the only one.
      if (to.head.find(kind) == to.head.npos) to.head.append(line).append("\n");
    } else if (!line.empty() && !line.starts_with('#')) {
      // Samples of a histogram have longer names than its head.
      Family& to = headed ? families_[last_] : family(word_in(line, 0));
      const std::string sample = with_label(line, label);
      // Two layers with one name count alike; the outer one, which came before, stays.
      if (!has_series(to.samples, std::string_view(sample).substr(0, sample.rfind(' ') + 1)))
        to.samples.append(sample).append("\n");
    }
  }
}

void MetricsText::head(std::string_view name, std::string_view help, std::string_view type) {
  Family& to = family(name);
  to.head.append(kHelp).append(name).append(" ").append(help).append("\n");
  to.head.append(kType).append(name).append(" ").append(type).append("\n");
}

void MetricsText::sample(std::string_view labels, std::uint64_t value) {
  Family& to = families_[last_];
  to.samples.append(to.name).append(labels).append(" ").append(std::to_string(value)).append("\n");
}

std::string MetricsText::text() const {
  std::string out;
  for (const Family& family : families_) out.append(family.head).append(family.samples);
  return out;
}

}  // namespace spind
