// What random steps look like: mostly sensible calls in a small tree, so that they meet each other,
// with a share of everything that can be wrong.
#include "model/op.h"

namespace spind::test {

std::uint32_t OpSource::below(std::uint32_t bound) {
  return static_cast<std::uint32_t>(random_() % bound);
}

void OpSource::reference(std::uint32_t& form, std::uint32_t& node, std::uint32_t& tail,
                         std::uint32_t& name) {
  form = below(3);
  node = one_in(3) ? below(4) : below(100'000);
  if (form != 1) tail = one_in(12) ? below(4) : below(2);
  name = one_in(60) ? 12 + below(8) : one_in(20) ? below(12) : below(4);
}

void OpSource::conditions(Op& op) {
  if (one_in(6)) op.match = 1 + below(4);
  if (one_in(10)) op.none_match = 1 + below(4);
  if (one_in(12)) op.unmodified = 1 + below(3);
}

Op OpSource::call() {
  // How often each verb is called, in the order of Verb.
  constexpr std::array<std::uint32_t, kVerbCount> kWeights = {14, 3, 6, 2, 12, 4, 3, 25, 5, 14,
                                                              14, 6, 6, 5, 5,  6, 4, 9,  8, 2};
  std::uint32_t at = below(153);
  Op op;
  while (at >= kWeights[static_cast<std::size_t>(op.verb)]) {
    at -= kWeights[static_cast<std::size_t>(op.verb)];
    op.verb = static_cast<Verb>(static_cast<std::uint8_t>(op.verb) + 1);
  }
  op.space = below(3);
  reference(op.form, op.node, op.tail, op.name);
  if (op.verb == Verb::restore) op.elsewhere = one_in(3), op.conflict = below(4);
  if (op.verb == Verb::copy) op.conflict = below(4);
  if (op.verb == Verb::move || op.verb == Verb::copy || op.elsewhere != 0)
    reference(op.to_form, op.to_node, op.to_tail, op.to_name);
  if (op.verb >= Verb::restore) op.form = one_in(20) ? 0 : 1 + one_in(4);
  if (op.verb >= Verb::restore && op.form == 1) op.tail = 0;
  if (changes(op.verb)) conditions(op);
  op.size = one_in(400) ? below(10) : one_in(12) ? below(7) : below(5);
  op.content = below(40);
  if (one_in(10)) op.declared = 1 + below(2);
  if (one_in(10)) op.digest = 1 + below(2);
  op.parents = one_in(3);
  op.exist_ok = one_in(3);
  op.replace = one_in(2);
  op.if_empty = one_in(4);
  if (one_in(4) || op.verb == Verb::set_mtime) op.mtime = 1 + below(50);
  if (changes(op.verb) && one_in(8)) op.request = 1 + below(200);
  if ((op.verb >= Verb::restore_version && op.verb < Verb::restore) ||
      (op.verb == Verb::get && one_in(2)))
    op.version = 1 + below(5);
  if (one_in(2)) op.pin = 1 + below(2);
  if (one_in(3)) op.label = 1 + below(4);
  if (op.verb == Verb::set_properties) op.prop = below(1000);
  if (one_in(3)) op.kind = 1 + below(2);
  op.page = one_in(2) ? below(5) : 999;
  return op;
}

Op OpSource::next() {
  Op op;
  const std::uint32_t at = below(1000);
  if (at >= 933 && at < 958) {
    op = call();
    op.act = Act::upload;
    op.verb = Verb::put;
    op.request = 0;
    return op;
  }
  if (at >= 918 && at < 933) {
    op = call();
    op.act = Act::copy_from;
    op.verb = Verb::copy;
    op.request = 0;
    reference(op.to_form, op.to_node, op.to_tail, op.to_name);
    op.conflict = below(4);
    op.jump = below(3);
    return op;
  }
  if (at < 913) return call();
  op.space = below(3);
  op.node = below(100'000);
  if (at < 915)
    op.act = Act::create_space;
  else if (at < 917)
    op.act = Act::disable;
  else if (at < 918)
    op.act = Act::purge_space;
  else if (at < 965)
    op.act = Act::policies;
  else if (at < 969)
    op.act = Act::forget;
  else if (at < 978)
    op.act = Act::look_back;
  else if (at < 985)
    op.act = Act::rewind;
  else if (at < 987)
    op.act = Act::reopen;
  else if (at < 988)
    op.act = Act::collect;
  else if (at < 989)
    op.act = Act::empty_trash;
  else if (at < 990)
    op.act = Act::create_space;
  else if (at < 992)
    op.act = Act::update_space;
  else if (at < 994)
    op.act = Act::find_space;
  else if (at < 996)
    op.act = Act::list_spaces;
  else
    op.act = Act::clock;
  op.name = below(12);
  op.kind = below(3);
  op.page = below(4);
  op.jump = below(9);
  return op;
}

}  // namespace spind::test
