#include "base/limits.h"
#include "base/try.h"
#include "model/keys.h"
#include "ops/ops.h"
#include "ops/row_pages.h"
#include "ops/uploads.h"

namespace spind::ops {

Result<UploadInfo> upload_info(const Context& context, const Call& call, const SpaceId& space,
                               UploadId number) {
  SPIND_TRY_ASSIGN(const Entered entered, enter(context, call, space));
  SPIND_TRY_ASSIGN(const model::UploadRecord upload,
                   find_upload(context, entered.reading.snapshot(), space, *entered.info, call,
                               number, Whose::managed));
  return to_upload_info(number, upload);
}

Result<PageOf<UploadInfo>> list_uploads(const Context& context, const Call& call,
                                        const SpaceId& space, const UploadsOptions& options) {
  SPIND_TRY(check_page_size(options.count_max));
  SPIND_TRY_ASSIGN(const Entered entered, enter(context, call, space));
  if (options.of_everybody)
    SPIND_TRY(permit(call, *entered.info, {kRootNode}, 0, access::kUpdateGrant, Ref("/")));
  const std::string prefix = model::row_prefix(space, model::SpaceRow::upload);
  const auto now_ns = context.clocks.believed_now();
  return page_of_rows<UploadInfo>(
      context, call, entered.reading.snapshot(),
      {prefix, prefix + (options.of_everybody ? 'e' : 'o')}, options.count_max, options.after,
      [&](std::string_view key, std::string_view value) -> Result<std::optional<UploadInfo>> {
        SPIND_TRY_ASSIGN(const model::UploadRecord upload, model::decode_upload(value));
        const bool own = upload.starter == call.who.user;
        if (upload.expired(now_ns) || !(own || options.of_everybody))
          return std::optional<UploadInfo>{};
        return std::optional(to_upload_info(model::last_u64_in(key), upload));
      });
}

}  // namespace spind::ops
