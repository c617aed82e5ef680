#include "spind/store.h"

#include "base/try.h"
#include "engine/deadline.h"
#include "engine/engine.h"
#include "engine/traceparent.h"

namespace spind {

using engine::Verb;

Result<Store> Store::open(const std::string& folder, const StoreOptions& options) {
  return engine::open_with(folder, options, {});
}

Store::Store(std::shared_ptr<engine::Engine> engine) : engine_(std::move(engine)) {}
Store::Store(Store&&) noexcept = default;

Store& Store::operator=(Store&& other) noexcept {
  if (this != &other) {
    if (engine_ != nullptr) (void)engine_->close();
    engine_ = std::move(other.engine_);
  }
  return *this;
}

Store::~Store() {
  if (engine_ != nullptr) (void)engine_->close();
}

Result<Session> Store::session(const SessionOptions& options) const {
  auto state = std::make_shared<engine::SessionState>();
  state->engine = engine_;
  state->call.who = {options.user, options.groups, options.tenant, options.application};
  SPIND_TRY(access::check_principal(state->call.who));
  SPIND_TRY(engine::check_traceparent(options.traceparent));
  state->traceparent = options.traceparent;
  if (options.timeout)
    state->call.deadline_monotonic_ns =
        engine::deadline_after(engine_->clock().monotonic_ns(), *options.timeout);
  state->call.cancel = options.cancel;
  state->call.deferred = options.deferred;
  return Session(std::move(state));
}

Result<CheckReport> Store::check(const CheckOptions& options) const {
  const auto engine = engine_;
  return engine->run(Verb::check, [&] { return engine->check(options); });
}

Result<ScrubReport> Store::scrub(const ScrubOptions& options) const {
  const auto engine = engine_;
  return engine->run(Verb::scrub, [&] { return engine->scrub(options); });
}

Result<CollectReport> Store::collect(const CollectOptions& options) const {
  if (options.grace.count() < 0)
    return Error{.code = Code::invalid_argument, .text = "the grace time is negative"};
  const auto engine = engine_;
  return engine->run(Verb::collect, [&] { return engine->collect(options); });
}

Result<CheckpointReport> Store::checkpoint(const std::string& folder,
                                           const CheckpointOptions& options) const {
  const auto engine = engine_;
  return engine->run(Verb::checkpoint, [&] { return engine->checkpoint(folder, options); });
}

Result<FlushStagedReport> Store::flush_staged(const FlushStagedOptions& options) const {
  const auto engine = engine_;
  return engine->run(Verb::flush_staged, [&] { return engine->flush_staged(options); });
}

Result<BlobStatus> Store::blob_status() const {
  const auto engine = engine_;
  return engine->run(Verb::blob_status, [&] { return engine->blob_status(); });
}

Result<MoveBlobsReport> Store::move_blobs(std::shared_ptr<BlobStore> to,
                                          const MoveBlobsOptions& options) const {
  const auto engine = engine_;
  return engine->move_blobs(std::move(to), options);
}

Status Store::empty_left_place(const std::shared_ptr<BlobStore>& place,
                               const EmptyLeftPlaceOptions& options) const {
  const auto engine = engine_;
  return engine->run(Verb::empty_left_place,
                     [&] { return engine->empty_left_place(place, options); });
}

Result<std::vector<VaultInfo>> Store::vaults() const {
  const auto engine = engine_;
  return engine->run(Verb::vaults, [&] { return engine->vaults(); });
}

Result<VaultInfo> Store::rotate_vault(const std::string& tenant,
                                      const RotateVaultOptions& options) const {
  const auto engine = engine_;
  return engine->run(Verb::rotate_vault, [&] { return engine->rotate_vault({tenant}, options); });
}

Result<VaultInfo> Store::rotate_vault(const SpaceId& space,
                                      const RotateVaultOptions& options) const {
  const auto engine = engine_;
  return engine->run(Verb::rotate_vault, [&]() -> Result<VaultInfo> {
    SPIND_TRY_ASSIGN(const model::VaultName name, engine->own_vault(space));
    return engine->rotate_vault(name, options);
  });
}

Result<ResealReport> Store::reseal_vault(const std::string& tenant,
                                         const ResealOptions& options) const {
  const auto engine = engine_;
  return engine->run(Verb::reseal_vault, [&] { return engine->reseal_vault({tenant}, options); });
}

Result<ResealReport> Store::reseal_vault(const SpaceId& space, const ResealOptions& options) const {
  const auto engine = engine_;
  return engine->run(Verb::reseal_vault, [&]() -> Result<ResealReport> {
    SPIND_TRY_ASSIGN(const model::VaultName name, engine->own_vault(space));
    return engine->reseal_vault(name, options);
  });
}

Result<EncryptReport> Store::encrypt_vault(const std::string& tenant,
                                           const EncryptOptions& options) const {
  const auto engine = engine_;
  return engine->run(Verb::encrypt_vault, [&] { return engine->encrypt_vault({tenant}, options); });
}

Result<EncryptReport> Store::encrypt_vault(const SpaceId& space,
                                           const EncryptOptions& options) const {
  const auto engine = engine_;
  return engine->run(Verb::encrypt_vault, [&]() -> Result<EncryptReport> {
    SPIND_TRY_ASSIGN(const model::VaultName name, engine->own_vault(space));
    return engine->encrypt_vault(name, options);
  });
}

Result<std::uint64_t> Store::rewrap_vaults() const {
  const auto engine = engine_;
  return engine->run(Verb::rewrap_vaults, [&] { return engine->rewrap_vaults(); });
}

Status Store::destroy_vault(const std::string& tenant) const {
  const auto engine = engine_;
  return engine->run(Verb::destroy_vault, [&] { return engine->destroy_vault({tenant}); });
}

Status Store::destroy_vault(const SpaceId& space) const {
  const auto engine = engine_;
  return engine->run(Verb::destroy_vault, [&]() -> Status {
    SPIND_TRY_ASSIGN(const model::VaultName name, engine->own_vault(space));
    return engine->destroy_vault(name);
  });
}

std::string Store::metrics() const {
  const auto engine = engine_;
  return engine->metrics();
}

Status Store::health() const {
  const auto engine = engine_;
  return engine->health();
}

Status Store::close() {
  const auto engine = engine_;
  return engine->close();
}

Version version() { return {SPIND_VERSION, engine::kSecretsElsewhereFormat}; }

}  // namespace spind
