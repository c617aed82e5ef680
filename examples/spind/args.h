// What stands on the command line: options and operands.
//
//   constexpr Option kOptions[] = {{"recursive", 'r', "", "whole folders"},
//                                  {"version", 0, "N", "an earlier version"}};
//   Result<Args> args = Args::parse(words, kOptions);
//   if (args->has("recursive")) ...
//   Result<std::optional<std::uint64_t>> version = args->number("version");
//
// "--name value", "--name=value", "-r", "-lr" and "--", after which all are operands. "-" alone is
// an operand.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "spind/result.h"

namespace spind::tool {

struct Option {
  std::string_view name;   // without the dashes
  char letter = 0;         // 0: there is no short form
  std::string_view value;  // what the value is called in the usage; empty: the option has none
  std::string_view help;
};

// "10", "64K", "512M", "2G", "1T" or "64MiB", in powers of 1024.
Result<std::uint64_t> parse_bytes(std::string_view text);
// The value of --rate or its like, not 0; 0, for no limit, if there is none.
Result<std::uint64_t> parse_rate(const std::optional<std::string>& value,
                                 std::string_view name = "rate");
Result<std::uint64_t> parse_number(std::string_view text);

class Args {
 public:
  // Reads all of `words`. Errors are invalid_argument and say which word is wrong.
  static Result<Args> parse(std::span<const std::string> words, std::span<const Option> known);
  // Reads options up to the first operand, and tells where that stands.
  static Result<Args> parse_leading(std::span<const std::string> words,
                                    std::span<const Option> known, std::size_t* consumed);

  bool has(std::string_view name) const { return values_.find(name) != values_.end(); }
  // The last one given.
  std::optional<std::string> value(std::string_view name) const;
  std::string value_or(std::string_view name, std::string_view otherwise) const;
  Result<std::optional<std::uint64_t>> number(std::string_view name) const;
  const std::vector<std::string>& operands() const { return operands_; }
  // Options of `other` are added where this has none.
  void merge(const Args& other);

 private:
  Status take_long(std::span<const std::string> words, std::size_t& at,
                   std::span<const Option> known);
  Status take_letters(std::span<const std::string> words, std::size_t& at,
                      std::span<const Option> known);

  std::map<std::string, std::string, std::less<>> values_;
  std::vector<std::string> operands_;
};

}  // namespace spind::tool
