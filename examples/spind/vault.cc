// vault: the keys of tenants, in a store that is encrypted.
#include "commands.h"
#include "progress.h"
#include "text.h"

namespace spind::tool {
namespace {

// Calls with the tenant that the command names, or with the space.
template <class Call>
auto with_name(Tool& tool, const Call& call) -> decltype(call(std::string())) {
  if (!tool.args().has("space")) return call(tool.operand(0));
  const Result<SpaceId> space = SpaceId::parse(tool.operand(0));
  if (space.ok()) return call(*space);
  return Error{.code = Code::invalid_argument,
               .text = "with --space the name is the id of a space, as spind vault list has it"};
}

std::string_view word(VaultState state) {
  switch (state) {
    case VaultState::in_use: return "in use";
    case VaultState::destroyed: return "destroyed";
    case VaultState::encrypting: return "encrypting";
  }
  return "";
}

void emit(Tool& tool, const VaultInfo& vault) {
  const bool destroyed = vault.state == VaultState::destroyed;
  tool.emit(JsonObject()
                .text("tenant", vault.tenant)
                .text("space", vault.space ? vault.space->to_string() : "")
                .text("state", word(vault.state))
                .number("generation", vault.generation)
                .text("key_id", vault.key_id));
  tool.say(printable(vault.tenant) + (vault.space ? " " + vault.space->to_string() : "") + "  " +
           (destroyed ? "destroyed"
                      : "data key " + std::to_string(vault.generation) + ", wrapped with key " +
                            printable(vault.key_id) +
                            (vault.state == VaultState::encrypting
                                 ? "; what was there before may be plain yet"
                                 : "")));
}

void emit(Tool& tool, const VaultInfo& vault, const EncryptReport& report) {
  const std::uint64_t left = report.pieces_left + report.rows_left;
  tool.emit(JsonObject()
                .text("tenant", vault.tenant)
                .text("space", vault.space ? vault.space->to_string() : "")
                .flag("finished", report.finished)
                .number("pieces", report.pieces)
                .number("bytes", report.bytes)
                .number("rows", report.rows)
                .number("left", left));
  tool.say(printable(vault.tenant) + (vault.space ? " " + vault.space->to_string() : "") + "  " +
           std::to_string(report.pieces) + " pieces, " + human_bytes(report.bytes) + ", and " +
           std::to_string(report.rows) + " rows were encrypted" +
           (report.finished
                ? ""
                : "; " + std::to_string(left) + " were not: try again, and check --content"));
}

Result<EncryptReport> encrypt(Store& store, const VaultInfo& vault, const EncryptOptions& options) {
  return vault.space ? store.encrypt_vault(*vault.space, options)
                     : store.encrypt_vault(vault.tenant, options);
}

// Whether the command is about it, which names a tenant, a space, or none.
bool is_meant(const Tool& tool, const VaultInfo& vault) {
  if (tool.args().operands().empty()) return vault.state == VaultState::encrypting;
  if (tool.args().has("space")) return vault.space && vault.space->to_string() == tool.operand(0);
  return !vault.space && vault.tenant == tool.operand(0);
}

}  // namespace

Exit run_vault_list(Tool& tool) {
  const Result<Store*> store = tool.store();
  if (!store.ok()) return tool.fail(store.error());
  const Result<std::vector<VaultInfo>> vaults = (*store)->vaults();
  if (!vaults.ok()) return tool.fail(vaults.error());
  for (const VaultInfo& vault : *vaults) emit(tool, vault);
  return Exit::done;
}

Exit run_vault_rotate(Tool& tool) {
  const Result<Store*> store = tool.store();
  if (!store.ok()) return tool.fail(store.error());
  RotateVaultOptions options;
  options.data_key = tool.args().has("data-key");
  const Result<VaultInfo> rotated =
      with_name(tool, [&](const auto& name) { return (*store)->rotate_vault(name, options); });
  if (!rotated.ok()) return tool.fail(rotated.error());
  emit(tool, *rotated);
  return Exit::done;
}

Exit run_vault_reseal(Tool& tool) {
  ResealOptions options;
  const Result<std::uint64_t> rate = parse_rate(tool.args().value("rate"));
  if (!rate.ok()) return tool.usage(rate.error().text);
  options.rate_bytes = *rate;
  const Result<Store*> store = tool.store();
  if (!store.ok()) return tool.fail(store.error());
  ProgressLine line("encrypting pieces anew");
  options.cancel = tool.cancel();
  options.progress = line.callback();
  const Result<ResealReport> report =
      with_name(tool, [&](const auto& name) { return (*store)->reseal_vault(name, options); });
  line.clear();
  if (!report.ok()) return tool.fail(report.error());
  tool.emit(JsonObject()
                .number("pieces", report->pieces)
                .number("bytes", report->bytes)
                .number("left", report->pieces_left));
  tool.say(std::to_string(report->pieces) + " pieces, " + human_bytes(report->bytes) +
           ", are encrypted with the newest key" +
           (report->pieces_left == 0 ? ""
                                     : "; " + std::to_string(report->pieces_left) +
                                           " are not: try again, and check --content"));
  return report->pieces_left == 0 ? Exit::done : Exit::different;
}

Exit run_vault_encrypt(Tool& tool) {
  EncryptOptions options;
  const Result<std::uint64_t> rate = parse_rate(tool.args().value("rate"));
  if (!rate.ok()) return tool.usage(rate.error().text);
  options.rate_bytes = *rate;
  // All vaults get keys at once, which nothing takes back: a name that is mistyped must not do
  // that.
  const bool all = tool.args().operands().empty();
  const Result<Store*> store = all ? tool.encrypt_store() : tool.store();
  if (!store.ok()) return tool.fail(store.error());
  const Result<std::vector<VaultInfo>> vaults = (*store)->vaults();
  if (!vaults.ok()) return tool.fail(vaults.error());
  options.cancel = tool.cancel();
  bool known = all, finished = true;
  for (const VaultInfo& vault : *vaults) {
    if (!is_meant(tool, vault)) continue;
    known = true;
    ProgressLine line("encrypting");
    options.progress = line.callback();
    const Result<EncryptReport> report = encrypt(**store, vault, options);
    line.clear();
    if (!report.ok()) return tool.fail(report.error());
    finished = finished && report->finished;
    emit(tool, vault, *report);
  }
  if (!known)
    return tool.fail({.code = Code::not_found,
                      .text = "nothing is stored by that name; spind vault list has them",
                      .path = tool.operand(0)});
  return finished ? Exit::done : Exit::different;
}

Exit run_vault_rewrap(Tool& tool) {
  const Result<Store*> store = tool.store();
  if (!store.ok()) return tool.fail(store.error());
  const Result<std::uint64_t> wrapped = (*store)->rewrap_vaults();
  if (!wrapped.ok()) return tool.fail(wrapped.error());
  tool.emit(JsonObject().number("wrapped", *wrapped));
  tool.say("wrapped anew: " + std::to_string(*wrapped));
  return Exit::done;
}

// The name once more, so that no slip of the hand destroys what nobody can bring back.
Exit run_vault_destroy(Tool& tool) {
  const std::string& name = tool.operand(0);
  if (tool.args().value_or("really", "") != name)
    return tool.fail({.code = Code::invalid_argument,
                      .text = "nothing can be brought back: say --really " + name +
                              " to destroy all that is stored there",
                      .path = {}});
  const Result<Store*> store = tool.store();
  if (!store.ok()) return tool.fail(store.error());
  const Status destroyed =
      with_name(tool, [&](const auto& which) { return (*store)->destroy_vault(which); });
  if (!destroyed.ok()) return tool.fail(destroyed.error());
  tool.emit(JsonObject().text("name", name));
  tool.say("destroyed the keys of " + printable(name));
  return Exit::done;
}

}  // namespace spind::tool
