#include "kv/sealed/sealed_store.h"

#include <utility>
#include <vector>

#include "base/try.h"
#include "kv/sealed/sealed_view.h"
#include "kv/store_over.h"

namespace spind::kv {
namespace {

// The keys of the partitions that an update names, as far as their rows tell whose they are.
class KeysAtHand {
 public:
  explicit KeysAtHand(RowSealer& sealer) : sealer_(sealer) {}

  Status prepare(const View& rows, const std::vector<std::string>& partitions) {
    for (const std::string& partition : partitions)
      SPIND_TRY(find(rows, RowSealer::Rows::durable, partition));
    return {};
  }

  const RowKeys* known(std::string_view partition) const {
    for (const auto& [name, keys] : known_)
      if (name == partition) return keys.get();
    return nullptr;
  }

  // Null: the rows do not say.
  Result<const RowKeys*> find(const View& rows, RowSealer::Rows which, std::string_view partition) {
    SPIND_TRY_ASSIGN(RowKeysRef keys, sealer_.keys_of(rows, which, partition));
    const RowKeys* found = keys.get();
    if (found != nullptr) known_.emplace_back(partition, std::move(keys));
    return found;
  }

 private:
  RowSealer& sealer_;
  std::vector<std::pair<std::string, RowKeysRef>> known_;
};

// Not a sealer's Transaction but one over another: dead when the body returns.
class SealingTransaction final : public Transaction {
 public:
  // What is found of keys while the body runs is its own: another run may see other rows.
  SealingTransaction(RowSealer& sealer, Transaction& below, KeysAtHand keys)
      : sealer_(sealer), below_(below), keys_(std::move(keys)) {}

  Result<std::optional<std::string>> get(Family family, std::string_view key) const override {
    return get_opened(sealer_, below_, family, key);
  }
  std::unique_ptr<Cursor> scan(Family family, std::string_view begin,
                               std::string_view end) const override {
    return std::make_unique<OpeningCursor>(sealer_, family, below_.scan(family, begin, end));
  }

  void put(Family family, std::string_view key, std::string_view value) override {
    if (!sealer_.seals(family, key)) return below_.put(family, key, value);
    const auto sealed = seal(family, key, value);
    if (sealed.ok()) return below_.put(family, key, *sealed);
    fail(sealed.error());
  }
  void put_announced(Family family, std::string_view key, std::string_view value) override {
    if (!sealer_.seals(family, key)) return below_.put_announced(family, key, value);
    const auto sealed = seal(family, key, value);
    if (sealed.ok()) return below_.put_announced(family, key, *sealed);
    fail(sealed.error());
  }
  void erase(Family family, std::string_view key) override { below_.erase(family, key); }
  void erase_announced(Family family, std::string_view key) override {
    below_.erase_announced(family, key);
  }
  bool owns(std::string_view partition) const override { return below_.owns(partition); }
  std::size_t memory_bytes() const override { return below_.memory_bytes(); }
  void use_reserve() override { below_.use_reserve(); }

  // The first error of a write, which put could not answer.
  const Status& failed() const { return failed_; }

 private:
  Result<std::string> seal(Family family, std::string_view key, std::string_view value) {
    const std::string_view partition = sealer_.partition_of(key);
    const RowKeys* keys = keys_.known(partition);
    if (keys == nullptr) {
      SPIND_TRY_ASSIGN(keys, keys_.find(below_, RowSealer::Rows::in_flight, partition));
    }
    if (keys == nullptr)
      return Error{.code = Code::key_unavailable,
                   .text = "nothing tells whose keys a row is to be sealed with"};
    return keys->seal(family, key, value);
  }

  void fail(const Error& error) {
    if (failed_.ok()) failed_ = error;
  }

  RowSealer& sealer_;
  Transaction& below_;
  KeysAtHand keys_;
  Status failed_;
};

class SealedStore final : public StoreOver {
 public:
  SealedStore(std::unique_ptr<Store> below, RowSealer& sealer)
      : StoreOver(std::move(below)), sealer_(sealer) {}

  Answer update(std::vector<std::string> partitions, const Body& body) override {
    KeysAtHand keys(sealer_);
    Status prepared = keys.prepare(*below_->durable(), partitions);
    if (!prepared.ok()) return {std::move(prepared), 0};
    return below_->update(std::move(partitions), [&](Transaction& rows) -> Outcome {
      SealingTransaction sealing(sealer_, rows, keys);
      Outcome outcome = body(sealing);
      if (std::holds_alternative<Commit>(outcome) && !sealing.failed().ok())
        return sealing.failed().error();
      return outcome;
    });
  }

  SnapshotRef durable() override {
    return std::make_shared<const OpeningSnapshot>(sealer_, below_->durable());
  }

 private:
  RowSealer& sealer_;
};

}  // namespace

void OpeningObserver::publishing(Ticket ticket, std::span<const Row> rows) {
  RowSealer* const sealer = sealer_;
  if (sealer == nullptr) return to_.publishing(ticket, rows);
  std::vector<Row> opened(rows.begin(), rows.end());
  std::string plain;
  for (Row& row : opened) {
    if (!row.value || !sealer->seals(row.family, row.key)) continue;
    const Status done =
        open_row(*sealer, row.family, row.key, *row.value, RowSealer::Keys::in_memory, plain);
    row.value = done.ok() ? plain : std::string(1, kUnreadable);
  }
  to_.publishing(ticket, opened);
}

std::unique_ptr<Store> seal_rows(std::unique_ptr<Store> below, RowSealer& sealer) {
  return std::make_unique<SealedStore>(std::move(below), sealer);
}

}  // namespace spind::kv
