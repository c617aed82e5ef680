// spind-bench: measures the engine beside the fastest ways that this machine has to do the like
// without it. README.md says what the rows are, and what keeps the comparison fair.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>

#include "disk.h"
#include "must.h"
#include "report.h"
#include "row.h"

namespace spind::bench {
namespace {

constexpr int kMissed = 3;
constexpr const char* kUsage =
    "usage: spind-bench [--json FILE] [--rows P1,P2.4,…] [--folder DIR] [--runs N]\n"
    "                   [--seconds S] [--tool PATH] [--tree DIR] [--nodes N] [--only ours|limit]\n"
    "                   [--s3 URL] [--endpoint URL] [--rclone PATH] [--mc PATH]\n"
    "\n"
    "  --json FILE    also writes the rows to FILE\n"
    "  --rows LIST    only these; P1 means P1.spaces and P1.hot\n"
    "  --folder DIR   where to measure: on the disk that matters (default: ./bench-data)\n"
    "  --runs N       alternations of ours and the limit, at least 5 for a report (default: 5)\n"
    "  --seconds S    length of one timed run (default: 2)\n"
    "  --tool PATH    the program spind, for P13 (default: the one that was built)\n"
    "  --tree DIR     the tree for P13 (default: 20,000 generated files of real sizes)\n"
    "  --nodes N      files of the large store of P8 and P12 (default: 10000000)\n"
    "  --only SIDE    one side alone, for a profiler; compares nothing\n"
    "  --s3 URL       a bucket for P6, P6s, P6r and P15.s3, as bench/s3.sh gives it with what\n"
    "                 follows: s3://BUCKET/PREFIX; credentials come from the AWS_* variables\n"
    "  --endpoint URL the bucket's server\n"
    "  --rclone PATH  the program, for P6 and P6s (default: rclone)\n"
    "  --mc PATH      MinIO's client, for P6 (default: mc)\n"
    "\n"
    "exit status: 0 all goals are met, 3 one is missed, 2 wrong usage, 1 an error\n";

struct Arguments {
  Context context;
  std::string json_file;
  std::vector<std::string> wanted;
};

std::vector<Row> all_rows() {
  std::vector<Row> rows;
  for (const auto& list :
       {create_rows(), stat_rows(), list_rows(), big_file_rows(), small_file_rows(),
        bucket_file_rows(), bucket_small_rows(), bucket_read_rows(), dedup_rows(), feed_rows(),
        tree_rows(), copy_rows(), past_rows(), size_rows(), collector_rows(), upkeep_rows()}) {
    rows.insert(rows.end(), list.begin(), list.end());
  }
  return rows;
}

bool is_wanted(const Row& row, const std::vector<std::string>& wanted) {
  if (wanted.empty()) return true;
  for (const std::string& word : wanted) {
    if (row.id == word || row.id.starts_with(word + ".")) return true;
  }
  return false;
}

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> words;
  std::stringstream in(list);
  for (std::string word; std::getline(in, word, ',');) words.push_back(word);
  return words;
}

bool parse(int argc, char** argv, Arguments& arguments) {
  Plan& plan = arguments.context.plan;
  arguments.context.folder = "bench-data";
  arguments.context.tool = SPIND_BENCH_TOOL;
  BucketOptions& bucket = arguments.context.bucket;
  bucket.rclone = "rclone";
  bucket.mc = "mc";
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i], value = argv[i + 1];
    if (name == "--json")
      arguments.json_file = value;
    else if (name == "--rows")
      arguments.wanted = split(value);
    else if (name == "--folder")
      arguments.context.folder = value;
    else if (name == "--runs")
      plan.runs = std::atoi(value.c_str());
    else if (name == "--seconds")
      arguments.context.seconds = std::atof(value.c_str());
    else if (name == "--tool")
      arguments.context.tool = value;
    else if (name == "--tree")
      arguments.context.tree = value;
    else if (name == "--nodes")
      arguments.context.nodes = std::strtoull(value.c_str(), nullptr, 10);
    else if (name == "--s3")
      bucket.url = value;
    else if (name == "--endpoint")
      bucket.endpoint = value;
    else if (name == "--rclone")
      bucket.rclone = value;
    else if (name == "--mc")
      bucket.mc = value;
    else if (name == "--only")
      plan.ours = value == "ours", plan.limit = value == "limit";
    else
      return false;
  }
  if (plan.runs < 1 || arguments.context.seconds <= 0) return false;
  return argc % 2 == 1 && (plan.ours || plan.limit);
}

// Those that are wanted, without those that cannot run.
std::vector<Row> rows_to_run(const Arguments& arguments, bool& known) {
  std::vector<Row> rows;
  for (Row& row : all_rows()) {
    if (!is_wanted(row, arguments.wanted)) continue;
    known = true;
    if (row.in_bucket && arguments.context.bucket.url.empty())
      std::fprintf(stderr, "%s: skipped: it needs a bucket (--s3, or run bench/s3.sh)\n",
                   row.id.c_str());
    else
      rows.push_back(std::move(row));
  }
  return rows;
}

int measure(const Arguments& arguments) {
  bool known = false;
  const std::vector<Row> rows = rows_to_run(arguments, known);
  if (!known) {
    std::fputs("spind-bench: no such row\n", stderr);
    return 2;
  }
  Context context = arguments.context;
  std::filesystem::create_directories(context.folder);
  context.plan.settle = [&context] { settle_disk(context.folder); };
  std::vector<Measured> measured;
  bool all_met = true;
  for (const Row& row : rows) {
    std::fprintf(stderr, "%s: %s\n", row.id.c_str(), row.what.c_str());
    measured.push_back({row, row.run(context)});
    all_met = all_met && measured.back().pass();
  }
  std::fputs(table(measured).c_str(), stdout);
  if (!arguments.json_file.empty()) {
    std::ofstream file(arguments.json_file);
    file << json(measured);
    file.close();
    if (!file) give_up(arguments.json_file, "cannot write");
  }
  return all_met ? 0 : kMissed;
}

}  // namespace
}  // namespace spind::bench

int main(int argc, char** argv) {
  spind::bench::Arguments arguments;
  if (argc == 2 && std::strcmp(argv[1], "--help") == 0) {
    std::fputs(spind::bench::kUsage, stdout);
    return 0;
  }
  if (!spind::bench::parse(argc, argv, arguments)) {
    std::fputs(spind::bench::kUsage, stderr);
    return 2;
  }
  return spind::bench::measure(arguments);
}
