// Takes steps on the engine and on the model side by side, and says where they part.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "model/op.h"
#include "support/store/test_clock.h"
#include "support/store/test_store.h"

namespace spind::test {

// One thread at a time.
class ModelRun {
 public:
  explicit ModelRun(MetadataEngine engine, const StoreOptions& options = {});

  // What differs after the step, or "".
  std::string step(const Op& op);
  // Runs a check and compares everything that there is.
  std::string compare_all();

 private:
  struct Both {
    SpaceId id;
    Space engine;
    ModelSpace model;
    SpaceKind kind;
    std::string alias;
    std::string name;
    std::map<std::string, Request> asked{};  // by request id, what succeeded
    std::string cursor{};                    // of one who follows the space
    std::size_t told = 0;                    // events up to there
    std::uint64_t keep = 0;                  // entries, as its policy says; 0: all
    TrashPolicy trash{};
    VersionPolicy versions{};
    std::string description{};
    NodeId image = 0, readme = 0;
  };

  std::string call(Both& both, const Op& op);
  static std::string compare_written(const Both& both, const Answer& got);
  std::string copy_from(Both& both, const Op& op);
  std::string create_space(const Op& op);
  std::string update_space(Both& both, const Op& op);
  static SpaceChange change_of(const Both& both, const Op& op);
  std::set<Code> problems_of(const Both& both, const SpaceChange& change) const;
  std::string disable(Both& both);
  std::string compare_disabled(const Both& both);
  // Unless it is the only one.
  std::string purge_space(const Both& both);
  std::string compare_purged(const Space& gone);
  std::string find_space(const Both& both);
  std::string list_spaces(const Op& op);
  std::string reopen();
  std::string collect(const Both* forget = nullptr);
  std::string move_floor(Both& both, bool forget);
  std::string forget(Both& both, const Op& op);
  std::string policies(Both& both, const Op& op);
  std::optional<std::int64_t> believed_now();
  std::string empty_trash(Both& both);
  std::string compare_properties(Both& both);
  std::string compare_trash(Both& both);
  std::string look_back(const Both& both, const Op& op);
  std::string rewind(Both& both, const Op& op);
  std::string upload(Both& both, const Op& op);
  // Those that a rewind brought back.
  std::string give_up_uploads(Both& both);
  void move_clock(const Op& op);
  std::string compare(Both& both);
  std::string compare_state(Both& both);
  std::string compare_versions(Both& both);
  std::string compare_info(Both& both);
  static std::string compare_numbers(const Both& both);
  std::string compare_news(Both& both);
  static std::string compare_whole_feed(const Both& both);
  static std::string compare_feed(const Both& both, std::string& cursor, std::size_t told);
  Both& chosen(const Op& op) { return spaces_[op.space % spaces_.size()]; }
  bool alias_taken(const std::string& alias, const Both* self) const;

  TestClock clock_;
  std::int64_t jumped_ns_ = 0;  // since the store was opened
  SeededRandom random_;
  TestStore store_;
  std::vector<Both> spaces_;
};

// Runs the steps on a fresh store and compares everything at the end. What differs, or "".
std::string run_steps(MetadataEngine engine, const std::vector<Op>& steps,
                      const StoreOptions& options = {});

}  // namespace spind::test
