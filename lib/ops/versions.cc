#include "base/codec.h"
#include "base/try.h"
#include "model/keys.h"
#include "ops/file_versions.h"
#include "ops/ops.h"
#include "ops/page_token.h"

namespace spind::ops {
namespace {

VersionInfo to_info(const model::VersionRecord& version) {
  VersionInfo info;
  info.number = version.number;
  info.size_bytes = version.size_bytes;
  info.mtime_ns = version.mtime_ns;
  info.written_ns = version.written_ms * 1'000'000;
  info.author = version.author;
  info.sha256 = version.sha256;
  info.checksums = version.checksums;
  return info;
}

// The number that the page before came to.
Result<VersionNumber> last_number(const std::string& after, const std::string& listing) {
  SPIND_TRY_ASSIGN(const std::string key, open_page_token(after, listing));
  Decoder in(key);
  const VersionNumber number = in.u64_be();
  if (!in.finish())
    return Error{.code = Code::invalid_argument, .text = "the page token is broken"};
  return number;
}

std::string token_of(VersionNumber number, const std::string& listing) {
  std::string key;
  Encoder(key).u64_be(number);
  return make_page_token(key, listing);
}

// Marks of versions on the page; both run down the numbers.
Status add_marks(const space::Reading& reading, NodeId node, std::vector<VersionInfo>& versions) {
  if (versions.empty()) return {};
  const auto cursor = reading.snapshot().scan_back(
      kv::Family::state, model::mark_key(reading.space(), node, versions.back().number),
      model::mark_key(reading.space(), node, versions.front().number + 1));
  auto version = versions.begin();
  for (; cursor->valid(); cursor->next()) {
    const VersionNumber number = model::last_u64_in(cursor->key());
    while (version != versions.end() && version->number > number) ++version;
    if (version == versions.end()) break;
    if (version->number != number) continue;
    SPIND_TRY_ASSIGN(model::MarkRecord mark, model::decode_mark(cursor->value()));
    version->pinned = mark.pinned;
    version->label = std::move(mark.label);
  }
  return cursor->status();
}

}  // namespace

Result<PageOf<VersionInfo>> versions(const Context& context, const Call& call, const SpaceId& space,
                                     const Ref& file, const VersionsOptions& options) {
  SPIND_TRY(check_page_size(options.count_max));
  SPIND_TRY_ASSIGN(Entered entered, enter(context, call, space));
  SPIND_TRY_ASSIGN(const space::Resolved at, find_file(entered.reading, *entered.info, call, file,
                                                       access::kListFileVersions));
  const model::NodeRecord& node = *at.place.node;
  const std::string prefix = model::versions_prefix(space, node.id);
  std::string end = model::end_of(prefix);
  PageOf<VersionInfo> page;
  if (options.after.empty()) {
    page.items.push_back(to_info(node.current));
    page.items.back().current = true;
  } else {
    SPIND_TRY_ASSIGN(const VersionNumber last, last_number(options.after, prefix));
    end = model::version_key(space, node.id, last);
  }
  const auto cursor = entered.reading.snapshot().scan_back(kv::Family::state, prefix, end);
  for (; cursor->valid(); cursor->next()) {
    if (page.items.size() == options.count_max) {
      page.next = token_of(page.items.back().number, prefix);
      break;
    }
    SPIND_TRY_ASSIGN(const model::VersionRecord version, model::decode_version(cursor->value()));
    page.items.push_back(to_info(version));
    if (page.items.size() % 256 == 0) SPIND_TRY(call.interrupted(context.clock));
  }
  SPIND_TRY(cursor->status());
  SPIND_TRY(add_marks(entered.reading, node.id, page.items));
  return page;
}

}  // namespace spind::ops
