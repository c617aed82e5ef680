// One call of a space as a value, and what came back as a value: so that a test can make calls at
// random, write them down, send them to the engine and to a model, and compare.
#pragma once

#include <string>
#include <vector>

#include "spind/space.h"

namespace spind::test {

enum class Verb : std::uint8_t {
  stat,
  path,
  list,
  walk,
  get,
  versions,
  properties,
  put,
  write,  // through a Writer, in parts
  make_folder,
  move,
  copy,
  remove,
  set_mtime,
  restore_version,
  remove_version,
  mark_version,
  set_properties,
  restore,
  purge,
};
inline constexpr std::size_t kVerbCount = 20;

std::string_view verb_name(Verb verb);
bool changes(Verb verb);

struct Request {
  Verb verb = Verb::stat;
  Ref ref{"/"};
  Ref to{"/"};                                // move, copy; restore, if elsewhere
  bool elsewhere = false;                     // restore
  OnConflict on_conflict = OnConflict::fail;  // restore, copy
  std::uint64_t content_seed = 0;             // put, write
  std::uint64_t size_bytes = 0;               // put, write
  PutOptions options{};                    // of put and write; what other verbs share, for them too
  bool replace = false;                    // move
  bool exist_ok = false;                   // make_folder
  bool only_if_empty = false;              // remove
  std::int64_t mtime_ns = 0;               // set_mtime
  std::optional<VersionNumber> version{};  // get; else 1 for the verbs that change versions
  VersionMark mark{};                      // mark_version
  std::optional<NodeKind> kind{};          // list
  PropertyChanges properties{};            // set_properties
  std::size_t page = 1000;                 // list, versions

  std::string to_string() const;
};

struct Answer {
  Code code = Code::ok;
  std::string text;  // of the error, for people
  Written written{};
  NodeInfo node{};                  // stat
  std::vector<Walk::Item> items{};  // list (without path and depth) and walk
  std::string bytes{};              // get: the content; path: the path
  std::vector<VersionInfo> versions{};
  std::vector<Property> properties{};
};

// Runs it to the end: a list through all its pages, a walk through all its nodes.
Answer run(const Space& space, const Request& request);

}  // namespace spind::test
