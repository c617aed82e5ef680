#include "json.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>

#include "text.h"

using spind::tool::human_bytes;
using spind::tool::json_string;
using spind::tool::JsonObject;
using spind::tool::printable;
using spind::tool::utf8_length;

TEST_CASE("json: fields come in the order in which they were added") {
  JsonObject inner;
  inner.null("nothing");
  const std::string line = JsonObject()
                               .text("a", "x")
                               .number("b", std::numeric_limits<std::uint64_t>::max())
                               .number("c", std::int64_t{-5})
                               .flag("d", true)
                               .object("e", inner)
                               .list("f", {inner, JsonObject()})
                               .line();
  CHECK(line == R"({"a":"x","b":18446744073709551615,"c":-5,"d":true,"e":{"nothing":null},)"
                R"("f":[{"nothing":null},{}]})"
                "\n");
}

TEST_CASE("json: quotes, backslashes and control characters are escaped") {
  CHECK(json_string("a\"b\\c") == R"("a\"b\\c")");
  CHECK(json_string("\n\r\t") == R"("\n\r\t")");
  CHECK(json_string(std::string("\0\x1f\x7f", 3)) == R"("\u0000\u001f\u007f")");
}

TEST_CASE("json: UTF-8 stays as it is") {
  const std::string text = "Schließfach · 鍵 · 🔑";
  CHECK(json_string(text) == "\"" + text + "\"");
}

TEST_CASE("json: each byte that is no UTF-8 becomes the replacement character") {
  const std::string replaced = "\xef\xbf\xbd";
  CHECK(json_string("a\xff"
                    "b") == "\"a" + replaced + "b\"");
  CHECK(json_string("\xc3") == "\"" + replaced + "\"");                                // cut off
  CHECK(json_string("\xc0\xaf") == "\"" + replaced + replaced + "\"");                 // overlong
  CHECK(json_string("\xed\xa0\x80") == "\"" + replaced + replaced + replaced + "\"");  // surrogate
}

TEST_CASE("text: the length of a UTF-8 character is told from all of its bytes") {
  CHECK(utf8_length("a") == 1);
  CHECK(utf8_length("ü") == 2);
  CHECK(utf8_length("€uro") == 3);
  CHECK(utf8_length("🔑") == 4);
  for (const char* text : {"", "\x80", "\xc3", "\xc3(", "\xe0\x80\x80", "\xf0\x80\x80\x80",
                           "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe2\x82"}) {
    CHECK(utf8_length(text) == 0);
  }
}

TEST_CASE("text: a name cannot steer the terminal") {
  CHECK(printable("plain ü") == "plain ü");
  CHECK(printable("a\x1b[2Jb\n") == "a\\x1b[2Jb\\x0a");
  CHECK(printable("\xc2\x9b"
                  "31m") == "\\xc2\\x9b31m");  // U+009B begins a sequence too
  CHECK(printable("\xff") == "\\xff");
}

TEST_CASE("text: sizes for people") {
  CHECK(human_bytes(0) == "0 B");
  CHECK(human_bytes(1023) == "1023 B");
  CHECK(human_bytes(1024) == "1.0 KiB");
  CHECK(human_bytes((1u << 20) - 1) == "1.0 MiB");
  CHECK(human_bytes(std::numeric_limits<std::uint64_t>::max()) == "16.0 EiB");
}
