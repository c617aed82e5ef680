// A row of the benchmark: one thing that the engine does, beside the fastest way that this machine
// has to do the like of it without the engine. All values are rates: more is better.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "bucket.h"
#include "side_by_side.h"

namespace spind::bench {

struct Context {
  std::filesystem::path folder;      // on the disk that is measured
  std::filesystem::path tool;        // the program `spind`
  std::filesystem::path tree;        // a tree of files for P13; empty: one is generated
  std::uint64_t nodes = 10'000'000;  // of the large store of P8 and P12
  double seconds = 2;                // of one timed run
  BucketOptions bucket;
  Plan plan;  // its `settle` is for rows that write or read cold
};

struct Row {
  std::string id;  // "P1.hot": the row and, behind the dot, the sub-row
  std::string what;
  std::string unit;
  double goal = 0;  // the least ratio of ours to the limit
  std::function<Comparison(const Context&)> run;
  bool in_bucket = false;  // cannot run without one
};

// One list a file of bench/rows.
std::vector<Row> create_rows();        // P1, P1a, P1b
std::vector<Row> stat_rows();          // P2
std::vector<Row> list_rows();          // P3
std::vector<Row> big_file_rows();      // P4, P4e
std::vector<Row> small_file_rows();    // P5, P5e
std::vector<Row> bucket_file_rows();   // P6
std::vector<Row> bucket_small_rows();  // P6s
std::vector<Row> bucket_read_rows();   // P6r
std::vector<Row> dedup_rows();         // P14
std::vector<Row> collector_rows();     // P15
std::vector<Row> feed_rows();          // P7, P17
std::vector<Row> tree_rows();          // P13
std::vector<Row> copy_rows();          // P16
std::vector<Row> past_rows();          // P18
std::vector<Row> size_rows();          // P8, P12
std::vector<Row> upkeep_rows();        // P19

}  // namespace spind::bench
