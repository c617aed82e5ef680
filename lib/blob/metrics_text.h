// Puts texts of metrics (Prometheus, 0.0.4) together: all samples of one name have to stand in one
// place, whoever counted them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace spind {

class MetricsText {
 public:
  // `label`, as `backend="north"`, is put before the labels of each sample, where it is not empty.
  void add(std::string_view text, std::string_view label = {});

  void head(std::string_view name, std::string_view help, std::string_view type);
  // Of the name whose head came last; `labels` as `{outcome="ok"}`, or empty.
  void sample(std::string_view labels, std::uint64_t value);

  std::string text() const;

 private:
  struct Family {
    std::string name, head, samples;
  };
  Family& family(std::string_view name);

  std::vector<Family> families_;
  std::size_t last_ = 0;
};

}  // namespace spind
