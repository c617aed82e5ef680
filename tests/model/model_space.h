// A space as it ought to be, written to be read rather than to be fast: a map of nodes, a map of
// places, and a plain function for each rule. It shares no code with the engine but name_fold.
//
// A request may be wrong in more than one way. The model finds all of them and the engine may name
// any one; where the model finds none, the engine must succeed.
#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "support/store/request.h"

namespace spind::test {

struct Expected {
  std::set<Code> problems{};  // empty: it succeeds
  Answer answer{};            // if it succeeds

  bool ok() const { return problems.empty(); }
};

// One thread at a time. Copies are independent.
class ModelSpace {
 public:
  // Of how many entries one is remembered.
  static constexpr EntryNumber kRememberedEvery = 6;

  struct Version {
    std::uint64_t content_seed = 0, size_bytes = 0;
    Sha256 sha256{};
    std::string author;
    std::int64_t mtime_ns = 0;
    std::int64_t written_ns = 0;  // to the millisecond
    bool removed = false, pinned = false;
    std::string label{};
  };
  struct Node {
    NodeId id = 0;
    NodeId parent = 0;
    NodeKind kind = NodeKind::folder;
    std::string name;
    std::int64_t mtime_ns = 0;
    std::string creator;
    EntryNumber changed = 0;
    bool removed = false;           // itself; what lies below it is gone with it
    EntryNumber removed_entry = 0;  // that did it
    std::int64_t removed_ns = 0;
    bool purged = false;  // and then purged
    EntryNumber purged_entry = 0;
    bool erased = false;            // the floor has passed the purge of it, or of what it lies in
    std::vector<Version> versions;  // of a file, the current one last; removed ones stay here
    std::map<std::string, std::string> properties{};
  };

  // As a space is right after create_space: one entry, one folder.
  ModelSpace(const SpaceInfo& made, std::int64_t created_ns);

  // What a request that changes nothing is answered.
  Expected ask(const Request& request) const;
  // Does what the request asks. `entry` is the number that the engine gave the change, `time_ns`
  // what the clock said.
  Expected change(const Request& request, EntryNumber entry, std::int64_t time_ns);
  Expected answer(const Request& request, EntryNumber entry, std::int64_t time_ns) {
    return changes(request.verb) ? change(request, entry, time_ns) : ask(request);
  }

  // Copies out of another space, or this one.
  Expected copy_from(const ModelSpace& source, const Request& request, EntryNumber entry,
                     std::int64_t time_ns);

  // Every node that there ever was, in order of ids.
  const std::map<NodeId, Node>& nodes() const { return nodes_; }
  bool alive(NodeId node) const;
  // Where the node is, or was when it was removed.
  std::string path(NodeId node) const;
  FolderTotals totals(NodeId folder) const;
  NodeInfo info(NodeId node) const;
  std::uint64_t trash_bytes() const;
  // The removed node that it is or lies below; 0: none, or one that was purged.
  NodeId item_of(NodeId node) const;
  // Nodes that hang and have the tag, in order of ids.
  std::vector<NodeId> tagged(const std::string& tag) const;
  // Items of the trash, the newest first.
  std::vector<NodeId> trash() const;
  void empty_trash(EntryNumber entry, std::int64_t time_ns);
  // What policies drop at a time, by an entry each if there is something. How much it was.
  std::uint64_t purge_old(const TrashPolicy& policy, std::int64_t now_ns);
  // `now_ns`: none where nobody knows how old anything is.
  std::uint64_t thin(const VersionPolicy& policy, std::optional<std::int64_t> now_ns,
                     std::int64_t time_ns);
  EntryNumber last_entry() const { return last_entry_; }
  EntryNumber last_visible() const { return last_visible_; }
  // The space itself was given other names.
  void update(EntryNumber entry, std::int64_t time_ns);
  // Something happened that nobody is told of, and that changed no node.
  void hidden(EntryNumber entry, std::int64_t time_ns) {
    now_ns_ = std::max(last_time_ns_, time_ns);
    happened(entry, false);
  }
  // What those who follow the space are told, from the beginning.
  const std::vector<ChangeEvent>& events() const { return events_; }

  // Some of the entries whose states are remembered, in order.
  std::vector<EntryNumber> remembered() const;
  // Where the floor comes to lie: `keep` entries are kept (0: all), or none at all.
  EntryNumber floor_for(std::uint64_t keep, bool forget) const;
  // The floor moves there.
  void move_floor(EntryNumber floor);
  EntryNumber floor() const { return floor_; }
  // The first of the events that the feed still has.
  std::size_t first_event() const;
  // Whether it is still known where something hung that was removed from the folder.
  bool place_known(NodeId folder) const;
  // The space as it was after one of them.
  ModelSpace at(EntryNumber past) const;
  // All nodes are again as they were then. What was answered stays answered, and no id comes twice.
  void rewind(EntryNumber to, EntryNumber entry, std::int64_t time_ns);

 private:
  // Where a reference leads: as far as there are nodes, and the names that remain.
  struct Place {
    NodeId node = 0;                // the last one that exists; 0 if not even the start does
    std::vector<std::string> rest;  // empty: the node itself is meant
    std::set<Code> problems;        // of the names
    bool found() const { return node != 0 && rest.empty(); }
  };

  Place find(const Ref& ref) const;
  NodeId child(NodeId folder, const std::string& name) const;
  // What stands in the way of a new node at the place, `self` not counted where names are compared.
  std::set<Code> obstacles(const Place& place, bool make_parents, NodeId self) const;
  bool holds(const Preconditions& conditions, NodeId node) const;
  bool below(NodeId node, NodeId folder) const;
  std::vector<Walk::Item> listing(NodeId folder, std::optional<NodeKind> kind) const;
  std::vector<Walk::Item> walking(NodeId start) const;

  Expected put(const Request& request, EntryNumber entry, std::int64_t time_ns);
  Expected make_folder(const Request& request, EntryNumber entry, std::int64_t time_ns);
  Expected move(const Request& request, EntryNumber entry);
  // A folder takes two entries: one that stages it, and nobody sees, and one that attaches it.
  Expected copy(const ModelSpace& source, const Request& request, EntryNumber entry,
                std::int64_t time_ns);
  // Whether names of one folder of what is copied collide here.
  bool collide_here(const ModelSpace& source, NodeId top) const;
  NodeId copy_node(const Node& original, NodeId parent, const std::string& name,
                   EntryNumber changed);
  Expected remove(const Request& request, EntryNumber entry);
  Expected set_mtime(const Request& request, EntryNumber entry);
  Expected set_properties(const Request& request, EntryNumber entry);
  // What is wrong with a request about one version of a file.
  Expected about_version(const Request& request) const;
  Expected restore_version(const Request& request, EntryNumber entry);
  Expected remove_version(const Request& request, EntryNumber entry);
  Expected mark_version(const Request& request, EntryNumber entry);
  std::vector<VersionInfo> versions(const Node& file) const;
  Place descend(NodeId start, const std::vector<std::string>& names) const;
  // The node in the trash that `ref` names, or 0.
  NodeId find_trashed(const Ref& ref, std::set<Code>& problems) const;
  Place place_of_return(NodeId node) const;
  // What has the last name of the place, or collides with it; 0: nothing.
  NodeId taken(const Place& place) const;
  std::string free_name(NodeId folder, const std::string& name, NodeKind kind) const;
  Expected restore(const Request& request, EntryNumber entry, std::int64_t time_ns);
  Expected purge(const Request& request, EntryNumber entry);
  void detach(NodeId node, EntryNumber entry);
  NodeId make(const Place& place, NodeKind kind, EntryNumber entry, std::int64_t time_ns);
  // The folder and name at which a node is put, once what stands there (`there`, 0: nothing) has
  // gone or was avoided, and the folders on the way are made.
  std::pair<NodeId, std::string> make_room(Place to, NodeId there, NodeKind kind,
                                           OnConflict on_conflict, EntryNumber entry,
                                           std::int64_t time_ns);
  std::int64_t written_now_ns() const { return now_ns_ / 1'000'000 * 1'000'000; }
  void touch(NodeId node, EntryNumber entry);
  std::vector<NodeId> way_to(NodeId folder) const;
  ChangeEvent& tell(ChangeKind kind, NodeId node, EntryNumber entry);
  // The same, with where the node is.
  ChangeEvent& tell_with_place(ChangeKind kind, NodeId node, EntryNumber entry);
  void tell_of_version(ChangeKind kind, NodeId file, VersionNumber version, EntryNumber entry);
  // Remembers what there is after an entry that was made now.
  void happened(EntryNumber entry, bool visible);

  NameRule rule_;
  std::uint64_t history_;
  std::string creator_;
  std::map<NodeId, Node> nodes_;
  std::map<std::pair<NodeId, std::string>, NodeId> places_;  // of nodes that are not removed
  std::map<std::string, Written> answered_;                  // by request id
  NodeId next_id_ = kRootNode + 1;
  EntryNumber last_entry_ = 0;
  EntryNumber last_visible_ = 0;
  std::int64_t last_time_ns_ = 0;  // of an entry; never goes back
  std::int64_t now_ns_ = 0;        // what an entry would have that was made now
  std::vector<ChangeEvent> events_;
  struct Past {
    std::map<NodeId, Node> nodes;
    std::map<std::pair<NodeId, std::string>, NodeId> places;
    EntryNumber visible = 0;
  };
  static void erase(std::map<NodeId, Node>& nodes, EntryNumber floor);
  std::map<EntryNumber, Past> pasts_;
  std::map<EntryNumber, EntryNumber> rewinds_;           // and where they went back to
  std::map<std::string, EntryNumber> answered_entries_;  // by request id
  EntryNumber floor_ = 0;
};

// What is wrong with the engine's answer, or "".
std::string difference(const Request& request, const Expected& expected, const Answer& got);

}  // namespace spind::test
