// A subtree that a copy builds where nobody sees it.
#pragma once

#include "ops/commit.h"

namespace spind::ops {

// One thread at a time.
class Staging {
 public:
  Staging(const Context& context, const Call& call, const SpaceId& space)
      : context_(context), call_(call), space_(space), running_(context.stagings, space) {}

  // In the body of the commit that stages the top; again, if it runs again.
  void begin(EntryNumber entry, NodeId top) {
    running_.set(entry);
    top_ = top;
  }
  void forget() {
    running_.set(0);
    top_ = 0;
  }

  NodeId top() const { return top_; }  // 0: not begun
  EntryNumber entry() const { return running_.entry(); }
  model::AttachmentId key() const { return {entry(), 0}; }
  // All that was added so far, the top with it.
  const FolderTotals& weight() const { return weight_; }
  void grew_by(const FolderTotals& weight, kv::Ticket ticket);

  // In the body of a commit that goes on: whether it is as this copy left it. Nobody else changes
  // it, but a rewind of the space may take it back, or a part of it, and so may a full device.
  // aborted.
  Status check(space::State& state) const;

  // It is not wanted any more. What does not succeed is done by the next collection.
  void give_up();

 private:
  // Whether a full device has lost its beginning: what lies there now is of another copy.
  bool is_lost() const;

  const Context& context_;
  const Call& call_;
  const SpaceId space_;
  Stagings::Running running_;
  NodeId top_ = 0;
  FolderTotals weight_;
  kv::Ticket begun_ = 0;
};

}  // namespace spind::ops
