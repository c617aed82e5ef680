// What every layer over one store hands down to it, so that none forgets to. `Face` is what the
// layer shows of itself beside the blobs.
#pragma once

#include <string>
#include <utility>

#include "spind/blob_layers.h"

namespace spind {

template <class Face = BlobStore>
class BlobsOver : public Face {
 public:
  void suspect(std::string_view name, const BlobJudge& judge, const Interrupt& interrupt) override {
    under_->suspect(name, judge, interrupt);
  }
  Result<bool> creates_are_atomic() override { return under_->creates_are_atomic(); }
  void clear_leftovers() override { under_->clear_leftovers(); }
  std::string metrics_text() const override { return under_->metrics_text(); }

 protected:
  explicit BlobsOver(BlobStorePtr under) : under_(std::move(under)) {}

  const BlobStorePtr under_;
};

}  // namespace spind
