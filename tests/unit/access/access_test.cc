#include "access/access.h"

#include <doctest/doctest.h>

namespace spind::access {
namespace {

struct Fixture {
  Fixture() {
    space.tenant = "school";
    space.creator = "ada";
  }
  model::SpaceRecord space;
  const std::vector<NodeId> way{1, 2, 3};
  const Principal ada{"ada", {}, "school", ""};
};

TEST_CASE_FIXTURE(Fixture, "access: the creator of a space holds every right in it") {
  CHECK(may_enter(ada, space).ok());
  for (Permissions bit = 1; bit < kAllPermissions; bit <<= 1)
    CHECK(permit(ada, space, way, bit).ok());
  CHECK(permit(ada, space, way, kAllPermissions).ok());
}

TEST_CASE_FIXTURE(Fixture, "access: nobody else holds any, whatever they are called") {
  for (const Principal& stranger :
       {Principal{"eve", {}, "school", ""}, Principal{"ada", {}, "other", ""},
        Principal{"eve", {"ada"}, "school", ""}, Principal{"ADA", {}, "school", ""},
        Principal{"", {}, "school", ""}}) {
    CAPTURE(stranger.user);
    CHECK(may_enter(stranger, space).code() == Code::not_found);
    CHECK(permit(stranger, space, way, kStat).code() == Code::not_found);
    CHECK(permit(stranger, space, way, kInitiateFileDownload).code() == Code::not_found);
  }
}

TEST_CASE("access: there are nineteen rights, each one bit") {
  CHECK(kAllPermissions == (1u << 19) - 1);
  CHECK(kDenyGrant == 1u << 18);
}

}  // namespace
}  // namespace spind::access
