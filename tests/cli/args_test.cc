#include "args.h"

#include <doctest/doctest.h>

namespace {

using spind::Code;
using spind::Result;
using spind::tool::Args;
using spind::tool::Option;
using spind::tool::parse_bytes;

constexpr Option kOptions[] = {
    {"recursive", 'r', "", ""}, {"long", 'l', "", ""}, {"version", 'v', "N", ""}};

Result<Args> parse(std::vector<std::string> words) { return Args::parse(words, kOptions); }

}  // namespace

TEST_CASE("args: options and operands come in any order") {
  const Result<Args> args = parse({"a", "--recursive", "b", "--version", "3", "-l", "c"});
  REQUIRE(args.ok());
  CHECK(args->operands() == std::vector<std::string>{"a", "b", "c"});
  CHECK(args->has("recursive"));
  CHECK(args->has("long"));
  CHECK(args->value("version") == "3");
  CHECK(args->number("version").value() == 3);
}

TEST_CASE("args: a value stands behind '=', behind its letter, or in the next word") {
  CHECK(parse({"--version=7"})->value("version") == "7");
  CHECK(parse({"--version="})->value("version") == "");
  CHECK(parse({"-v7"})->value("version") == "7");
  CHECK(parse({"-v", "-7"})->value("version") == "-7");
  CHECK(parse({"-lrv7"})->value("version") == "7");
}

TEST_CASE("args: the last of several values counts") {
  CHECK(parse({"--version", "1", "--version=2"})->value("version") == "2");
}

TEST_CASE("args: '-' is an operand, and after '--' everything is") {
  CHECK(parse({"-", "--", "-l", "--", "x"})->operands() ==
        std::vector<std::string>{"-", "-l", "--", "x"});
}

TEST_CASE("args: what is wrong is said") {
  for (const std::vector<std::string>& words : {std::vector<std::string>{"--nope"},
                                                {"-x"},
                                                {"--recursive=1"},
                                                {"--version"},
                                                {"-v"},
                                                {"-lx"},
                                                {"--=1"}}) {
    const Result<Args> args = parse(words);
    CHECK(args.code() == Code::invalid_argument);
  }
  CHECK(parse({"--nope"}).error().text == "no such option: --nope");
  CHECK(parse({"--version", "x"})->number("version").code() == Code::invalid_argument);
  CHECK(parse({"--version", "18446744073709551616"})->number("version").code() ==
        Code::invalid_argument);
}

TEST_CASE("args: leading options end at the first operand") {
  std::size_t consumed = 0;
  const std::vector<std::string> words{"-l", "--version", "2", "put", "-r"};
  const Result<Args> args = Args::parse_leading(words, kOptions, &consumed);
  REQUIRE(args.ok());
  CHECK(consumed == 3);
  CHECK(args->has("long"));
  CHECK_FALSE(args->has("recursive"));
}

TEST_CASE("args: merging keeps what is there") {
  Args args = *parse({"--version=2"});
  args.merge(*parse({"--version=1", "-l"}));
  CHECK(args.value("version") == "2");
  CHECK(args.has("long"));
}

TEST_CASE("args: sizes have suffixes in powers of 1024 and never overflow") {
  CHECK(parse_bytes("0").value() == 0);
  CHECK(parse_bytes("1000").value() == 1000);
  CHECK(parse_bytes("12B").value() == 12);
  CHECK(parse_bytes("2k").value() == 2048);
  CHECK(parse_bytes("64MiB").value() == 64u << 20);
  CHECK(parse_bytes("3GB").value() == 3ull << 30);
  CHECK(parse_bytes("16T").value() == 16ull << 40);
  for (const char* text :
       {"", "K", "-1", "1.5G", "1X", "1KK", "1KiBs", "99999999999999999999", "16777216T", " 1"}) {
    CHECK(parse_bytes(text).code() == Code::invalid_argument);
  }
}
