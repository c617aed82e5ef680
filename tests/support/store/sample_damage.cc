#include <functional>
#include <stdexcept>

#include "model/keys.h"
#include "model/records.h"
#include "model/vault_rows.h"
#include "support/store/content.h"
#include "support/store/sample.h"

namespace spind::test {
namespace {

using kv::Family;

// The rows of one space of a sample, as a bad device has them.
class Damage {
 public:
  Damage(kv::Store& rows, const Store& store)
      : rows_(rows),
        space_(store.session({.user = "ada"}).value().space_by_alias("faults").value()) {}

  const SpaceId& id() const { return space_.id(); }
  NodeInfo node(const char* path) const { return space_.stat(path).value(); }
  std::string node_key(const char* path) const {
    const NodeInfo info = node(path);
    return model::node_key(id(), info.parent, info.name);
  }

  void put(Family family, const std::string& key, std::string_view value) {
    write([&](kv::Transaction& transaction) { transaction.put(family, key, value); }, key);
  }
  void erase(Family family, const std::string& key) {
    (void)row(family, key);
    write([&](kv::Transaction& transaction) { transaction.erase(family, key); }, key);
  }
  // What decode answers for the row is changed and written back.
  template <class Decode, class Change>
  void change(const std::string& key, const Decode& decode, const Change& change_record) {
    auto record = decode(row(Family::state, key)).value();
    change_record(record);
    put(Family::state, key, model::encode(record));
  }

 private:
  std::string row(Family family, const std::string& key) {
    return rows_.durable()->get(family, key).value().value();
  }
  // Every key begins with its partition: of a space, of a vault's bucket, or of one letter.
  static std::string partition_of(const std::string& key) {
    if (key[0] == 's') return key.substr(0, model::space_partition({}).size());
    return key.substr(0, key[0] == 'v' ? model::bucket_partition({}, 0).size() : 1);
  }
  void write(const std::function<void(kv::Transaction&)>& body, const std::string& key) {
    const kv::Answer answer =
        rows_.update({partition_of(key)}, [&](kv::Transaction& transaction) -> kv::Outcome {
          body(transaction);
          return kv::Commit{};
        });
    if (!answer.status.ok() || !rows_.wait(answer.ticket).ok())
      throw std::runtime_error("a row cannot be damaged");
  }

  kv::Store& rows_;
  const Space space_;
};

}  // namespace

void damage_derived(kv::Store& rows, const Store& store) {
  Damage damage(rows, store);
  const SpaceId& id = damage.id();
  const model::VaultId vault = model::vault_of("default");
  const NodeId old = damage.node("/folder/old").id, file = damage.node("/other/file").id;
  const model::PieceId packed = sha256_of(content(2, kPacked));
  const model::PieceId object = sha256_of(content(3, kObject));
  const model::PieceId earlier = sha256_of(content(4, kPacked + 1));
  const auto change_node = [&](const char* path, const auto& change) {
    const auto decode = [](std::string_view row) { return model::decode_node(row); };
    damage.change(damage.node_key(path), decode, change);
  };
  change_node("/folder", [](model::NodeRecord& node) { node.totals.files += 7; });
  change_node("/folder/old", [](model::NodeRecord& node) { ++node.version_bytes; });
  damage.change(model::head_key(id), model::decode_head,
                [](model::Head& head) { ++head.trash_bytes; });
  damage.erase(Family::state, model::locator_key(id, file));
  damage.erase(Family::state, model::tagged_key(id, "old", old));
  damage.erase(Family::state, model::catalogue_alias_key("default", "disabled"));
  damage.put(Family::state, model::trimmed_key(id), model::encode_count(2));
  damage.put(Family::state, model::reference_key(id, object), model::encode_count(5));
  damage.erase(Family::content, model::holder_key(vault, earlier, id));
  // Nothing but the file is left to say that its bytes are wanted.
  damage.erase(Family::state, model::reference_key(id, packed));
  damage.erase(Family::content, model::holder_key(vault, packed, id));
}

void damage_for_good(kv::Store& rows, const Store& store) {
  Damage damage(rows, store);
  const SpaceId& id = damage.id();
  damage.put(Family::state, damage.node_key("/folder/inline"), "broken");
  damage.put(Family::state, model::version_key(id, damage.node("/folder/old").id, 1), "broken");
  damage.erase(Family::journal, model::skeleton_key(id, 3));
  damage.erase(Family::content,
               model::piece_key(model::vault_of("default"), sha256_of(content(7, kPacked))));
}

}  // namespace spind::test
