#include "base/limits.h"
#include "base/try.h"
#include "model/keys.h"
#include "ops/ops.h"
#include "ops/page_token.h"
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
  const std::string listing = prefix + (options.of_everybody ? 'e' : 'o');
  std::string begin = prefix;
  if (!options.after.empty()) {
    SPIND_TRY_ASSIGN(const std::string last, open_page_token(options.after, listing));
    begin.append(last).push_back('\0');
  }
  const std::int64_t now_ns = context.clock.wall_ns();
  PageOf<UploadInfo> page;
  const auto cursor =
      entered.reading.snapshot().scan(kv::Family::state, begin, model::end_of(prefix));
  for (std::size_t seen = 0; cursor->valid(); cursor->next()) {
    SPIND_TRY(call.interrupted(context.clock));
    SPIND_TRY_ASSIGN(const model::UploadRecord upload, model::decode_upload(cursor->value()));
    const bool own = upload.starter == call.who.user;
    if ((own || options.of_everybody) && !upload.expired(now_ns))
      page.items.push_back(to_upload_info(model::last_u64_in(cursor->key()), upload));
    if (page.items.size() == options.count_max || ++seen == kPageScanMax) {
      page.next = make_page_token(cursor->key().substr(prefix.size()), listing);
      break;
    }
  }
  SPIND_TRY(cursor->status());
  return page;
}

}  // namespace spind::ops
