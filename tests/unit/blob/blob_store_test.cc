// The behaviour of places for bytes, over all that need no server.
#include <memory>
#include <tuple>

#include "blob/memory/memory_blob_store.h"
#include "blob/posix/posix_blob_store.h"
#include "unit/blob/layered.h"

namespace spind {
namespace {

struct InMemory {
  std::unique_ptr<BlobStore> store = std::make_unique<MemoryBlobStore>();
};
struct InFolder {
  test::TemporaryFolder folder;
  std::unique_ptr<BlobStore> store =
      PosixBlobStore::open(Files::system(), folder / "bytes").value();
};
using EveryPlace =
    std::tuple<InMemory, InFolder, Retried<InMemory>, Retried<InFolder>, Throttled<InMemory>,
               Throttled<InFolder>, Metered<InMemory>, Metered<InFolder>, Faulty<InMemory>,
               Faulty<InFolder>, Cached<InMemory>, Cached<InFolder>,
               Cached<Retried<Metered<InFolder>>>, Mirrored<InMemory>, Mirrored<InFolder>,
               Cached<Mirrored<Retried<InMemory>>>, Retried<HalfMirrored<InMemory>>>;

}  // namespace
}  // namespace spind

#include "unit/blob/behaviour.h"

namespace spind {
namespace {

// Not of every server: S3's own keeps both.
TEST_CASE_TEMPLATE_DEFINE("blob: no name is a folder of another", Place, no_folder) {
  Place place;
  REQUIRE(place.store->put("a/b", as_bytes("x")).ok());
  CHECK(place.store->put("a", as_bytes("y")).code() == Code::conflict);
  CHECK(place.store->put("a/b/c", as_bytes("y")).code() == Code::conflict);
  CHECK(get_text(*place.store, "a") == "not_found");
  CHECK(get_text(*place.store, "a/b/c") == "not_found");
  CHECK(place.store->remove("a").ok());
  CHECK(place.store->remove("a/b/c").ok());
  CHECK(get_text(*place.store, "a/b") == "x");
}
TEST_CASE_TEMPLATE_APPLY(no_folder, EveryPlace);

}  // namespace
}  // namespace spind
