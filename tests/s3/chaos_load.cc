#include "s3/chaos_load.h"

#include <thread>
#include <vector>

#include "base/try.h"
#include "support/harness.h"
#include "support/store/aftermath.h"
#include "support/store/content.h"
#include "support/store/side_loads.h"

namespace spind::test {
namespace {

constexpr auto kPause = std::chrono::milliseconds(10);
constexpr std::uint64_t kPackedBytes = 120'000;

Result<Space> ledger_space(const Session& session) {
  Result<Space> space = session.space_by_alias(kLedgerSpace);
  if (space.code() != Code::not_found) return space;
  return session.create_space({.alias = kLedgerSpace});
}

}  // namespace

void ChaosLoad::note(const std::string& line) {
  const std::lock_guard lock(mutex_);
  if (text_.size() < 4'000) text_ += line + "\n";
}

std::string ChaosLoad::text() {
  const std::lock_guard lock(mutex_);
  return text_;
}

bool ChaosLoad::may_work_again(const char* what, const Error& error) {
  if (!allowed_.contains(error.code)) {
    note(std::string(what) + ": " + error.to_string());
    return false;
  }
  ++refused_;
  std::this_thread::sleep_for(kPause);
  return true;
}

void ChaosLoad::until_it_works(const char* what, const std::function<Status()>& call) {
  // Longer than an outage.
  const auto patience = std::chrono::seconds(scaled(60, 60, 900));
  const auto begun = std::chrono::steady_clock::now();
  for (;;) {
    const Status done = call();
    if (done.ok() || !may_work_again(what, done.error())) return;
    if (std::chrono::steady_clock::now() - begun > patience)
      return note(std::string(what) + " does not come to an end: " + done.error().to_string());
  }
}

void ChaosLoad::run(const Store& store, std::uint64_t steps) {
  const Session ada = store.session({.user = "ada"}).value();
  const Result<Space> space = ledger_space(ada);
  if (!space.ok()) return note("space: " + space.error().to_string());
  writing_ = kWriters;
  std::vector<std::thread> threads;
  for (std::uint32_t writer = 0; writer < kWriters; ++writer)
    threads.emplace_back([&, writer] { write(*space, writer, steps); });
  threads.emplace_back([&] { look_after(store); });
  for (std::thread& thread : threads) thread.join();
}

void ChaosLoad::write(const Space& space, std::uint32_t writer, std::uint64_t steps) {
  for (std::uint64_t i = 0; i < steps; ++i) {
    std::uint64_t number = 0;
    {
      const std::lock_guard lock(mutex_);
      number = ledger_.next_step(writer);
      ledger_.begun(writer, number);
    }
    const WriterStep step = writer_step(seed_, writer, number);
    StepTry one{.request_id = std::to_string(writer) + " " + std::to_string(number)};
    until_it_works("a step", [&] {
      Status taken = take(space, step, one);
      ++one.number;
      return taken;
    });
    {
      const std::lock_guard lock(mutex_);
      ledger_.acknowledged(writer, number);
    }
    if (step.kind == WriterStep::Kind::put || step.kind == WriterStep::Kind::stream)
      read_back(space, step);
  }
  --writing_;
}

void ChaosLoad::read_back(const Space& space, const WriterStep& step) {
  until_it_works("a read", [&]() -> Status {
    SPIND_TRY_ASSIGN(const std::string bytes, space.get(step.path));
    if (bytes != content(step.content_seed, step.size_bytes)) ++wrong_;
    return {};
  });
}

void ChaosLoad::look_after(const Store& store) {
  const Session ada = store.session({.user = "ada"}).value();
  for (std::uint64_t round = 0; writing_ > 0; ++round) {
    const Status gone = come_and_go(ada, round, kPackedBytes);
    if (!gone.ok() && !may_work_again("coming and going", gone.error())) return;
    const auto collected =
        store.collect({.grace = std::chrono::seconds(0), .rewrite_below_percent = 80});
    if (!collected.ok() && !may_work_again("collect", collected.error())) return;
    std::this_thread::sleep_for(kPause);
  }
}

Ledger::Verdict ChaosLoad::settle(const Store& store) {
  const Session ada = store.session({.user = "ada"}).value();
  const Result<Space> space = ada.space_by_alias(kLedgerSpace);
  if (!space.ok()) return {.lost = 1, .text = space.error().to_string()};
  return ledger_.settle(*space);
}

}  // namespace spind::test
