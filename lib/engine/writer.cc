#include "spind/writer.h"

#include "base/bytes.h"
#include "base/try.h"
#include "engine/engine.h"
#include "engine/uploading.h"

namespace spind {

using engine::Verb;

namespace {

Error ended() { return {.code = Code::aborted, .text = "the writer has ended or failed before"}; }

}  // namespace

struct Writer::State final : engine::Guest {
  State(std::shared_ptr<engine::SpaceState> into, const Ref& target, PutOptions how,
        std::unique_ptr<content::Upload> begun)
      : space(std::move(into)), file(target), options(std::move(how)), upload(std::move(begun)) {
    space->session->engine->admit(*this);
  }
  ~State() override { space->session->engine->dismiss(*this); }
  void let_go() override { upload.reset(); }

  std::shared_ptr<engine::SpaceState> space;
  Ref file;
  PutOptions options;
  std::unique_ptr<content::Upload> upload;
};

Writer::Writer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Writer::Writer(Writer&&) noexcept = default;
Writer& Writer::operator=(Writer&&) noexcept = default;
Writer::~Writer() = default;

Status Writer::write(std::span<const std::uint8_t> bytes) {
  State& state = *state_;
  return state.space->session->run(Verb::write, [&]() -> Status {
    if (state.upload == nullptr) return ended();
    Status appended = state.upload->append(bytes);
    if (!appended.ok()) state.upload.reset();
    return appended;
  });
}

Status Writer::write(std::string_view text) { return write(as_bytes(text)); }

Result<Written> Writer::commit() {
  State& state = *state_;
  return state.space->session->run(Verb::writer_commit, [&]() -> Result<Written> {
    if (state.upload == nullptr) return ended();
    const auto upload = std::move(state.upload);
    return engine::commit_upload(*state.space, state.file, state.options, *upload);
  });
}

void Writer::abort() {
  (void)state_->space->session->run(Verb::write, [&]() -> Status {
    state_->upload.reset();
    return {};
  });
}

Result<Writer> Space::writer(const Ref& file, const PutOptions& options) const {
  return state_->session->run(Verb::writer_open, [&]() -> Result<Writer> {
    SPIND_TRY_ASSIGN(auto upload, engine::begin_upload(*state_, file, options));
    return Writer(std::make_unique<Writer::State>(state_, file, options, std::move(upload)));
  });
}

}  // namespace spind
