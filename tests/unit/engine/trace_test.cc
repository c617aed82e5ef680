// What a host that traces is told of calls.
#include <doctest/doctest.h>

#include "spind/store.h"

namespace spind {
namespace {

const std::string kParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

struct Told {
  std::string verb, traceparent;
  Code code;
  bool operator==(const Told&) const = default;
};

struct Traced {
  std::vector<Told> told;
  StoreOptions options() {
    StoreOptions options{.metadata = MetadataEngine::memory};
    options.trace = [this](const Span& span) {
      CHECK(span.begin_ns > 0);
      CHECK(span.duration_ns >= 0);
      told.push_back({std::string(span.verb), std::string(span.traceparent), span.code});
    };
    return options;
  }
  Store store = Store::open("", options()).value();
};

TEST_CASE_FIXTURE(Traced, "trace: every call of a session, with its parent and what came of it") {
  const Session ada = store.session({.user = "ada", .traceparent = kParent}).value();
  const Space space = ada.create_space({.alias = "ada"}).value();
  space.put("/essay", "text").value();
  CHECK(space.stat("/none").code() == Code::not_found);
  CHECK(space.at({.entry = 1}).value().list("/").ok());
  CHECK(space.reader("/essay").value().read_at(0, {}).ok());
  CHECK(told == std::vector<Told>{{"create_space", kParent, Code::ok},
                                  {"put", kParent, Code::ok},
                                  {"stat", kParent, Code::not_found},
                                  {"at", kParent, Code::ok},
                                  {"list", kParent, Code::ok},
                                  {"reader_open", kParent, Code::ok},
                                  {"read", kParent, Code::ok}});
}

TEST_CASE_FIXTURE(Traced, "trace: calls without a session, or whose session names none") {
  store.check().value();
  store.session({.user = "ada"}).value().create_space({}).value();
  CHECK(told == std::vector<Told>{{"check", "", Code::ok}, {"create_space", "", Code::ok}});
}

TEST_CASE_FIXTURE(Traced, "trace: a traceparent that is none is refused") {
  const auto answer = [&](std::string traceparent) {
    return store.session({.user = "ada", .traceparent = std::move(traceparent)}).code();
  };
  CHECK(answer("") == Code::ok);
  CHECK(answer(kParent) == Code::ok);
  CHECK(answer("cc" + kParent.substr(2) + "-later") == Code::ok);
  for (std::size_t cut = 1; cut < kParent.size(); ++cut)
    CHECK(answer(kParent.substr(0, cut)) == Code::invalid_argument);
  for (std::size_t i = 0; i < kParent.size(); ++i) {
    std::string wrong = kParent;
    wrong[i] = 'A';
    CHECK(answer(wrong) == Code::invalid_argument);
  }
  for (const char* wrong : {"ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
                            "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01more"}) {
    CAPTURE(wrong);
    CHECK(answer(wrong) == Code::invalid_argument);
  }
  CHECK(answer("cc" + kParent.substr(2) + "-" + std::string(300, 'x')) == Code::invalid_argument);
}

}  // namespace
}  // namespace spind
