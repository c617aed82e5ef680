// spind: the command line tool. Finds the command in the table (commands.cc), reads its options,
// and runs it.

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "commands.h"
#include "point.h"
#include "signals.h"

namespace spind::tool {
namespace {

// As many open files as the system lets us have: RocksDB and many files in flight need some.
void raise_open_files_limit() {
  ::rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = std::max(limit.rlim_cur, std::min<::rlim_t>(limit.rlim_max, 65'536));
  (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

// The command whose name stands at the front of `words`, and how many words that are.
const Command* find_command(std::span<const std::string> words, std::size_t* consumed) {
  for (const std::size_t count : {std::size_t{2}, std::size_t{1}}) {
    if (words.size() < count) continue;
    const std::string name = count == 2 ? words[0] + " " + words[1] : words[0];
    for (const Command& command : commands()) {
      if (command.name != name) continue;
      *consumed = count;
      return &command;
    }
  }
  return nullptr;
}

std::vector<Option> all_options(const Command& command) {
  std::vector<Option> out(command.options.begin(), command.options.end());
  const std::span<const Option> common = common_options();
  out.insert(out.end(), common.begin(), common.end());
  return out;
}

// Says what is wrong with the words themselves, before there is a command to run.
Exit wrong_usage(std::span<const std::string> words, const std::string& text, Output& out,
                 Output& err) {
  Args args;
  if (std::find(words.begin(), words.end(), "--json") != words.end()) {
    const std::string json[] = {"--json"};
    args = Args::parse(json, common_options()).value();
  }
  return Tool(std::move(args), {}, out, err).usage(text);
}

// An error in an operand that must be a place; empty if there is none.
std::string wrong_place(const Command& command, const Args& args) {
  const std::size_t count = args.operands().size();
  const std::size_t end = std::min(count, command.place_first + command.place_count);
  for (std::size_t i = command.place_first; i < end; ++i) {
    const Result<Place> place = parse_place(args.operands()[i]);
    if (!place.ok()) return place.error().text + ": " + place.error().path;
  }
  return {};
}

Exit run_command(const Command& command, Args args, Output& out, Output& err) {
  const std::size_t count = args.operands().size();
  Tool tool(std::move(args), {}, out, err);
  if (tool.args().has("help")) {
    out.write(command_help(command));
    return Exit::done;
  }
  if (count < command.operands_min || count > command.operands_max) {
    return tool.usage("usage: " + usage_line(command));
  }
  if (const std::string wrong = wrong_place(command, tool.args()); !wrong.empty()) {
    return tool.usage(wrong);
  }
  if (const std::optional<std::string> memory = tool.args().value("memory")) {
    const Result<std::uint64_t> bytes = parse_bytes(*memory);
    if (!bytes.ok()) return tool.usage("--memory: " + bytes.error().text);
    if (*bytes < kMemoryBytesMin)
      return tool.usage("--memory: at least " + std::to_string(kMemoryBytesMin >> 20) + "M");
  }
  if (const std::optional<std::string> at = tool.args().value("at")) {
    const Result<Point> point = parse_point(*at);
    if (!point.ok()) return tool.usage("--at: " + point.error().text);
  }
  const SignalWatch signals(tool.cancel());
  return command.run(tool);
}

Exit run(std::span<const std::string> words, Output& out, Output& err) {
  std::vector<Option> leading(common_options().begin(), common_options().end());
  leading.push_back({.name = "version", .letter = 0, .value = "", .help = ""});
  std::size_t at = 0;
  Result<Args> before = Args::parse_leading(words, leading, &at);
  if (!before.ok()) return wrong_usage(words, before.error().text, out, err);
  if (before->has("version")) {
    Tool tool(*std::move(before), {}, out, err);
    return run_version(tool);
  }

  std::span<const std::string> rest = words.subspan(at);
  const bool asks_for_help = !rest.empty() && rest.front() == "help";
  if (asks_for_help) rest = rest.subspan(1);
  if (before->has("help") || (asks_for_help && rest.empty())) {
    out.write(overview_help());
    return Exit::done;
  }
  if (rest.empty()) return wrong_usage(words, "no command; see spind --help", out, err);

  std::size_t consumed = 0;
  const Command* command = find_command(rest, &consumed);
  if (command == nullptr) {
    return wrong_usage(words, "no such command: " + rest.front() + "; see spind --help", out, err);
  }
  if (asks_for_help) {
    out.write(command_help(*command));
    return Exit::done;
  }
  Result<Args> args = Args::parse(rest.subspan(consumed), all_options(*command));
  if (!args.ok()) return wrong_usage(words, args.error().text, out, err);
  args->merge(*before);
  return run_command(*command, *std::move(args), out, err);
}

}  // namespace
}  // namespace spind::tool

int main(int argc, char** argv) {
  using spind::tool::Exit;
  spind::tool::reserve_standard_descriptors();
  spind::tool::raise_open_files_limit();
  spind::tool::Output out(STDOUT_FILENO);
  spind::tool::Output err(STDERR_FILENO);
  const std::vector<std::string> words(argv + 1, argv + argc);
  Exit exit = spind::tool::run(words, out, err);
  if (!out.flush()) {
    // Nobody reads any more, as after `| head`: no reason for words. Anything else is one.
    if (out.failure() != EPIPE) {
      err.write("spind: cannot write to standard output\n");
    }
    if (exit == Exit::done) exit = Exit::failed;
  }
  err.flush();
  return static_cast<int>(exit);
}
