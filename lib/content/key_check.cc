// What shows that the keys of a provider are those of the store: a value that nobody else wraps.
#include "base/hash.h"
#include "base/try.h"
#include "content/vault_keys.h"

namespace spind::content {

using kv::Family;
using model::KeyCheckRow;

namespace {

constexpr std::string_view kCheckContext = "spind check";

}  // namespace

Result<std::optional<KeyCheckRow>> VaultKeys::check_row() const {
  SPIND_TRY_ASSIGN(const auto bytes,
                   setup_.kv->durable()->get(Family::content, model::key_check_key()));
  if (!bytes) return std::optional<KeyCheckRow>();
  SPIND_TRY_ASSIGN(KeyCheckRow row, model::decode_key_check(*bytes));
  return std::optional(std::move(row));
}

Result<KeyCheckRow> VaultKeys::wrap_check(Bytes value) {
  SPIND_TRY_ASSIGN(WrappedKey wrapped, wrap_and_try(value, kCheckContext));
  return KeyCheckRow{std::move(wrapped.key_id), std::move(wrapped.bytes), sha256(value)};
}

Status VaultKeys::make_check() {
  Secret value(kKeyBytes);
  setup_.random->fill(value.writable());
  SPIND_TRY_ASSIGN(const KeyCheckRow row, wrap_check(value.bytes()));
  return put_row(model::key_check_key(), model::encode(row));
}

Status VaultKeys::compare_check(const KeyCheckRow& row) {
  const auto value = provider_.unwrap({row.key_id, row.wrapped}, kCheckContext, kKeyBytes);
  if (value.ok() && sha256(value->bytes()) == row.sha256) return {};
  std::string why = value.ok() ? "they unwrap something else" : value.error().text;
  return Error{.code = Code::key_unavailable,
               .text = "the keys that are given do not open this store, which needs the key \"" +
                       row.key_id + "\": " + why};
}

Result<bool> VaultKeys::rewrap_check() {
  const std::lock_guard lock(changing_);
  SPIND_TRY(needs_provider());
  SPIND_TRY_ASSIGN(const auto row, check_row());
  if (!row) return false;
  SPIND_TRY_ASSIGN(const std::string current, provider_.current_key_id());
  if (row->key_id == current) return false;
  SPIND_TRY_ASSIGN(const Secret value,
                   provider_.unwrap({row->key_id, row->wrapped}, kCheckContext, kKeyBytes));
  SPIND_TRY_ASSIGN(const KeyCheckRow anew, wrap_check(value.bytes()));
  SPIND_TRY(put_row(model::key_check_key(), model::encode(anew)));
  return true;
}

}  // namespace spind::content
