// One JSON object, built field by field in the order of the calls.
//
//   out.write(JsonObject().text("event", "file").number("size", 12).flag("durable", true).line());
#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <vector>

namespace spind::tool {

// `text` as a JSON string, quotes included. JSON must be UTF-8, local file names need not be: each
// byte that is none becomes U+FFFD.
std::string json_string(std::string_view text);

// One thread at a time.
class JsonObject {
 public:
  JsonObject& text(std::string_view name, std::string_view value) {
    return raw(name, json_string(value));
  }
  JsonObject& number(std::string_view name, std::integral auto value) {
    return raw(name, std::to_string(value));
  }
  JsonObject& flag(std::string_view name, bool value) {
    return raw(name, value ? "true" : "false");
  }
  JsonObject& null(std::string_view name) { return raw(name, "null"); }
  JsonObject& object(std::string_view name, const JsonObject& value) {
    return raw(name, value.str());
  }
  JsonObject& list(std::string_view name, const std::vector<JsonObject>& values);
  // `json` must be a JSON value.
  JsonObject& raw(std::string_view name, std::string_view json);

  std::string str() const { return "{" + fields_ + "}"; }
  std::string line() const { return str() + "\n"; }

 private:
  std::string fields_;
};

}  // namespace spind::tool
