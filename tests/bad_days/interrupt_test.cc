// The caller gives up, or its time is over, before and in the middle of each verb.
#include <doctest/doctest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bad_days/all_verbs.h"
#include "support/store/test_clock.h"
#include "support/store/test_store.h"

namespace spind::test {
namespace {

enum class Kind { cancel, deadline };

// Tells of every read before it.
class HeardBlobs final : public BlobStore {
 public:
  HeardBlobs(std::unique_ptr<BlobStore> blobs, std::function<void()> hear)
      : blobs_(std::move(blobs)), hear_(std::move(hear)) {}
  Status put(std::string_view name, Bytes bytes) override { return blobs_->put(name, bytes); }
  Result<std::vector<std::uint8_t>> get(std::string_view name, std::uint64_t max) override {
    return blobs_->get(name, max);
  }
  Result<std::size_t> range(std::string_view name, std::uint64_t offset,
                            std::span<std::uint8_t> out) override {
    hear_();
    return blobs_->range(name, offset, out);
  }
  Status remove(std::string_view name) override { return blobs_->remove(name); }
  Result<std::vector<BlobListItem>> list(std::string_view prefix, std::string_view after,
                                         std::size_t count_max) override {
    return blobs_->list(prefix, after, count_max);
  }

 private:
  const std::unique_ptr<BlobStore> blobs_;
  const std::function<void()> hear_;
};

// A store whose n-th call of a seam interrupts the session that it came from.
class Interrupted {
 public:
  explicit Interrupted(Kind kind) : kind_(kind), store(MetadataEngine::memory, seams()) {
    Space made = store.make_space("interrupts");
    REQUIRE(made.put("/file", "before").ok());
    REQUIRE(made.put("/file", "as it was").ok());
    SessionOptions options{.user = "ada"};
    if (kind == Kind::cancel) options.cancel = token_;
    if (kind == Kind::deadline) options.timeout = std::chrono::minutes(1);
    store.close();
    store.before_kv([this](kv::MemoryCall) {
      count();
      return Status();
    });
    store.reopen();
    session_.emplace(store.store().session(options).value());
    space_.emplace(session_->space_by_alias("interrupts").value());
  }

  // Runs the request, interrupted at the n-th call. False: it made fewer calls.
  bool run_until(std::uint64_t n, const Request& request, Answer& answer) {
    left_ = static_cast<std::int64_t>(n);
    answer = run(*space_, request);
    return left_ <= 0;
  }
  void interrupt() {
    if (kind_ == Kind::cancel) token_.cancel();
    if (kind_ == Kind::deadline) clock_.advance(120'000'000'000);
  }
  Code code() const { return kind_ == Kind::cancel ? Code::cancelled : Code::deadline_exceeded; }
  // The session's next read of a blob interrupts it.
  void interrupt_at_read() { at_read_ = true; }
  const Space& space() const { return *space_; }

 private:
  engine::Seams seams() {
    engine::Seams seams = seams_with(clock_);
    seams.open_blobs =
        [this](const engine::BlobSetup& setup) -> Result<std::unique_ptr<BlobStore>> {
      auto blobs = engine::default_blobs(setup);
      if (!blobs.ok()) return blobs.error();
      return std::unique_ptr<BlobStore>(std::make_unique<HeardBlobs>(*std::move(blobs), [this] {
        if (at_read_.exchange(false)) interrupt();
      }));
    };
    return seams;
  }
  void count() {
    if (left_ > 0 && --left_ == 0) interrupt();
  }

  const Kind kind_;
  TestClock clock_;
  CancelToken token_;
  std::atomic<std::int64_t> left_{0};
  std::atomic<bool> at_read_{false};

 public:
  TestStore store;

 private:
  std::optional<Session> session_;
  std::optional<Space> space_;
};

std::string names(const Space& space) {
  std::string text;
  for (const Walk::Item& item : run(space, {.verb = Verb::walk}).items)
    text += item.path + ":" + std::to_string(item.node.version) + ":" +
            std::to_string(item.node.mtime_ns) + ":" + std::to_string(item.node.changed) + " ";
  return text;
}

}  // namespace

TEST_CASE("bad day: a session that was cancelled, or whose time is over, does nothing") {
  for (const Kind kind : {Kind::cancel, Kind::deadline}) {
    Interrupted fixture(kind);
    const std::string before = names(fixture.store.space("interrupts"));
    fixture.interrupt();
    for (const Request& request : all_verbs("/file")) {
      CAPTURE(verb_name(request.verb));
      CHECK(run(fixture.space(), request).code == fixture.code());
    }
    CHECK(fixture.space().info().code() == fixture.code());
    CHECK(names(fixture.store.space("interrupts")) == before);
  }
}

TEST_CASE("bad day: a verb that is interrupted in its middle is whole or undone") {
  for (const Kind kind : {Kind::cancel, Kind::deadline}) {
    for (const Request& request : all_verbs("/file")) {
      CAPTURE(verb_name(request.verb));
      for (std::uint64_t n = 1; n < 100; ++n) {
        CAPTURE(n);
        Interrupted fixture(kind);
        const std::string before = names(fixture.store.space("interrupts"));
        Answer answer;
        const bool met = fixture.run_until(n, request, answer);
        const Space plain = fixture.store.space("interrupts");
        const std::string after = names(plain);
        const bool of_trash = request.verb == Verb::restore || request.verb == Verb::purge;
        const Code undisturbed = request.verb == Verb::make_folder ? Code::already_exists
                                 : of_trash                        ? Code::not_found
                                 : request.verb == Verb::list      ? Code::not_a_folder
                                                                   : Code::ok;
        CHECK((answer.code == undisturbed || (met && answer.code == fixture.code())));
        // A change that was committed before the interruption stands.
        if (answer.code == Code::ok && changes(request.verb)) CHECK(after != before);
        if (answer.code != Code::ok && after == before && changes(request.verb))
          CHECK(run(plain, request).code == undisturbed);
        CHECK(fixture.store.findings() == "");
        if (!met) break;
        REQUIRE(n < 99);
      }
    }
  }
}

TEST_CASE("bad day: a long read ends when it is interrupted") {
  const std::string large = std::string(20 << 20, 'l');
  for (const Kind kind : {Kind::cancel, Kind::deadline}) {
    for (const bool whole : {false, true}) {
      CAPTURE(whole);
      Interrupted fixture(kind);
      const Space plain = fixture.store.space("interrupts");
      REQUIRE(plain.put("/large", large).ok());
      const Reader reader = fixture.space().reader("/large").value();
      std::vector<std::uint8_t> out(large.size());
      fixture.interrupt_at_read();
      CHECK((whole ? fixture.space().get("/large").code() : reader.read_at(0, out).code()) ==
            fixture.code());
      CHECK(plain.get("/large").value() == large);
    }
  }
}

}  // namespace spind::test
