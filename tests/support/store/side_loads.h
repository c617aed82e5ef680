// Loads that run beside the writers of a ledger, in spaces of their own: what they leave is not
// held against anything but the check. Each may be begun again after it was killed or refused.
#pragma once

#include "spind/store.h"

namespace spind::test {

// A space that keeps next to nothing of its past; made if it is not there.
Result<Space> forgetful_space(const Session& session);
// Puts, rewinds, removes and purges in it, so that its floor always has something to pass. Packs
// and attachments only: objects of other loads may be counted.
Status let_go(const Space& forgetful, std::uint64_t round);

// A space of uploads that are finished, held, released, quarantined, aborted and forgotten, of a
// folder that goes to the trash and comes back, whole or in part, of versions, tags and favourites,
// of copies out of the `source`, whose vault is another one, and which is out of use for a moment
// now and then. Made if it is not there.
Result<Space> desk_space(const Session& session);
Status tidy_desk(const Session& session, const Space& desk, const Space& source,
                 std::uint64_t round);
// Uploads that a kill or a full disk left finished, and not released, which else stay for ever.
Status discard_held(const Space& space);

// A space that drops all that it can, thins its versions, and then goes itself; kills leave some of
// them. Of files that are not small, most of the packs that it wrote to is dead then.
Status come_and_go(const Session& session, std::uint64_t round, std::uint64_t file_bytes = 40'000);

// Collects all that it can, moves what is left of packs that are mostly dead, and scrubs a part of
// the store, on from where the last part ended. Findings are an error.
Status look_after(const Store& store);

// Adds keys to the file that those of the store come from, wraps with them, encrypts anew, and
// destroys the vault of a tenant that was there for a moment.
Status change_keys(const Store& store, const std::string& key_file, std::uint64_t round);

}  // namespace spind::test
