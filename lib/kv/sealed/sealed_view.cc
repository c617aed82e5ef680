#include "kv/sealed/sealed_view.h"

#include "base/try.h"

namespace spind::kv {

Status open_row(RowSealer& sealer, Family family, std::string_view key, std::string_view value,
                RowSealer::Keys keys, std::string& plain) {
  if (!sealer.seals(family, key)) {
    plain = value;
    return {};
  }
  Status opened = sealer.open(family, key, value, keys, plain);
  if (opened.code() != Code::corruption && opened.code() != Code::unsupported) return opened;
  // As it was found, for whoever sets damaged rows aside.
  plain.assign(1, kUnreadable);
  plain += value;
  return {};
}

Result<std::optional<std::string>> get_opened(RowSealer& sealer, const View& below, Family family,
                                              std::string_view key) {
  SPIND_TRY_ASSIGN(auto value, below.get(family, key));
  if (!value || !sealer.seals(family, key)) return value;
  std::string plain;
  SPIND_TRY(open_row(sealer, family, key, *value, RowSealer::Keys::wherever, plain));
  return std::optional(std::move(plain));
}

void OpeningCursor::look() {
  opened_ = below_->valid() && sealer_.seals(family_, below_->key());
  if (opened_)
    failed_ = open_row(sealer_, family_, below_->key(), below_->value(), RowSealer::Keys::wherever,
                       plain_);
}

}  // namespace spind::kv
