// What the verbs about uploads share.
#pragma once

#include "model/upload_record.h"
#include "ops/commit.h"
#include "spind/upload.h"

namespace spind::ops {

Error no_such_upload(UploadId number);

// Managers decide over what others began.
bool manages(const Call& call, const model::SpaceRecord& info);

// Whose upload a verb may be about: of the caller's own, or of anybody's if the caller manages.
enum class Whose : std::uint8_t { own, managed };

// not_found: there is none, its time is over, or it is not for the caller to know.
Result<model::UploadRecord> find_upload(const Context& context, const kv::View& view,
                                        const SpaceId& space, const model::SpaceRecord& info,
                                        const Call& call, UploadId number, Whose whose);

// An upload in a snapshot, for work that is too long for a commit.
struct SeenUpload {
  Entered entered;
  model::UploadRecord upload;
};
// Looks again, once what was committed is durable, where `enough` is not: what a deferred session
// did just now belongs to it. not_found as find_upload, then only.
Result<SeenUpload> see_upload(const Context& context, const Call& call, const SpaceId& space,
                              UploadId number, Whose whose,
                              const std::function<bool(const model::UploadRecord&)>& enough);

// The same inside the commit that rests on what was seen. aborted: it is another one by now.
Status check_unchanged(const Context& context, space::State& state, const Call& call,
                       UploadId number, Whose whose, const model::UploadRecord& seen);

// Its pieces of before the tail, in order.
Result<std::vector<model::Piece>> settled_pieces(const kv::View& view, const SpaceId& space,
                                                 UploadId number,
                                                 const model::UploadRecord& upload);

// The bytes of one that is complete.
Result<std::unique_ptr<content::Source>> upload_source(const Context& context,
                                                       const SeenUpload& seen, UploadId number);

// Ends the upload by the decision's entry. Attachments before it are manifests.
Status add_end(space::State& state, UploadId number, const model::UploadRecord& upload,
               Decision& decision);

Ref target_of(const model::UploadRecord& upload);
UploadInfo to_upload_info(UploadId number, const model::UploadRecord& upload);

}  // namespace spind::ops
