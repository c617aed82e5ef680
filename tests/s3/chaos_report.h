// What is made of chaos: rows of chaos.json, and how a store gets to a bucket through it.
#pragma once

#include <cstdint>
#include <string>

#include "s3/far_store.h"
#include "spind/s3.h"
#include "support/http/chaos_proxy.h"

namespace spind::test {

struct ChaosRow {
  std::string fault{};
  std::uint64_t fired = 0, lost = 0, wrong = 0, orphans = 0;
  std::string text{};  // of what was found

  void note(const std::string& line) {
    if (text.size() < 4'000) text += line + "\n";
  }
};

// Expects that it fired, and nothing else was found; writes all rows so far.
void report(const ChaosRow& row);

// Of a client that is not patient, so that what fails for good does so within seconds.
S3Options through(const ChaosProxy& proxy, S3Options options);

// Reads all that the store has, collects, and compares what is left with the listing of the bucket.
void judge_store(FarStore& store, BlobStore& bucket, ChaosRow& row);

}  // namespace spind::test
