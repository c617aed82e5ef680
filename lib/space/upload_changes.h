// The changes of an upload, and their inverses, for apply and unapply. What an upload holds is
// counted as references of the space, as what versions hold is.
#pragma once

#include "model/entry.h"
#include "space/state.h"

namespace spind::space {

// corruption: it is not there, though an entry is about it.
Result<model::UploadRecord> known_upload(State& state, EntryNumber number);

// `at` is the number of the entry that the change is part of.
Status change_upload(State& state, const model::UploadChanged& change, EntryNumber at);
Status unchange_upload(State& state, const model::UploadChanged& change, EntryNumber at);
Status end_upload(State& state, const model::UploadEnded& change, EntryNumber at);
Status unend_upload(State& state, const model::UploadEnded& change, EntryNumber at);

}  // namespace spind::space
