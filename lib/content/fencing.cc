#include "content/fencing.h"

#include "base/bytes.h"
#include "base/try.h"
#include "blob/blob_name.h"

namespace spind::content {
namespace {

constexpr std::string_view kUnfencedName = "owner/unfenced";
constexpr std::string_view kUnfencedText = "spind blobs\ncreates are not atomic here\n";
constexpr std::size_t kProbedAtOnce = 1000;

Result<bool> judge_fencing(bool fences, bool allowed) {
  if (fences || allowed) return fences;
  return Error{
      .code = Code::unsupported,
      .text =
          "the place of the blobs lets several creates of one name win, so nothing tells two "
          "stores on it apart; use another server, or allow that (allow_unfenced, spind "
          "--allow-unfenced) and never open it from a second machine or copy"};
}

}  // namespace

Result<bool> try_fencing(BlobStore& place, bool allowed) {
  SPIND_TRY_ASSIGN(const bool fences, place.creates_are_atomic());
  return judge_fencing(fences, allowed);
}

Status note_fencing(BlobStore& place, bool fences) {
  if (fences) return place.remove(kUnfencedName);
  return place.put(kUnfencedName, as_bytes(kUnfencedText));
}

Result<bool> noted_fencing(BlobStore& place, bool allowed) {
  SPIND_TRY_ASSIGN(const auto noted, place.list(kUnfencedName, "", 1));
  return judge_fencing(noted.empty(), allowed);
}

Status clear_probes(BlobStore& place) {
  SPIND_TRY_ASSIGN(const auto left, place.list(kProbePrefix, "", kProbedAtOnce));
  std::vector<std::string> names;
  for (const BlobListItem& item : left) names.push_back(item.name);
  return place.remove_all(names);
}

}  // namespace spind::content
