// A space that another owner has taken over: whoever held it before writes nothing there any more.
#include "bad_days/all_verbs.h"
#include "unit/upkeep/planted.h"

namespace spind::test {
namespace {

using kv::Family;

// All rows of the space, in the order of their keys.
std::string rows_of(Planted& planted) {
  const std::string prefix = model::space_partition(planted.id());
  std::string rows;
  for (const Family family : {Family::state, Family::journal, Family::attachment}) {
    const auto cursor = planted.rows().durable()->scan(family, prefix, model::end_of(prefix));
    for (; cursor->valid(); cursor->next())
      rows.append(cursor->key()).append(1, '=').append(cursor->value()).append(1, '\n');
    REQUIRE(cursor->status().ok());
  }
  return rows;
}

struct TakenOver {
  TakenOver() {
    planted.change_head([](model::Head& head) { ++head.epoch; });
    before = rows_of(planted);
  }
  void check_refused(const std::optional<Error>& error) {
    REQUIRE(error);
    CHECK(error->code == Code::unavailable);
    CHECK(error->text.ends_with("the space has another owner now"));
    CHECK(rows_of(planted) == before);
  }

  Planted planted;
  std::string before;
};

template <class T>
std::optional<Error> error_of(const Result<T>& result) {
  return result.ok() ? std::nullopt : std::optional(result.error());
}

TEST_CASE_FIXTURE(TakenOver, "another owner: every verb that changes is refused, and reads go on") {
  for (const Request& request : all_verbs(Ref::node(planted.essay))) {
    CAPTURE(verb_name(request.verb));
    const Answer answer = run(planted.space(), request);
    if (changes(request.verb))
      check_refused(Error{answer.code, answer.text});
    else
      CHECK((answer.code == Code::ok || answer.code == Code::not_a_folder));
  }
}

TEST_CASE_FIXTURE(TakenOver,
                  "another owner: the trash, the space and uploads are left as they are") {
  const Space& space = planted.space();
  check_refused(error_of(space.restore(Ref::node(planted.gone))));
  check_refused(error_of(space.purge(Ref::node(planted.gone))));
  check_refused(error_of(space.empty_trash()));
  check_refused(error_of(space.update({.alias = "renamed"})));
  check_refused(error_of(space.disable()));
  check_refused(error_of(space.rewind({.entry = 1})));
  check_refused(error_of(space.start_upload("/upload", 3)));
  CHECK(space.trash()->items.size() == 1);
}

TEST_CASE_FIXTURE(TakenOver, "another owner: a collection neither moves the floor nor erases") {
  Store& store = planted.store().store();
  check_refused(error_of(store.collect({.forget = planted.id()})));
  // The floor as it is after that, and what lies below it is still there.
  planted.change_head([](model::Head& head) { head.floor = head.entry; });
  before = rows_of(planted);
  check_refused(error_of(store.collect()));
  // By the owner it is erased.
  planted.change_head([](model::Head& head) { --head.epoch; });
  CHECK(store.collect()->entries > 0);
}

}  // namespace
}  // namespace spind::test
