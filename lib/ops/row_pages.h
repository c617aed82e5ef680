// Listings that go through rows in the order of their keys, a page at a time.
#pragma once

#include <optional>
#include <string>

#include "base/limits.h"
#include "base/try.h"
#include "model/keys.h"
#include "ops/context.h"
#include "ops/page_token.h"

namespace spind::ops {

struct RowListing {
  std::string prefix;  // of all keys of it, which lie in the family `state`
  std::string name;    // what its tokens are bound to: the prefix, and what is left out
};

// `read` takes a row's key and value and answers what stands for it in the page, or none. At most
// kPageScanMax rows are looked at, so that a page may hold fewer items than there are.
template <class Item, class Read>
Result<PageOf<Item>> page_of_rows(const Context& context, const Call& call, const kv::View& rows,
                                  const RowListing& listing, std::size_t count_max,
                                  std::string_view after, const Read& read) {
  SPIND_TRY(check_page_size(count_max));
  std::string begin = listing.prefix;
  if (!after.empty()) {
    SPIND_TRY_ASSIGN(const std::string last, open_page_token(after, listing.name));
    begin.append(last).push_back('\0');
  }
  PageOf<Item> page;
  const auto cursor = rows.scan(kv::Family::state, begin, model::end_of(listing.prefix));
  for (std::size_t seen = 1; cursor->valid(); cursor->next(), ++seen) {
    SPIND_TRY(call.interrupted(context.clock));
    SPIND_TRY_ASSIGN(std::optional<Item> item, read(cursor->key(), cursor->value()));
    if (item) page.items.push_back(*std::move(item));
    if (page.items.size() == count_max || seen == kPageScanMax) {
      page.next = make_page_token(cursor->key().substr(listing.prefix.size()), listing.name);
      break;
    }
  }
  SPIND_TRY(cursor->status());
  return page;
}

}  // namespace spind::ops
