// A small store whose rows a test changes behind the engine's back, and what the check says then.
#pragma once

#include <doctest/doctest.h>

#include <set>
#include <string>

#include "base/hash.h"
#include "model/keys.h"
#include "model/records.h"
#include "model/vault_rows.h"
#include "support/store/content.h"
#include "support/store/test_store.h"

namespace spind::test {

using Kinds = std::set<std::string>;

// One thread at a time. In the space "planted":
//   /work/essay   three versions, inline; put with the request id "essay"
//   /work/notes   inline
//   /pack         one piece, with all checksums
//   /gone/file    in the trash
class Planted {
 public:
  explicit Planted(engine::Seams seams = {}, NameRule names = NameRule::exact);

  TestStore& store() { return store_; }
  kv::Store& rows() { return *rows_; }
  Space& space() { return space_; }
  const SpaceId& id() const { return space_.id(); }
  NodeId essay = 0, notes = 0, work = 0, gone = 0;
  EntryNumber notes_entry = 0;

  // Called before each write of the store.
  void before_update(std::function<void()> call) { before_update_ = std::move(call); }

  // Durable, and told to nobody.
  void put(kv::Family family, const std::string& key, std::string_view value);
  void erase(kv::Family family, const std::string& key);
  std::string row(kv::Family family, const std::string& key);

  template <class Change>
  void change_node(const Ref& ref, const Change& change) {
    const std::string key = node_key(ref);
    auto node = model::decode_node(row(kv::Family::state, key)).value();
    change(node);
    put(kv::Family::state, key, model::encode(node));
  }
  template <class Change>
  void change_head(const Change& change) {
    auto head = model::decode_head(row(kv::Family::state, model::head_key(id()))).value();
    change(head);
    put(kv::Family::state, model::head_key(id()), model::encode(head));
  }
  std::string node_key(const Ref& ref);
  std::string trash_key();  // of the only row
  model::PieceId piece() const { return sha256_of(content(1, 40'000)); }
  model::VaultId vault() const { return model::vault_of("default"); }

  CheckReport check(bool read_content = false);
  Kinds kinds(bool read_content = false);

 private:
  engine::Seams with_rows(engine::Seams seams);
  void update(const std::string& key, const std::function<void(kv::Transaction&)>& write);

  std::shared_ptr<kv::MemoryDisk> disk_ = std::make_shared<kv::MemoryDisk>();
  kv::Store* rows_ = nullptr;
  std::function<void()> before_update_;
  TestStore store_;
  Space space_;
};

}  // namespace spind::test
