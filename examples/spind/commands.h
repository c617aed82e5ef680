// Every command of the tool, in one table (commands.cc); each has a file of its own.
#pragma once

#include <span>

#include "tool.h"

namespace spind::tool {

struct Command {
  std::string_view name;      // one word, or two as in "space create"
  std::string_view operands;  // as the usage shows them
  std::size_t operands_min = 0, operands_max = 0;
  std::string_view summary;   // one line
  std::string_view details;   // what --help adds: rules, and the fields with --json
  std::string_view examples;  // one a line
  std::span<const Option> options;
  Exit (*run)(Tool&) = nullptr;
  std::size_t place_first = 0, place_count = 0;  // which operands are places
};

std::span<const Command> commands();
// Understood by every command.
std::span<const Option> common_options();

// The most words an operand list may have.
inline constexpr std::size_t kOperandsMax = 10'000;

std::string usage_line(const Command& command);
std::string command_help(const Command& command);
std::string overview_help();

Exit run_init(Tool& tool);
Exit run_adopt(Tool& tool);
Exit run_space_create(Tool& tool);
Exit run_space_list(Tool& tool);
Exit run_space_info(Tool& tool);
Exit run_space_set(Tool& tool);
Exit run_space_disable(Tool& tool);
Exit run_space_restore(Tool& tool);
Exit run_space_purge(Tool& tool);
Exit run_put(Tool& tool);
Exit run_get(Tool& tool);
Exit run_ls(Tool& tool);
Exit run_tree(Tool& tool);
Exit run_stat(Tool& tool);
Exit run_cat(Tool& tool);
Exit run_mkdir(Tool& tool);
Exit run_mv(Tool& tool);
Exit run_cp(Tool& tool);
Exit run_rm(Tool& tool);
Exit run_du(Tool& tool);
Exit run_prop_get(Tool& tool);
Exit run_prop_set(Tool& tool);
Exit run_prop_rm(Tool& tool);
Exit run_tag_add(Tool& tool);
Exit run_tag_rm(Tool& tool);
Exit run_tag_list(Tool& tool);
Exit run_favourite_add(Tool& tool);
Exit run_favourite_rm(Tool& tool);
Exit run_favourite_list(Tool& tool);
Exit run_changes(Tool& tool);
Exit run_versions(Tool& tool);
Exit run_trash(Tool& tool);
Exit run_check(Tool& tool);
Exit run_scrub(Tool& tool);
Exit run_collect(Tool& tool);
Exit run_checkpoint(Tool& tool);
Exit run_doctor(Tool& tool);
Exit run_blobs_flush(Tool& tool);
Exit run_key_new(Tool& tool);
Exit run_vault_list(Tool& tool);
Exit run_vault_rotate(Tool& tool);
Exit run_vault_encrypt(Tool& tool);
Exit run_vault_reseal(Tool& tool);
Exit run_vault_rewrap(Tool& tool);
Exit run_vault_destroy(Tool& tool);
Exit run_blobs_status(Tool& tool);
Exit run_blobs_move(Tool& tool);
Exit run_blobs_empty(Tool& tool);
Exit run_metrics(Tool& tool);
Exit run_verify(Tool& tool);
Exit run_version(Tool& tool);
Exit run_completion(Tool& tool);
Exit run_rewind(Tool& tool);
Exit run_upload(Tool& tool);

}  // namespace spind::tool
