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

// A store whose n-th call of a seam interrupts the session that it came from. It holds something
// for each verb.
class Interrupted {
 public:
  explicit Interrupted(Kind kind)
      : kind_(kind), store(MetadataEngine::memory, seams(), {}, /*open_later=*/true) {
    store.before_kv([this](kv::MemoryCall) {
      count();
      return Status();
    });
    REQUIRE(store.open().ok());
    fill(store.make_space("interrupts"));
    store.make_space("spare");
    REQUIRE(store.make_space("disabled").disable().ok());
    enter();
  }

  // Begins a session that can be interrupted.
  void enter() {
    SessionOptions options{.user = "ada"};
    if (kind_ == Kind::cancel) options.cancel = token_ = CancelToken();
    if (kind_ == Kind::deadline) options.timeout = std::chrono::minutes(1);
    go_on_as(store.store().session(options).value());
  }
  // From here on nothing interrupts.
  void calm_down() {
    left_ = 0;
    go_on_as(store.session());
  }

  // Runs what is asked for, interrupted at the n-th call. False: it made fewer calls.
  bool run_until(std::uint64_t n, const std::function<Status(Interrupted&)>& ask, Code& code) {
    left_ = static_cast<std::int64_t>(n);
    code = ask(*this).code();
    return left_ <= 0;
  }
  void interrupt() {
    if (kind_ == Kind::cancel) token_.cancel();
    if (kind_ == Kind::deadline) clock_.advance(120'000'000'000);
  }
  Code code() const { return kind_ == Kind::cancel ? Code::cancelled : Code::deadline_exceeded; }
  // The session's next read of a blob interrupts it.
  void interrupt_at_read() { at_read_ = true; }
  const Session& session() const { return *session_; }
  const Space& space() const { return spaces_[0]; }
  const Space& spare() const { return spaces_[1]; }
  const Space& disabled() const { return spaces_[2]; }

  NodeId trashed = 0;
  UploadId begun = 0, complete = 0, held = 0;

 private:
  void fill(const Space& space) {
    REQUIRE(space.put("/file", "before").ok());
    REQUIRE(space.put("/file", "as it was").ok());
    REQUIRE(space.add_tags("/file", {"red"}).ok());
    REQUIRE(space.put("/folder/a/b", "b", {.make_parents = true}).ok());
    REQUIRE(space.put("/folder/c", "c").ok());
    REQUIRE(space.set_favourite("/folder", true).ok());
    REQUIRE(space.put("/gone/x", "x", {.make_parents = true}).ok());
    trashed = space.remove("/gone").value().node;
    begun = space.start_upload("/begun", 4).value().id;
    complete = space.start_upload("/uploaded", 4).value().id;
    REQUIRE(space.append_upload(complete, 0, "four").ok());
    held = space.start_upload("/held", 4).value().id;
    REQUIRE(space.append_upload(held, 0, "four").ok());
    REQUIRE(space.finish_upload(held, {.hold = true}).ok());
  }

  void go_on_as(const Session& session) {
    session_ = session;
    spaces_.clear();
    for (const char* alias : {"interrupts", "spare", "disabled"})
      spaces_.push_back(session.space_by_alias(alias).value());
  }

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
  std::vector<Space> spaces_;
};

struct Call {
  std::string name;
  bool changes = false;
  std::function<Status(Interrupted&)> ask;
};

Status status_of(const Answer& answer) {
  if (answer.code == Code::ok) return {};
  return Error{.code = answer.code, .text = answer.text};
}

template <class T>
Status status_of(Result<T> result) {
  if (result.ok()) return {};
  return std::move(result).error();
}
Status status_of(Status status) { return status; }

// A verb of a request, on what it works on.
Call call_of(Request request) {
  switch (request.verb) {
    case Verb::list:
    case Verb::walk: request.ref = "/folder"; break;
    case Verb::make_folder: request.ref = "/new"; break;
    default: break;
  }
  const bool of_trash = request.verb == Verb::restore || request.verb == Verb::purge;
  return {std::string(verb_name(request.verb)), changes(request.verb),
          [request, of_trash](Interrupted& fixture) {
            Request asked = request;
            if (of_trash) asked.ref = Ref::node(fixture.trashed);
            return status_of(run(fixture.space(), asked));
          }};
}

template <class Ask>
Call call(std::string name, bool changes, Ask ask) {
  return {std::move(name), changes,
          [ask](Interrupted& fixture) { return status_of(ask(fixture)); }};
}

void add_calls_of_spaces(std::vector<Call>& calls) {
  calls.push_back(call("create_space", true,
                       [](Interrupted& f) { return f.session().create_space({.alias = "made"}); }));
  calls.push_back(call("space_by_alias", false,
                       [](Interrupted& f) { return f.session().space_by_alias("spare"); }));
  calls.push_back(
      call("list_spaces", false, [](Interrupted& f) { return f.session().list_spaces(); }));
  calls.push_back(
      call("favourites", false, [](Interrupted& f) { return f.session().favourites(); }));
  calls.push_back(call("info", false, [](Interrupted& f) { return f.space().info(); }));
  calls.push_back(call("update", true, [](Interrupted& f) {
    return f.spare().update({.alias = "renamed", .name = "another name"});
  }));
  calls.push_back(call("disable", true, [](Interrupted& f) { return f.spare().disable(); }));
  calls.push_back(call("enable", true, [](Interrupted& f) { return f.disabled().enable(); }));
  calls.push_back(
      call("purge of a space", true, [](Interrupted& f) { return f.disabled().purge(); }));
}

void add_calls_of_a_space(std::vector<Call>& calls) {
  calls.push_back(call("copy of a folder", true,
                       [](Interrupted& f) { return f.space().copy("/folder", "/copy"); }));
  calls.push_back(call("copy_from", true, [](Interrupted& f) {
    return f.spare().copy_from(f.space(), "/folder", "/copy");
  }));
  calls.push_back(call("tagged", false, [](Interrupted& f) { return f.space().tagged("red"); }));
  calls.push_back(call("set_favourite", true,
                       [](Interrupted& f) { return f.space().set_favourite("/file", true); }));
  calls.push_back(call("trash", false, [](Interrupted& f) { return f.space().trash(); }));
  calls.push_back(
      call("empty_trash", true, [](Interrupted& f) { return f.space().empty_trash(); }));
  calls.push_back(call("changes", false, [](Interrupted& f) { return f.space().changes(""); }));
  calls.push_back(call("cursor_now", false, [](Interrupted& f) { return f.space().cursor_now(); }));
  calls.push_back(call("at", false, [](Interrupted& f) { return f.space().at({.entry = 3}); }));
  calls.push_back(
      call("rewind", true, [](Interrupted& f) { return f.space().rewind({.entry = 3}); }));
}

void add_calls_of_uploads(std::vector<Call>& calls) {
  calls.push_back(call("start_upload", true,
                       [](Interrupted& f) { return f.space().start_upload("/another", 10); }));
  calls.push_back(call("append_upload", true,
                       [](Interrupted& f) { return f.space().append_upload(f.begun, 0, "two"); }));
  calls.push_back(call("upload", false, [](Interrupted& f) { return f.space().upload(f.begun); }));
  calls.push_back(call("uploads", false, [](Interrupted& f) { return f.space().uploads(); }));
  calls.push_back(call("finish_upload", true,
                       [](Interrupted& f) { return f.space().finish_upload(f.complete); }));
  calls.push_back(call("finish_upload, held", true, [](Interrupted& f) {
    return f.space().finish_upload(f.complete, {.hold = true});
  }));
  calls.push_back(
      call("abort_upload", true, [](Interrupted& f) { return f.space().abort_upload(f.begun); }));
  calls.push_back(call("release_upload", true,
                       [](Interrupted& f) { return f.space().release_upload(f.held); }));
  calls.push_back(call("quarantine_upload", true,
                       [](Interrupted& f) { return f.space().quarantine_upload(f.held); }));
  calls.push_back(call("upload_reader", false, [](Interrupted& f) {
    return f.space().upload_reader(f.held, {.inspect = true});
  }));
}

std::vector<Call> all_calls() {
  std::vector<Call> calls;
  for (const Request& request : all_verbs("/file")) calls.push_back(call_of(request));
  add_calls_of_spaces(calls);
  add_calls_of_a_space(calls);
  add_calls_of_uploads(calls);
  return calls;
}

std::string nodes(const Space& space) {
  std::string text;
  for (const Walk::Item& item : run(space, {.verb = Verb::walk}).items)
    text += item.path + ":" + std::to_string(item.node.version) + ":" +
            std::to_string(item.node.mtime_ns) + ":" + std::to_string(item.node.changed) + " ";
  return text;
}

// All that a call could have changed, as others see it.
std::string state_of(Interrupted& fixture) {
  const Session ada = fixture.store.session();
  std::string text;
  for (const SpaceInfo& info : ada.list_spaces().value().items) {
    text += info.alias + ":" + info.name + ":" + std::to_string(static_cast<int>(info.state)) + " ";
    text += nodes(ada.space(info.id).value());
  }
  const Space space = fixture.store.space("interrupts");
  for (const TrashItem& item : space.trash().value().items)
    text += "trash " + std::to_string(item.node.id) + " ";
  for (const UploadInfo& upload : space.uploads().value().items)
    text += "upload " + std::to_string(upload.id) + ":" + std::to_string(upload.offset) + ":" +
            std::to_string(static_cast<int>(upload.state)) + " ";
  for (const Favourite& favourite : ada.favourites().value().items)
    text += "favourite " + std::to_string(favourite.node.id) + " ";
  return text;
}

}  // namespace

TEST_CASE("bad day: a session that was cancelled, or whose time is over, does nothing") {
  for (const Kind kind : {Kind::cancel, Kind::deadline}) {
    Interrupted fixture(kind);
    const std::string before = state_of(fixture);
    fixture.interrupt();
    for (const Call& call : all_calls()) {
      CAPTURE(call.name);
      CHECK(call.ask(fixture).code() == fixture.code());
    }
    CHECK(fixture.session().space(fixture.space().id()).code() == fixture.code());
    CHECK(state_of(fixture) == before);
  }
}

TEST_CASE("bad day: a verb that is interrupted in its middle is whole or undone") {
  for (const Kind kind : {Kind::cancel, Kind::deadline}) {
    for (const Call& call : all_calls()) {
      CAPTURE(call.name);
      std::optional<Interrupted> fixture;
      for (std::uint64_t n = 1; n < 100; ++n) {
        CAPTURE(n);
        if (fixture && !call.changes)
          fixture->enter();
        else
          fixture.emplace(kind);
        const std::string before = state_of(*fixture);
        Code code = Code::ok;
        const bool met = fixture->run_until(n, call.ask, code);
        const std::string after = state_of(*fixture);
        CHECK((code == Code::ok || (met && code == fixture->code())));
        // A change that was committed before the interruption stands.
        if (!call.changes) CHECK(after == before);
        if (call.changes && code == Code::ok) CHECK(after != before);
        if (code != Code::ok && after == before) {
          fixture->calm_down();
          CHECK(call.ask(*fixture).code() == Code::ok);
        }
        if (call.changes) CHECK(fixture->store.findings() == "");
        // Each verb comes so far that it can be interrupted.
        if (!met) CHECK(n > 1);
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
