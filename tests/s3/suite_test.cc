// The behaviour of every place for bytes, over a real server.
#include <tuple>

#include "s3/bucket.h"
#include "unit/blob/layered.h"

namespace spind {
namespace {

struct InBucket {
  std::unique_ptr<test::Prefix> prefix = std::make_unique<test::Prefix>();
  BlobStorePtr store = prefix->store();
};

// By itself, and under each layer.
using EveryPlace = std::tuple<InBucket, Retried<Throttled<InBucket>>, Cached<Metered<InBucket>>,
                              Mirrored<InBucket>, Faulty<InBucket>>;

}  // namespace
}  // namespace spind

#include "unit/blob/behaviour.h"
