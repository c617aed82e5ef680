// Keeps account of what a store has promised, to be held against what it has after a crash.
//
// Several writers work beside each other, each in a folder of its own. What a writer does in its
// n-th step follows from a seed, so that a few bytes tell the account what was begun and what was
// acknowledged. After a crash each folder must be as it was after all acknowledged steps and, in
// order, some of the steps that had begun; of the last of them, some of its changes.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "spind/session.h"

namespace spind::test {

struct WriterStep {
  enum class Kind : std::uint8_t {
    put,
    stream,
    upload,
    held_upload,      // and released
    restore_version,  // overwrites, and goes back to the version before
    move,
    copy,
    remove,
    restore,  // removes, and takes it out of the trash again
    remove_folder,
    make_folder,
    touch,
    set_properties
  };
  Kind kind = Kind::put;
  std::string path;
  std::string to;                  // move, copy: of a file, or of a folder
  std::uint64_t content_seed = 0;  // of what is put, streamed, uploaded
  std::uint64_t size_bytes = 0;
  std::int64_t mtime_ns = 0;     // touch
  PropertyChanges properties{};  // set_properties
};

inline constexpr std::uint32_t kWriters = 4;

std::string writer_folder(std::uint32_t writer);
// Sizes lie on both sides of what is kept inline, in packs and as objects of several pieces.
WriterStep writer_step(std::uint64_t seed, std::uint32_t writer, std::uint64_t step);

// Which try of a step it is, where one may have failed without being undone: a full disk leaves it
// open what became of a commit. The id tells the repeat from the first.
struct StepTry {
  std::string request_id{};
  unsigned number = 0;
};

// Takes the step. not_found is an answer like any other: the path may be gone.
Status take(const Space& space, const WriterStep& step, const StepTry& one = {});

// One thread at a time.
class Ledger {
 public:
  // Which earlier versions the space keeps: where its policies drop some, only the newest is asked
  // for.
  enum class Earlier : std::uint8_t { all, newest };

  explicit Ledger(std::uint64_t seed, Earlier earlier = Earlier::all)
      : seed_(seed), earlier_(earlier), writers_(kWriters) {}

  void begun(std::uint32_t writer, std::uint64_t step);
  // This step and all before it are durable.
  void acknowledged(std::uint32_t writer, std::uint64_t step);
  // The step that the writer takes next, after all that was begun.
  std::uint64_t next_step(std::uint32_t writer) const { return writers_[writer].next_step; }

  struct Verdict {
    std::uint64_t lost = 0;  // files that were acknowledged and are not there as they were
    std::uint64_t torn = 0;  // files that are as no step left them
    std::string text{};      // of the first ones
  };
  // Compares, reading all bytes, and goes on from what was found.
  Verdict settle(const Space& space);

  std::uint64_t acknowledged_count() const { return acknowledged_; }
  // Every content that the space holds in some version, also in the trash: seed and size. Where it
  // keeps all.
  const std::set<std::pair<std::uint64_t, std::uint64_t>>& contents() const { return contents_; }

 private:
  using Content = std::pair<std::uint64_t, std::uint64_t>;
  struct File {
    std::uint64_t version = 0;        // the number of the current one
    std::vector<Content> versions{};  // the current one, and before it those that are surely kept
    std::optional<std::int64_t> mtime_ns{};  // where a step has set it
    std::map<std::string, std::string> properties{};
  };
  struct Tree {
    std::set<std::string> folders{};
    std::map<std::string, File> files{};
    std::optional<File> removed{};  // by the first change of a step whose second one restores it
  };
  struct Writer {
    Tree tree{};
    std::deque<std::uint64_t> open{};  // begun and not acknowledged, in order
    std::uint64_t next_step = 0;
  };
  // All changes of a step, or the n-th.
  void apply(Tree& tree, const WriterStep& step);
  void apply(Tree& tree, const WriterStep& step, std::size_t change);
  void overwrite(Tree& tree, const WriterStep& step);
  void go_back(File& file);
  void add_version(File& file, const Content& content);
  static void copy(Tree& tree, const WriterStep& step);
  static std::string mismatch(const Space& space, std::uint32_t writer, const Tree& tree);
  static std::string read_back(const Space& space, const Tree& tree);

  std::uint64_t seed_;
  Earlier earlier_;
  std::uint64_t acknowledged_ = 0;
  std::vector<Writer> writers_;
  std::set<Content> contents_;
};

}  // namespace spind::test
