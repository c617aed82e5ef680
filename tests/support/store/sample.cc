#include "support/store/sample.h"

#include <stdexcept>

#include "base/hash.h"
#include "base/hex.h"
#include "base/try.h"
#include "support/store/content.h"
#include "support/store/request.h"

namespace spind::test {
namespace {

Status describe_versions(const Space& space, NodeId file, std::string& text) {
  SPIND_TRY_ASSIGN(const PageOf<VersionInfo> page, space.versions(Ref::node(file)));
  for (const VersionInfo& version : page.items) {
    SPIND_TRY_ASSIGN(const std::string bytes,
                     space.get(Ref::node(file), {.version = version.number}));
    text += " " + std::to_string(version.number) + ":" + to_hex(sha256_of(bytes)).substr(0, 8);
    if (version.pinned) text += ":pinned";
    text += version.label;
  }
  return {};
}

const char* state_name(UploadState state) {
  switch (state) {
    case UploadState::receiving: return "receiving";
    case UploadState::held: return "held";
    case UploadState::quarantined: return "quarantined";
  }
  return "";
}

}  // namespace

void make_sample(const Store& store) {
  const Session session = store.session({.user = "ada"}).value();
  const auto make_space = [&](const char* alias) {
    return session.create_space({.alias = alias}).value();
  };
  const Space space = make_space("faults");
  const auto put_file = [&](const char* path, std::uint64_t seed, std::uint64_t size_bytes) {
    Request request{.verb = Verb::put, .ref = path, .content_seed = seed, .size_bytes = size_bytes};
    request.options.make_parents = true;
    const Answer answer = run(space, request);
    if (answer.code != Code::ok) throw std::runtime_error(answer.text);
  };
  put_file("/folder/inline", 1, 100);
  put_file("/folder/packed", 2, kPacked);
  put_file("/folder/object", 3, kObject);
  put_file("/folder/old", 4, kPacked + 1);
  put_file("/folder/old", 5, 10);
  put_file("/folder/old", 6, 20);
  put_file("/other/file", 6, 1);
  put_file("/gone/old", 7, kPacked);
  put_file("/gone/old", 8, 100);
  const auto done = [](const auto& result) {
    if (!result.ok()) throw std::runtime_error(result.error().to_string());
  };
  const Space other = make_space("others");
  for (const auto& [path, size_bytes] : {std::pair{"/a", kPacked + 7}, {"/b", std::uint64_t{30}}})
    done(other.put(path, content(9, size_bytes)));
  done(space.remove("/gone"));
  done(space.set_properties("/folder/old", {{"colour", "blue"}, {"tag:old", ""}}));
  done(space.set_favourite("/other/file", true));
  done(make_space("disabled").disable());
  const auto begin_upload = [&](const char* path, std::uint64_t size_bytes) {
    const UploadInfo upload = space.start_upload(path, size_bytes).value();
    (void)space.append_upload(upload.id, 0, content(10, 40'000)).value();
  };
  begin_upload("/other/half", kPacked);
  begin_upload("/other/file", 40'000);
}

Result<std::string> describe(const Space& space, bool with_ids) {
  std::string text;
  SPIND_TRY_ASSIGN(Walk walk, space.walk("/"));
  for (;;) {
    SPIND_TRY_ASSIGN(const std::optional<Walk::Item> item, walk.next());
    if (!item) break;
    const NodeInfo& node = item->node;
    text += item->path + (with_ids ? " " + std::to_string(node.id) : "") + " v" +
            std::to_string(node.version) + " size " + std::to_string(node.size_bytes) + " mtime " +
            std::to_string(node.mtime_ns) + " totals " + std::to_string(node.totals.live_bytes) +
            " " + std::to_string(node.totals.version_bytes) + " " +
            std::to_string(node.totals.files) + " " + std::to_string(node.totals.folders);
    if (node.kind == NodeKind::file) SPIND_TRY(describe_versions(space, node.id, text));
    SPIND_TRY_ASSIGN(const std::vector<Property> properties, space.properties(Ref::node(node.id)));
    for (const Property& one : properties) text += " " + one.key + "=" + one.value;
    text += "\n";
  }
  for (const char* tag : {"old", "new"}) {
    SPIND_TRY_ASSIGN(const Page page, space.tagged(tag));
    for (const NodeInfo& node : page.items)
      text += std::string("tag: ") + tag + " " + std::to_string(node.id) + "\n";
  }
  SPIND_TRY_ASSIGN(const PageOf<TrashItem> trash, space.trash());
  for (const TrashItem& item : trash.items)
    text += "trash: " + item.path + " " + std::to_string(item.node.id) + " by " + item.removed_by +
            " at " + std::to_string(item.removed_ns) + "\n";
  SPIND_TRY_ASSIGN(const PageOf<UploadInfo> uploads, space.uploads());
  for (const UploadInfo& upload : uploads.items)
    text += "upload: " + upload.target.to_string() + " " + std::to_string(upload.offset) + " of " +
            std::to_string(upload.size_bytes) + " " + state_name(upload.state) + "\n";
  SPIND_TRY_ASSIGN(const SpaceInfo info, space.info());
  return text + std::to_string(info.trash_bytes) + " bytes in the trash\n";
}

Status read_undamaged(const Store& store) {
  struct Whole {
    const char *space, *path;
    std::uint64_t content_seed, size_bytes;
  };
  constexpr Whole kWhole[] = {
      {"faults", "/folder/packed", 2, kPacked}, {"faults", "/folder/object", 3, kObject},
      {"faults", "/folder/old", 6, 20},         {"faults", "/other/file", 6, 1},
      {"others", "/a", 9, kPacked + 7},         {"others", "/b", 9, 30}};
  SPIND_TRY_ASSIGN(const Session session, store.session({.user = "ada"}));
  for (const Whole& whole : kWhole) {
    SPIND_TRY_ASSIGN(const Space space, session.space_by_alias(whole.space));
    SPIND_TRY_ASSIGN(const std::string bytes, space.get(whole.path));
    if (bytes != content(whole.content_seed, whole.size_bytes))
      return Error{.code = Code::corruption, .text = "other bytes", .path = whole.path};
  }
  return {};
}

}  // namespace spind::test
