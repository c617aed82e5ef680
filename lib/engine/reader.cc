#include "spind/reader.h"

#include "base/try.h"
#include "engine/engine.h"

namespace spind {

using engine::Verb;

namespace {

// How far a sequential reader asks for bytes before they are wanted.
constexpr std::uint64_t kReadAheadBytes = 4 << 20;

}  // namespace

struct Reader::State final : engine::Guest {
  State(std::shared_ptr<engine::SessionState> owner, ops::OpenedFile opened)
      : session(std::move(owner)), file(std::move(opened)) {
    session->engine->admit(*this);
  }
  ~State() override { session->engine->dismiss(*this); }
  void let_go() override { file.source.reset(); }

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::uint8_t> out) {
    engine::Engine& engine = *session->engine;
    return session->run(Verb::read, [&]() -> Result<std::size_t> {
      SPIND_TRY(session->call.interrupted(engine.clock()));
      return file.read_at(offset, out, session->call.interrupt(engine.clock()));
    });
  }

  std::shared_ptr<engine::SessionState> session;
  ops::OpenedFile file;
  std::uint64_t position = 0;
  std::uint64_t asked_until = 0;
};

Reader::Reader(std::unique_ptr<State> state) : state_(std::move(state)) {}
Reader::Reader(Reader&&) noexcept = default;
Reader& Reader::operator=(Reader&&) noexcept = default;
Reader::~Reader() = default;

const NodeInfo& Reader::info() const { return state_->file.info; }

std::uint64_t Reader::size_bytes() const { return state_->file.info.size_bytes; }

Result<std::size_t> Reader::read_at(std::uint64_t offset, std::span<std::uint8_t> out) const {
  return state_->read_at(offset, out);
}

Result<std::size_t> Reader::read(std::span<std::uint8_t> out) {
  State& state = *state_;
  const std::uint64_t want_until = state.position + out.size() + kReadAheadBytes;
  if (state.position + out.size() < state.file.info.size_bytes &&
      want_until > state.asked_until + kReadAheadBytes / 2) {
    SPIND_TRY(state.session->run(Verb::read, [&]() -> Status {
      state.file.source->read_ahead(state.position + out.size(), kReadAheadBytes);
      return {};
    }));
    state.asked_until = want_until;
  }
  SPIND_TRY_ASSIGN(const std::size_t got, state.read_at(state.position, out));
  state.position += got;
  return got;
}

Result<Reader> Space::reader(const Ref& file, const ReadOptions& options) const {
  engine::SessionState& session = *state_->session;
  return session.run(Verb::reader_open, [&]() -> Result<Reader> {
    SPIND_TRY_ASSIGN(ops::OpenedFile opened, ops::open_file(session.engine->context(), session.call,
                                                            state_->id, file, options));
    return Reader(std::make_unique<Reader::State>(state_->session, std::move(opened)));
  });
}

Result<Reader> Space::upload_reader(UploadId upload, const ReadUploadOptions& options) const {
  engine::SessionState& session = *state_->session;
  return session.run(Verb::reader_open, [&]() -> Result<Reader> {
    SPIND_TRY_ASSIGN(
        ops::OpenedFile opened,
        ops::open_upload(session.engine->context(), session.call, state_->id, upload, options));
    return Reader(std::make_unique<Reader::State>(state_->session, std::move(opened)));
  });
}

}  // namespace spind
