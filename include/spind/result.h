// Result<T> holds a T or an Error; Status holds nothing or an Error.
//
//   spind::Result<spind::NodeInfo> info = space.stat("/homework/essay.odt");
//   if (info.ok()) use(info->size_bytes);
//   else if (info.code() == spind::Code::not_found) ...
#pragma once

#include <cassert>
#include <memory>
#include <type_traits>
#include <utility>
#include <variant>

#include "spind/error.h"

namespace spind {

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::make_unique<Error>(std::move(error))) {}
  template <class U>
  requires(std::is_convertible_v<U&&, T> && !std::is_same_v<std::remove_cvref_t<U>, T> &&
           !std::is_same_v<std::remove_cvref_t<U>, Error> &&
           !std::is_same_v<std::remove_cvref_t<U>, Result>) Result(U&& value)
      : state_(std::in_place_index<0>, std::forward<U>(value)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  Code code() const { return ok() ? Code::ok : error().code; }

  // Only when ok(). Out of a temporary they give the value itself, so that `f().value().part` lives
  // as long as what is bound to it: in the head of a loop, to the end of the loop.
  T& value() & { return *std::get_if<0>(&checked(true)); }
  const T& value() const& { return *std::get_if<0>(&checked(true)); }
  T value() && { return std::move(*std::get_if<0>(&checked(true))); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T operator*() && { return std::move(*this).value(); }

  // Only when not ok().
  const Error& error() const& { return **std::get_if<1>(&checked(false)); }
  Error&& error() && { return std::move(**std::get_if<1>(&checked(false))); }

 private:
  using State = std::variant<T, std::unique_ptr<Error>>;
  State& checked(bool want_value) {
    assert(ok() == want_value);
    (void)want_value;
    return state_;
  }
  const State& checked(bool want_value) const {
    assert(ok() == want_value);
    (void)want_value;
    return state_;
  }
  State state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::make_unique<Error>(std::move(error))) {}

  bool ok() const { return error_ == nullptr; }
  explicit operator bool() const { return ok(); }
  Code code() const { return ok() ? Code::ok : error_->code; }

  // Only when not ok().
  const Error& error() const& { return *error_; }
  Error&& error() && { return std::move(*error_); }

 private:
  std::unique_ptr<Error> error_;
};

using Status = Result<void>;

}  // namespace spind
