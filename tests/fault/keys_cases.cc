// What makes, changes and destroys keys. The beginning of a case was wrapped with another key than
// the provider now has as its current one.
#include <stdexcept>

#include "base/try.h"
#include "fault/fault_case.h"
#include "support/store/content.h"
#include "support/store/sample.h"

namespace spind::test {
namespace {

constexpr const char* kOtherTenant = "another school";

Error wrong(std::string text) { return {.code = Code::corruption, .text = std::move(text)}; }

Result<Session> other_session(TestStore& store) {
  SessionOptions who{.user = "bob"};
  who.tenant = kOtherTenant;
  return store.store().session(who);
}

Status put_in_new_vault(TestStore& store) {
  SPIND_TRY_ASSIGN(const Session session, other_session(store));
  Result<Space> space = session.space_by_alias("bobs");
  if (space.code() == Code::not_found) space = session.create_space({.alias = "bobs"});
  if (!space.ok()) return space.error();
  SPIND_TRY(space->put("/inline", "of bob"));
  SPIND_TRY(space->put("/packed", content(12, kPacked)));
  SPIND_TRY_ASSIGN(const std::string small, space->get("/inline"));
  SPIND_TRY_ASSIGN(const std::string packed, space->get("/packed"));
  return small == "of bob" && packed == content(12, kPacked) ? Status()
                                                             : Status(wrong("other bytes"));
}

void prepare_other_tenant(TestStore& store) {
  const Status put = put_in_new_vault(store);
  if (!put.ok()) throw std::runtime_error(put.error().to_string());
}

Status rewrap(TestStore& store) {
  SPIND_TRY(store.store().rewrap_vaults());
  SPIND_TRY_ASSIGN(const std::vector<VaultInfo> vaults, store.store().vaults());
  for (const VaultInfo& vault : vaults)
    if (vault.key_id != "later key") return wrong("a vault is not wrapped anew");
  return vaults.size() == 2 ? Status() : Status(wrong("a vault is missing"));
}

// An earlier try may have made one already.
Status rotate(TestStore& store) {
  SPIND_TRY_ASSIGN(const VaultInfo vault,
                   store.store().rotate_vault("default", {.data_key = true}));
  if (vault.generation < 2) return wrong("there is no new data key");
  return read_undamaged(store.store());
}

void make_data_key(TestStore& store) {
  if (!rotate(store).ok()) throw std::runtime_error("no new data key");
}

Status reseal(TestStore& store) {
  SPIND_TRY_ASSIGN(const ResealReport report, store.store().reseal_vault("default"));
  // What could not be read is left, and told of.
  if (report.pieces_left != 0) return Error{.code = Code::io_error, .text = "pieces are left"};
  return read_undamaged(store.store());
}

Status destroy(TestStore& store) {
  SPIND_TRY(store.store().destroy_vault(kOtherTenant));
  SPIND_TRY_ASSIGN(const std::vector<VaultInfo> vaults, store.store().vaults());
  for (const VaultInfo& vault : vaults)
    if ((vault.tenant == kOtherTenant) != (vault.state == VaultState::destroyed))
      return wrong("another vault is destroyed");
  SPIND_TRY_ASSIGN(const Session session, other_session(store));
  const Result<Space> space = session.space_by_alias("bobs");
  if (space.ok() && space->get("/inline").code() != Code::key_unavailable)
    return wrong("what was destroyed is read");
  return read_undamaged(store.store());
}

FaultCase on_keys(std::string name, Status (*run)(TestStore&), void (*prepare)(TestStore&)) {
  FaultCase one{std::move(name), run, false};
  if (prepare != nullptr) one.prepare = prepare;
  one.encrypted = Encrypted::always;
  return one;
}

}  // namespace

std::vector<FaultCase> keys_cases() {
  FaultCase resealing = on_keys("reseal vault", reseal, make_data_key);
  resealing.is_long = true;
  return {on_keys("put in a new vault", put_in_new_vault, nullptr),
          on_keys("rewrap vaults", rewrap, prepare_other_tenant),
          on_keys("rotate data key", rotate, nullptr), std::move(resealing),
          on_keys("destroy vault", destroy, prepare_other_tenant)};
}

}  // namespace spind::test
