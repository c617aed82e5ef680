#include "args.h"

#include <charconv>
#include <limits>

namespace spind::tool {
namespace {

Error wrong(std::string text) {
  return Error{.code = Code::invalid_argument, .text = std::move(text)};
}

const Option* find_name(std::span<const Option> known, std::string_view name) {
  for (const Option& option : known) {
    if (option.name == name) return &option;
  }
  return nullptr;
}

const Option* find_letter(std::span<const Option> known, char letter) {
  for (const Option& option : known) {
    if (option.letter == letter) return &option;
  }
  return nullptr;
}

// The shift that a suffix stands for, or -1.
int suffix_shift(std::string_view suffix) {
  if (suffix.empty() || suffix == "B") return 0;
  const std::string_view rest = suffix.substr(1);
  if (!rest.empty() && rest != "B" && rest != "iB") return -1;
  switch (suffix.front()) {
    case 'k':
    case 'K': return 10;
    case 'm':
    case 'M': return 20;
    case 'g':
    case 'G': return 30;
    case 't':
    case 'T': return 40;
    default: return -1;
  }
}

}  // namespace

Result<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const std::from_chars_result parsed = std::from_chars(text.data(), end, value);
  if (text.empty() || parsed.ec != std::errc() || parsed.ptr != end) {
    return wrong("not a number: '" + std::string(text) + "'");
  }
  return value;
}

Result<std::uint64_t> parse_bytes(std::string_view text) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const Result<std::uint64_t> number = parse_number(text.substr(0, digits));
  const int shift = suffix_shift(text.substr(digits));
  if (!number.ok() || shift < 0) {
    return wrong("not a size: '" + std::string(text) + "' (as 1048576, 64M or 2GiB)");
  }
  if (*number > std::numeric_limits<std::uint64_t>::max() >> shift) {
    return wrong("too large: '" + std::string(text) + "'");
  }
  return *number << shift;
}

Result<std::uint64_t> parse_rate(const std::optional<std::string>& value, std::string_view name) {
  if (!value) return std::uint64_t{0};
  const Result<std::uint64_t> bytes = parse_bytes(*value);
  if (bytes.ok() && *bytes != 0) return *bytes;
  return wrong("--" + std::string(name) + " is a number of bytes, as 20M");
}

Status Args::take_long(std::span<const std::string> words, std::size_t& at,
                       std::span<const Option> known) {
  const std::string_view word = std::string_view(words[at]).substr(2);
  const std::size_t equals = word.find('=');
  const std::string_view name = word.substr(0, equals);
  const Option* option = find_name(known, name);
  if (option == nullptr) return wrong("no such option: --" + std::string(name));
  if (option->value.empty()) {
    if (equals != word.npos) return wrong("--" + std::string(name) + " takes no value");
    values_[std::string(name)] = "";
    return {};
  }
  if (equals != word.npos) {
    values_[std::string(name)] = word.substr(equals + 1);
    return {};
  }
  if (++at == words.size()) {
    return wrong("--" + std::string(name) + " needs a value: " + std::string(option->value));
  }
  values_[std::string(name)] = words[at];
  return {};
}

Status Args::take_letters(std::span<const std::string> words, std::size_t& at,
                          std::span<const Option> known) {
  const std::string& word = words[at];
  for (std::size_t i = 1; i < word.size(); ++i) {
    const Option* option = find_letter(known, word[i]);
    if (option == nullptr) return wrong(std::string("no such option: -") + word[i]);
    std::string& value = values_[std::string(option->name)];
    if (option->value.empty()) continue;
    if (i + 1 < word.size()) {
      value = word.substr(i + 1);
    } else if (++at < words.size()) {
      value = words[at];
    } else {
      return wrong(std::string("-") + option->letter +
                   " needs a value: " + std::string(option->value));
    }
    return {};
  }
  return {};
}

Result<Args> Args::parse_leading(std::span<const std::string> words, std::span<const Option> known,
                                 std::size_t* consumed) {
  Args args;
  std::size_t at = 0;
  for (; at < words.size(); ++at) {
    const std::string& word = words[at];
    if (word.size() < 2 || word.front() != '-' || word == "--") break;
    Status taken = word.starts_with("--") ? args.take_long(words, at, known)
                                          : args.take_letters(words, at, known);
    if (!taken.ok()) return std::move(taken).error();
  }
  *consumed = at;
  return args;
}

Result<Args> Args::parse(std::span<const std::string> words, std::span<const Option> known) {
  Args args;
  while (!words.empty()) {
    std::size_t consumed = 0;
    Result<Args> options = parse_leading(words, known, &consumed);
    if (!options.ok()) return std::move(options).error();
    for (auto& [name, value] : options->values_) args.values_[name] = value;
    words = words.subspan(consumed);
    if (words.empty()) break;
    if (words.front() == "--") {
      args.operands_.insert(args.operands_.end(), words.begin() + 1, words.end());
      break;
    }
    args.operands_.push_back(words.front());
    words = words.subspan(1);
  }
  return args;
}

std::optional<std::string> Args::value(std::string_view name) const {
  const auto found = values_.find(name);
  if (found == values_.end()) return std::nullopt;
  return found->second;
}

std::string Args::value_or(std::string_view name, std::string_view otherwise) const {
  const auto found = values_.find(name);
  return found == values_.end() ? std::string(otherwise) : found->second;
}

Result<std::optional<std::uint64_t>> Args::number(std::string_view name) const {
  const std::optional<std::string> text = value(name);
  if (!text) return std::optional<std::uint64_t>();
  const Result<std::uint64_t> number = parse_number(*text);
  if (!number.ok()) return wrong("--" + std::string(name) + ": " + number.error().text);
  return std::optional<std::uint64_t>(*number);
}

void Args::merge(const Args& other) { values_.insert(other.values_.begin(), other.values_.end()); }

}  // namespace spind::tool
