// The journal of a space: entries appended inside commits, read from any view, chained by hashes.
//
// Knows rows and hashes; what an entry means is the space's business.
#pragma once

#include "kv/kv.h"
#include "model/entry.h"
#include "model/keys.h"

namespace spind::journal {

// Writes the entry's two rows and gives the hash of its skeleton.
model::Digest append(kv::Transaction& rows, const SpaceId& space, const model::Entry& entry);

// Takes the rows of an entry away again, as undoing it does.
void erase(kv::Transaction& rows, const SpaceId& space, EntryNumber number);

// not_found, corruption.
Result<model::Entry> read(const kv::View& view, const SpaceId& space, EntryNumber number);

// Reads entries in order. Verifies that numbers have no gap, that each holds the hash of the one
// before, and that each payload is the one its skeleton commits to. One thread at a time.
class Walker {
 public:
  Walker(const kv::View& view, const SpaceId& space, EntryNumber first);
  // The next entry, or none behind the last. corruption.
  Result<std::optional<model::Entry>> next();
  // Hash of the last entry that was read.
  const model::Digest& chain() const { return chain_; }

 private:
  std::unique_ptr<kv::Cursor> skeletons_, payloads_;
  EntryNumber expected_;
  bool chained_ = false;  // whether `chain_` is that of the entry before
  model::Digest chain_{};
};

// Reads entries in order for those who follow a space: fast, and past what does not concern them.
// Verifies checksums and that numbers have no gap; the chain of hashes is the Walker's part. One
// thread at a time.
class Scan {
 public:
  Scan(const kv::View& view, const SpaceId& space, EntryNumber first);
  // Goes on to the next entry. False behind the last. corruption.
  Result<bool> next();
  const model::Skeleton& skeleton() const { return skeleton_; }
  // What the entry holds; until the next one is asked for. corruption.
  Result<const model::Entry*> entry();

 private:
  std::unique_ptr<kv::Cursor> skeletons_, payloads_;
  EntryNumber expected_;
  bool begun_ = false;
  model::Skeleton skeleton_;
  model::Entry entry_;
};

// Reads entries by number, a few at a time, whether the numbers go up or down. One thread at a
// time.
class Pages {
 public:
  Pages(const kv::View& view, const SpaceId& space) : view_(view), space_(space) {}
  // not_found, corruption.
  Result<model::Entry> read(EntryNumber number);
  Result<model::Skeleton> skeleton(EntryNumber number);

 private:
  static constexpr EntryNumber kPageEntries = 32;
  struct Rows {
    std::string skeleton, payload;
  };
  Result<const Rows*> rows(EntryNumber number);
  Status load(EntryNumber first);
  Status load(EntryNumber first, model::SpaceRow row, std::string Rows::*bytes);

  const kv::View& view_;
  SpaceId space_;
  EntryNumber first_ = 0;
  std::vector<Rows> page_;  // entries from first_ on; empty: nothing is loaded
};

}  // namespace spind::journal
