// Completion scripts for three shells, made from the table of commands.

#include <set>
#include <utility>
#include <vector>

#include "commands.h"

namespace spind::tool {
namespace {

std::string first_word(std::string_view name) {
  return std::string(name.substr(0, name.find(' ')));
}

std::string second_word(std::string_view name) {
  const std::size_t space = name.find(' ');
  return space == name.npos ? "" : std::string(name.substr(space + 1));
}

// The first words of all commands, in the order of the table.
std::vector<std::string> first_words() {
  std::vector<std::string> out;
  for (const Command& command : commands()) {
    const std::string word = first_word(command.name);
    if (out.empty() || out.back() != word) out.push_back(word);
  }
  return out;
}

std::string option_words(std::span<const Option> options) {
  std::string out;
  for (const Option& option : options) {
    out += " --" + std::string(option.name);
    if (option.letter != 0) out += std::string(" -") + option.letter;
  }
  return out;
}

// Words that a command takes as operands, beside places and local files.
constexpr std::pair<std::string_view, std::string_view> kOperandWords[] = {
    {"completion", "bash zsh fish"},
    {"trash", "list restore purge empty"},
    {"upload", "list start append finish abort release quarantine"},
    {"versions", "list restore pin unpin label remove thin"},
};

// What may follow a first word: options, and for two-word commands the second words.
std::string words_after(const std::string& first) {
  std::string out;
  std::set<std::string> seen;
  for (const Command& command : commands()) {
    if (first_word(command.name) != first) continue;
    if (const std::string second = second_word(command.name); !second.empty()) out += " " + second;
    for (const Option& option : command.options) {
      if (seen.insert(std::string(option.name)).second) out += option_words({&option, 1});
    }
  }
  for (const auto& [command, words] : kOperandWords)
    if (command == first) out += " " + std::string(words);
  return out.empty() ? out : out.substr(1);
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

// The first word on the line that is a command names what may follow. Local files complete too.
std::string shell_cases(const std::string& variable) {
  std::string out;
  for (const std::string& word : first_words()) {
    out += "      " + word + ") " + variable + "=\"" + words_after(word) + "\"; break ;;\n";
  }
  return out;
}

std::string bash_script() {
  return "# bash completion for spind\n"
         "_spind() {\n"
         "  local word words=\"" +
         joined(first_words()) +
         "\"\n"
         "  local current=\"${COMP_WORDS[COMP_CWORD]}\"\n"
         "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
         "    case \"$word\" in\n" +
         shell_cases("words") +
         "    esac\n"
         "  done\n"
         "  words+=\"" +
         option_words(common_options()) +
         "\"\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
         "  [[ ${#COMPREPLY[@]} -eq 0 ]] && COMPREPLY=($(compgen -f -- \"$current\"))\n"
         "  return 0\n"
         "}\n"
         "complete -o filenames -F _spind spind\n";
}

std::string zsh_script() {
  return "#compdef spind\n"
         "_spind() {\n"
         "  local word offered=\"" +
         joined(first_words()) +
         "\"\n"
         "  for word in \"${(@)words[2,CURRENT-1]}\"; do\n"
         "    case \"$word\" in\n" +
         shell_cases("offered") +
         "    esac\n"
         "  done\n"
         "  offered+=\"" +
         option_words(common_options()) +
         "\"\n"
         "  compadd -- ${=offered}\n"
         "  _files\n"
         "}\n"
         "if [[ \"${funcstack[1]}\" == _spind ]]; then _spind \"$@\"; else compdef _spind spind; "
         "fi\n";
}

std::string fish_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

std::string fish_option(const std::string& condition, const Option& option) {
  std::string out = "complete -c spind";
  if (!condition.empty()) out += " -n " + fish_quoted(condition);
  out += " -l " + std::string(option.name);
  if (option.letter != 0) out += std::string(" -s ") + option.letter;
  if (!option.value.empty()) out += " -r";
  return out + " -d " + fish_quoted(option.help) + "\n";
}

std::string fish_script() {
  std::string out = "# fish completion for spind\n";
  const std::string none = "not __fish_seen_subcommand_from " + joined(first_words());
  out += "complete -c spind -n '" + none + "' -f -a '" + joined(first_words()) + "'\n";
  for (const Command& command : commands()) {
    std::string condition = "__fish_seen_subcommand_from " + first_word(command.name);
    if (const std::string second = second_word(command.name); !second.empty()) {
      out += "complete -c spind -n " + fish_quoted(condition) + " -f -a " + second + " -d " +
             fish_quoted(command.summary) + "\n";
      condition += "; and __fish_seen_subcommand_from " + second;
    }
    for (const Option& option : command.options) out += fish_option(condition, option);
  }
  for (const auto& [command, words] : kOperandWords)
    out += "complete -c spind -n '__fish_seen_subcommand_from " + std::string(command) +
           "' -f -a '" + std::string(words) + "'\n";
  for (const Option& option : common_options()) out += fish_option("", option);
  return out;
}

}  // namespace

Exit run_completion(Tool& tool) {
  const std::string& shell = tool.operand(0);
  if (shell == "bash")
    tool.out().write(bash_script());
  else if (shell == "zsh")
    tool.out().write(zsh_script());
  else if (shell == "fish")
    tool.out().write(fish_script());
  else
    return tool.usage("no completion for '" + shell + "'; there is bash, zsh and fish");
  return Exit::done;
}

}  // namespace spind::tool
