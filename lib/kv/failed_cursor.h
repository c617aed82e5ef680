// A cursor that ends before it begins, with an error.
#pragma once

#include <utility>

#include "kv/kv.h"

namespace spind::kv {

class FailedCursor final : public Cursor {
 public:
  explicit FailedCursor(Error error) : error_(std::move(error)) {}
  bool valid() const override { return false; }
  std::string_view key() const override { return {}; }
  std::string_view value() const override { return {}; }
  void next() override {}
  Status status() const override { return error_; }

 private:
  Error error_;
};

}  // namespace spind::kv
