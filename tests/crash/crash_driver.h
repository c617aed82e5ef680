// Starts the writer, kills it at a random moment, and holds the store against what was promised.
#pragma once

#include <memory>
#include <random>
#include <string>

#include "kv/kv.h"
#include "spind/blob_store.h"
#include "support/harness.h"
#include "support/store/aftermath.h"
#include "support/store/worker_process.h"

namespace spind::test {

// Where the blobs of a store lie that is killed. One thread at a time.
class CrashPlace {
 public:
  virtual ~CrashPlace() = default;
  // As the writer is told it (crash_writer.cc); empty: in the store's folder.
  virtual std::string word() const = 0;
  // Whether small files are staged in the store's folder first.
  virtual bool stages() const { return false; }
  // For the driver; null: in the store's folder.
  virtual Result<std::shared_ptr<BlobStore>> open() = 0;
  // Returns when nothing is under way any more that a dead writer began.
  virtual void settle() {}
  // Compares what lies there, once all was collected that can be, with what the store needs.
  virtual void compare(const std::string& store_folder, kv::Store& rows, const Ledger& ledger,
                       Aftermath& tally) = 0;
};

std::unique_ptr<CrashPlace> in_store_folder();
// By way of layers that fail now and then.
std::unique_ptr<CrashPlace> in_other_folder();
std::unique_ptr<CrashPlace> staged_before_other_folder();

// One store that is killed again and again. One thread at a time.
class CrashDriver {
 public:
  // An encrypted one is made without keys where it is to be killed so often before it gets them.
  CrashDriver(std::uint64_t seed, std::unique_ptr<CrashPlace> place, bool encrypted,
              std::uint64_t plain_kills);

  // One run of the writer that ends in a kill, and what was found after it.
  void kill_once(Aftermath& tally);
  std::uint64_t acknowledged() const { return ledger_.acknowledged_count(); }

 private:
  void run_writer(Aftermath& tally);
  void listen(WorkerProcess& process, Aftermath& tally);
  void judge(Aftermath& tally);
  void expect_encrypted(const Store& store, Aftermath& tally);
  // The last copy that a writer made and was told of, where its blobs lie in it.
  void judge_copy(StoreOptions options, Aftermath& tally);
  void bring_staged(const Store& store, Aftermath& tally);

  std::uint64_t seed_;
  const std::unique_ptr<CrashPlace> place_;
  std::mt19937_64 random_;
  TemporaryFolder folder_;
  std::string key_file_;       // empty: nothing is encrypted
  std::uint64_t plain_kills_;  // before the store is given its keys
  Ledger ledger_;
};

using MakeCrashPlace = std::unique_ptr<CrashPlace> (*)();
// So many kills, until one finds something: on one store, and then on a fresh one, so that its size
// stays small. Every third store is encrypted, and its keys are changed all the while; half of
// these are made without keys, and encrypted after a few kills.
Aftermath kill_many(std::uint64_t first_seed, std::uint64_t kills, MakeCrashPlace place);

}  // namespace spind::test
