// A session: a store seen by one acting principal. Cheap to make and to copy; make one a request.
//
//   auto ada = store.session({.user = "ada", .tenant = "school-12", .timeout = 2s}).value();
//   for (std::string after;;) {
//     auto page = ada.list_spaces({}, 100, after).value();
//     ...
//     if ((after = page.next).empty()) break;
//   }
//
// With `deferred`, changes return before they are durable; wait once for many:
//
//   for (auto& [path, bytes] : files) space.put(path, bytes).value();
//   spind::Status durable = ada.wait();   // all of them are
#pragma once

#include "spind/options.h"
#include "spind/space.h"

namespace spind {

namespace engine {
class SessionState;
}

// Thread-safe.
class SPIND_EXPORT Session {
 public:
  // already_exists: the id or the alias is taken.
  Result<Space> create_space(const SpaceOptions& options) const;
  // not_found also where the caller holds no right in it; or where it is disabled, unless they may
  // manage it.
  Result<Space> space(const SpaceId& id) const;
  Result<Space> space_by_alias(std::string_view alias) const;
  // The tenant's spaces that the caller may see, personal ones first, each kind in order of ids;
  // disabled ones for those who may manage them, and such as are locked: of a destroyed vault until
  // the next collection, of one whose keys the provider does not give until it does.
  // `count_max` 1 to 10,000.
  Result<PageOf<SpaceInfo>> list_spaces(const SpaceFilter& filter = {},
                                        std::size_t count_max = 1000,
                                        std::string_view after = {}) const;
  // Nodes that the caller chose with Space::set_favourite, by space and id. Those that are gone, in
  // the trash, in a disabled space or no longer visible to the caller are left out; they come back
  // with what hides them. `count_max` 1 to 10,000.
  Result<PageOf<Favourite>> favourites(std::size_t count_max = 1000,
                                       std::string_view after = {}) const;

  // Returns when everything that this session (and its copies) changed so far is durable. no_space:
  // a full device lost some of it, of which the session is told once.
  Status wait() const;
  // Any ticket of this store since it was opened; 0 is durable. invalid_argument: it gave out no
  // such.
  Status wait(Ticket ticket) const;
  // Calls `done` once with what wait would answer, from a thread of the store or at once.
  void on_durable(Ticket ticket, std::function<void(Status)> done) const;

  explicit Session(std::shared_ptr<engine::SessionState> state);

 private:
  std::shared_ptr<engine::SessionState> state_;
};

}  // namespace spind
