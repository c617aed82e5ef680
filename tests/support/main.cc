// The main function of all doctest programs. Prints the seed first and, at the end, one line that
// the run's report is made of:
//
//   spind-test: cases 12 failed 0 skipped 1
//
// after a line "spind-test: skipped NAME" for each case that is marked as skipped.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdio>

#include "support/harness.h"

namespace {

struct Counter : doctest::IReporter {
  explicit Counter(const doctest::ContextOptions&) {}

  void test_run_end(const doctest::TestRunStats& stats) override {
    std::printf("spind-test: cases %u failed %u skipped %u\n", stats.numTestCasesPassingFilters,
                stats.numTestCasesFailed, skipped_);
    std::fflush(stdout);
  }
  void test_case_skipped(const doctest::TestCaseData& data) override {
    if (!data.m_skip) return;
    ++skipped_;
    std::printf("spind-test: skipped %s\n", data.m_name);
  }

  void report_query(const doctest::QueryData&) override {}
  void test_run_start() override {}
  void test_case_start(const doctest::TestCaseData&) override {}
  void test_case_reenter(const doctest::TestCaseData&) override {}
  void test_case_end(const doctest::CurrentTestCaseStats&) override {}
  void test_case_exception(const doctest::TestCaseException&) override {}
  void subcase_start(const doctest::SubcaseSignature&) override {}
  void subcase_end() override {}
  void log_assert(const doctest::AssertData&) override {}
  void log_message(const doctest::MessageData&) override {}

 private:
  unsigned skipped_ = 0;
};

REGISTER_LISTENER("counter", 1, Counter);

}  // namespace

int main(int argc, char** argv) {
  doctest::Context context(argc, argv);
  std::printf("spind-test: seed %llu\n", static_cast<unsigned long long>(spind::test::seed()));
  std::fflush(stdout);
  return context.run();
}
