// Compares what the engine answered with what the model expects.
#include "model/model_space.h"

#include "base/hex.h"

namespace spind::test {
namespace {

template <class T>
void compare(std::string& out, std::string_view what, const T& expected, const T& got) {
  if (expected == got) return;
  out += " " + std::string(what) + " is ";
  if constexpr (std::is_same_v<T, std::string>) {
    out += got + ", not " + expected;
  } else {
    out += std::to_string(got) + ", not " + std::to_string(expected);
  }
}

std::string differ(const NodeInfo& expected, const NodeInfo& got) {
  std::string out;
  compare(out, "id", expected.id, got.id);
  compare(out, "parent", expected.parent, got.parent);
  compare(out, "kind", static_cast<int>(expected.kind), static_cast<int>(got.kind));
  compare(out, "name", expected.name, got.name);
  compare(out, "size", expected.size_bytes, got.size_bytes);
  compare(out, "mtime", expected.mtime_ns, got.mtime_ns);
  compare(out, "version", expected.version, got.version);
  compare(out, "sha256", to_hex(expected.sha256), to_hex(got.sha256));
  compare(out, "creator", expected.creator, got.creator);
  compare(out, "author", expected.author, got.author);
  compare(out, "live_bytes", expected.totals.live_bytes, got.totals.live_bytes);
  compare(out, "version_bytes", expected.totals.version_bytes, got.totals.version_bytes);
  compare(out, "files", expected.totals.files, got.totals.files);
  compare(out, "folders", expected.totals.folders, got.totals.folders);
  compare(out, "changed", expected.changed, got.changed);
  compare(out, "etag", expected.etag(), got.etag());
  return out.empty() ? out : "node " + std::to_string(got.id) + ":" + out;
}

std::string differ(const Written& expected, const Written& got) {
  std::string out;
  compare(out, "node", expected.node, got.node);
  compare(out, "version", expected.version, got.version);
  compare(out, "size", expected.size_bytes, got.size_bytes);
  compare(out, "sha256", to_hex(expected.sha256), to_hex(got.sha256));
  compare(out, "entry", expected.entry, got.entry);
  compare(out, "repeated", static_cast<int>(expected.repeated), static_cast<int>(got.repeated));
  return out;
}

std::string differ(const std::vector<Walk::Item>& expected, const std::vector<Walk::Item>& got) {
  std::string out;
  compare(out, "count", expected.size(), got.size());
  for (std::size_t i = 0; i < std::min(expected.size(), got.size()) && out.empty(); ++i) {
    out += differ(expected[i].node, got[i].node);
    compare(out, "path", expected[i].path, got[i].path);
    compare(out, "depth", expected[i].depth, got[i].depth);
  }
  return out;
}

std::string differ(const std::vector<VersionInfo>& expected, const std::vector<VersionInfo>& got) {
  std::string out;
  compare(out, "count", expected.size(), got.size());
  for (std::size_t i = 0; i < std::min(expected.size(), got.size()) && out.empty(); ++i) {
    compare(out, "number", expected[i].number, got[i].number);
    compare(out, "size", expected[i].size_bytes, got[i].size_bytes);
    compare(out, "mtime", expected[i].mtime_ns, got[i].mtime_ns);
    compare(out, "author", expected[i].author, got[i].author);
    compare(out, "sha256", to_hex(expected[i].sha256), to_hex(got[i].sha256));
    compare(out, "current", int{expected[i].current}, int{got[i].current});
    compare(out, "pinned", int{expected[i].pinned}, int{got[i].pinned});
    compare(out, "label", expected[i].label, got[i].label);
  }
  return out;
}

}  // namespace

std::string difference(const Request& request, const Expected& expected, const Answer& got) {
  if (!expected.ok()) {
    if (expected.problems.contains(got.code)) return "";
    std::string out = "answers " + std::string(code_name(got.code)) + " (" + got.text + "), not";
    for (const Code code : expected.problems) out += " " + std::string(code_name(code));
    return out;
  }
  if (got.code != Code::ok) return "fails: " + got.text;
  switch (request.verb) {
    case Verb::stat: return differ(expected.answer.node, got.node);
    case Verb::list:
    case Verb::walk: return differ(expected.answer.items, got.items);
    case Verb::get:
      return expected.answer.bytes == got.bytes
                 ? ""
                 : "other bytes: " + std::to_string(got.bytes.size()) + " of them, not " +
                       std::to_string(expected.answer.bytes.size());
    case Verb::properties:
      return expected.answer.properties == got.properties ? "" : "other properties";
    case Verb::versions: return differ(expected.answer.versions, got.versions);
    case Verb::path: {
      std::string out;
      compare(out, "path", expected.answer.bytes, got.bytes);
      return out;
    }
    default: return differ(expected.answer.written, got.written);
  }
}

}  // namespace spind::test
