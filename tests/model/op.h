// One step of a random run, as small numbers. What they point at is decided when the step is taken
// (node 7 is the seventh of the nodes that there are, modulo their number), so that every list of
// steps is a run, and a failing one can be made shorter by leaving steps out.
//
// As text, one line a step: "put node=3 tail=1 name=2 size=4". Zeros are left out.
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "model/model_space.h"

namespace spind::test {

enum class Act : std::uint8_t {
  call,  // a verb of the space
  create_space,
  update_space,
  find_space,  // by id, by alias, as the owner and as a stranger
  list_spaces,
  reopen,
  check,  // Store::check, then everything compared
  collect,
  clock,  // jumps
  empty_trash,
  look_back,  // at an earlier entry; everything there is compared
  rewind,     // to one
  forget,     // all of the past, or all but the newest entries
  upload,     // in parts, with `replace` held and released; else as a put
  policies,   // of the trash and of versions, and what they drop
  copy_from,  // another space, or the same; `jump` says which
  disable,    // and enable
  purge_space,
};

struct Op {
  Act act = Act::call;
  Verb verb = Verb::stat;
  std::uint32_t space = 0;
  std::uint32_t form = 0;  // of the reference: 0 path, 1 id, 2 id and path
  std::uint32_t node = 0;  // where it starts, any node there ever was
  std::uint32_t tail = 0;  // how many names follow
  std::uint32_t name = 0;  // the first of them; the next ones are its neighbours
  std::uint32_t to_form = 0, to_node = 0, to_tail = 0, to_name = 0;
  std::uint32_t size = 0;  // index of kSizes
  std::uint32_t content = 0;
  std::uint32_t match = 0;       // 0 none, 1 the etag, 2 another node's etag, 3 "*", 4 rubbish
  std::uint32_t none_match = 0;  // likewise
  std::uint32_t unmodified = 0;  // 0 none, 1 just before its mtime, 2 at it, 3 after it
  std::uint32_t declared = 0;    // 0 none, 1 the right size, 2 a wrong one
  std::uint32_t digest = 0;      // 0 none, 1 the right SHA-256, 2 a wrong one
  std::uint32_t parents = 0, exist_ok = 0, replace = 0, if_empty = 0;  // flags
  std::uint32_t mtime = 0;                                             // 0 none
  std::uint32_t request = 0;    // 0 none, else the id: when it was seen, that request is repeated
  std::uint32_t version = 0;    // 0 the current one
  std::uint32_t kind = 0;       // 0 any
  std::uint32_t page = 0;       // names in one page, less one
  std::uint32_t jump = 0;       // clock
  std::uint32_t elsewhere = 0;  // restore: flag
  std::uint32_t conflict = 0;   // restore: OnConflict
  std::uint32_t pin = 0;        // 0 as it is, 1 pinned, 2 not
  std::uint32_t prop = 0;       // set_properties: 0 nothing, else which and what
  std::uint32_t label = 0;      // 0 as it is, 1 none, else one of some

  // All numbers of a step.
  static const std::vector<std::uint32_t Op::*>& numbers();

  std::string to_string() const;
  // None if the line is not a step.
  static std::optional<Op> parse(std::string_view line);
};

// The call that the step makes on a space in this state.
Request to_request(const Op& op, const ModelSpace& space);

// Random steps. The same seed gives the same steps.
class OpSource {
 public:
  explicit OpSource(std::uint64_t seed) : random_(seed) {}
  Op next();

 private:
  std::uint32_t below(std::uint32_t bound);
  bool one_in(std::uint32_t chance) { return below(chance) == 0; }
  void reference(std::uint32_t& form, std::uint32_t& node, std::uint32_t& tail,
                 std::uint32_t& name);
  void conditions(Op& op);
  Op call();

  std::mt19937_64 random_;
};

}  // namespace spind::test
