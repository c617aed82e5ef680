#include "unit/upkeep/planted.h"

namespace spind::test {
namespace {

// Every key begins with its partition: of a space, of a vault's bucket, or of one letter.
std::string partition_of(const std::string& key) {
  if (key[0] == 's') return key.substr(0, 17);
  return key.substr(0, key[0] == 'v' ? 18 : 1);
}

}  // namespace

Planted::Planted(engine::Seams seams, NameRule names)
    : store_(MetadataEngine::memory, with_rows(std::move(seams))),
      space_(store_.make_space("planted", names)) {
  const Written first =
      space_.put("/work/essay", "first", {.make_parents = true, .request_id = "essay"}).value();
  essay = first.node;
  REQUIRE(space_.put("/work/essay", "second").ok());
  REQUIRE(space_.put("/work/essay", "third").ok());
  const Written written = space_.put("/work/notes", "notes").value();
  notes = written.node;
  notes_entry = written.entry;
  REQUIRE(
      space_.put("/pack", content(1, 40'000), {.checksums_wanted = kSha1 | kMd5 | kAdler32}).ok());
  REQUIRE(space_.put("/gone/file", "gone", {.make_parents = true}).ok());
  work = space_.stat("/work").value().id;
  gone = space_.stat("/gone").value().id;
  REQUIRE(space_.remove("/gone").ok());
}

engine::Seams Planted::with_rows(engine::Seams seams) {
  Clock& clock = seams.clock != nullptr ? *seams.clock : Clock::system();
  seams.open_kv = [this, &clock](const engine::KvSetup& setup) {
    auto opened = kv::open_memory({.threads = Threads::system(),
                                   .clock = clock,
                                   .observer = setup.observer,
                                   .disk = disk_,
                                   .before = [this](kv::MemoryCall call) -> Status {
                                     if (call == kv::MemoryCall::write && before_update_)
                                       before_update_();
                                     return {};
                                   }});
    if (opened.ok()) rows_ = opened->get();
    return opened;
  };
  return seams;
}

void Planted::update(const std::string& key, const std::function<void(kv::Transaction&)>& write) {
  const kv::Answer answer =
      rows_->update({partition_of(key)}, [&](kv::Transaction& transaction) -> kv::Outcome {
        write(transaction);
        return kv::Commit{};
      });
  REQUIRE(answer.status.ok());
  REQUIRE(rows_->wait(answer.ticket).ok());
}

void Planted::put(kv::Family family, const std::string& key, std::string_view value) {
  update(key, [&](kv::Transaction& transaction) { transaction.put(family, key, value); });
}

void Planted::erase(kv::Family family, const std::string& key) {
  REQUIRE(rows_->durable()->get(family, key).value().has_value());
  update(key, [&](kv::Transaction& transaction) { transaction.erase(family, key); });
}

std::string Planted::row(kv::Family family, const std::string& key) {
  return rows_->durable()->get(family, key).value().value();
}

std::string Planted::node_key(const Ref& ref) {
  const NodeInfo info = space_.stat(ref).value();
  return model::node_key(id(), info.parent, info.name);
}

std::string Planted::trash_key() {
  const std::string prefix = model::row_prefix(id(), model::SpaceRow::trash);
  const auto cursor = rows_->durable()->scan(kv::Family::state, prefix, model::end_of(prefix));
  REQUIRE(cursor->valid());
  return std::string(cursor->key());
}

CheckReport Planted::check(bool read_content) {
  CheckOptions options;
  options.read_content = read_content;
  return store_.store().check(options).value();
}

Kinds Planted::kinds(bool read_content) {
  Kinds kinds;
  for (const CheckFinding& finding : check(read_content).findings) kinds.insert(finding.kind);
  return kinds;
}

}  // namespace spind::test
