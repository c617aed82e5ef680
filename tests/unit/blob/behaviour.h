// The behaviour that every place for bytes has. Who includes it says before which places are meant,
// in the namespace of this file:
//
//   using EveryPlace = std::tuple<InMemory, Retried<InMemory>>;   each with a member `store`
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "base/bytes.h"
#include "blob/blob_name.h"
#include "spind/blob_store.h"
#include "support/harness.h"

namespace spind {
namespace {

std::string get_text(BlobStore& store, std::string_view name) {
  const auto bytes = store.get(name, 1 << 20);
  return bytes.ok() ? std::string(as_text(*bytes)) : std::string(code_name(bytes.code()));
}

std::vector<std::string> names(BlobStore& store, std::string_view prefix, std::string_view after,
                               std::size_t count_max) {
  std::vector<std::string> all;
  const auto items = store.list(prefix, after, count_max);
  for (const BlobListItem& item : items.value()) all.push_back(item.name);
  return all;
}

TEST_CASE_TEMPLATE_DEFINE("blob: what was put is got, whole or in part", Place, whole_or_in_part) {
  Place place;
  BlobStore& store = *place.store;
  REQUIRE(store.put("a/b/n1", as_bytes("hello world")).ok());
  REQUIRE(store.put("empty", {}).ok());
  CHECK(get_text(store, "a/b/n1") == "hello world");
  CHECK(get_text(store, "empty").empty());
  std::uint8_t out[5];
  CHECK(store.range("a/b/n1", 6, out).value() == 5);
  CHECK(as_text(out) == "world");
  CHECK(store.range("a/b/n1", 8, out).value() == 3);
  CHECK(as_text(out).substr(0, 3) == "rld");
  CHECK(store.range("a/b/n1", 11, out).value() == 0);
  CHECK(store.range("a/b/n1", std::uint64_t{1} << 40, out).value() == 0);
}
TEST_CASE_TEMPLATE_APPLY(whole_or_in_part, EveryPlace);

TEST_CASE_TEMPLATE_DEFINE("blob: a range is read into several places", Place, several_places) {
  Place place;
  REQUIRE(place.store->put("a", as_bytes("hello world")).ok());
  std::uint8_t first[3], second[4], third[9];
  const std::span<std::uint8_t> places[] = {first, second, third};
  CHECK(place.store->scatter("a", 2, places).value() == 9);
  CHECK(as_text(first) == "llo");
  CHECK(as_text(second) == " wor");
  CHECK(as_text(third).substr(0, 2) == "ld");
  place.store->will_read("a", 0, 5);
  place.store->will_read("none", 0, 5);
}
TEST_CASE_TEMPLATE_APPLY(several_places, EveryPlace);

TEST_CASE_TEMPLATE_DEFINE("blob: a missing blob is not found", Place, missing) {
  Place place;
  std::uint8_t out[5];
  CHECK(get_text(*place.store, "no") == "not_found");
  CHECK(get_text(*place.store, "no/such") == "not_found");
  CHECK(place.store->range("no", 0, out).code() == Code::not_found);
  CHECK(place.store->remove("no").ok());
  CHECK(place.store->remove("no/such").ok());
}
TEST_CASE_TEMPLATE_APPLY(missing, EveryPlace);

TEST_CASE_TEMPLATE_DEFINE("blob: a get over its limit is refused", Place, over_its_limit) {
  Place place;
  REQUIRE(place.store->put("a", as_bytes("12345")).ok());
  CHECK(place.store->get("a", 5).ok());
  const auto refused = place.store->get("a", 4);
  CHECK(refused.code() == Code::limit_exceeded);
  CHECK(refused.error().limit == 4);
  CHECK(refused.error().used == 5);
}
TEST_CASE_TEMPLATE_APPLY(over_its_limit, EveryPlace);

TEST_CASE_TEMPLATE_DEFINE("blob: put again and remove again are harmless", Place, again) {
  Place place;
  REQUIRE(place.store->put("a/n", as_bytes("x")).ok());
  CHECK(place.store->put("a/n", as_bytes("x")).ok());
  CHECK(get_text(*place.store, "a/n") == "x");
  CHECK(place.store->remove("a/n").ok());
  CHECK(place.store->remove("a/n").ok());
  CHECK(get_text(*place.store, "a/n") == "not_found");
  CHECK(place.store->put("a/n", as_bytes("y")).ok());
  CHECK(get_text(*place.store, "a/n") == "y");
}
TEST_CASE_TEMPLATE_APPLY(again, EveryPlace);

TEST_CASE_TEMPLATE_DEFINE("blob: many are removed at once, those that are not there too", Place,
                          many_removed) {
  Place place;
  for (const char* name : {"a/1", "a/2", "b/3", "c"})
    REQUIRE(place.store->put(name, as_bytes("x")).ok());
  CHECK(place.store->remove_all({}).ok());
  const std::vector<std::string> names = {"a/1", "no", "b/3", "a/1"};
  CHECK(place.store->remove_all(names).ok());
  CHECK(get_text(*place.store, "a/1") == "not_found");
  CHECK(get_text(*place.store, "b/3") == "not_found");
  CHECK(get_text(*place.store, "a/2") == "x");
  CHECK(get_text(*place.store, "c") == "x");
  CHECK(place.store->list("", "", 10).value().size() == 2);
  const std::vector<std::string> bad = {"c", "../c"};
  CHECK(place.store->remove_all(bad).code() == Code::invalid_argument);
  CHECK(get_text(*place.store, "a/2") == "x");
}
TEST_CASE_TEMPLATE_APPLY(many_removed, EveryPlace);

TEST_CASE_TEMPLATE_DEFINE("blob: hostile names are refused by every call", Place, bad_names) {
  Place place;
  const std::string too_long(kBlobNameBytesMax + 1, 'a');
  std::uint8_t out[5];
  for (const std::string& name : {std::string(),
                                  std::string("/"),
                                  std::string("/etc/passwd"),
                                  std::string(".."),
                                  std::string("../x"),
                                  std::string("a/../b"),
                                  std::string("a/.."),
                                  std::string("a//b"),
                                  std::string("a/"),
                                  std::string("."),
                                  std::string(".hidden"),
                                  std::string("a/.b"),
                                  std::string("A"),
                                  std::string("a b"),
                                  std::string("a\0b", 3),
                                  std::string("a\nb"),
                                  std::string("\xc3\xbc"),
                                  std::string("a\\b"),
                                  std::string("a:b"),
                                  too_long}) {
    CAPTURE(name);
    CHECK(place.store->put(name, as_bytes("x")).code() == Code::invalid_argument);
    CHECK(place.store->get(name, 10).code() == Code::invalid_argument);
    CHECK(place.store->range(name, 0, out).code() == Code::invalid_argument);
    CHECK(place.store->remove(name).code() == Code::invalid_argument);
  }
  CHECK(place.store->put(std::string(kBlobNameBytesMax, 'a'), as_bytes("x")).ok());
  CHECK(place.store->put("0-_.a/b.c_d", as_bytes("x")).ok());
  CHECK(place.store->list("../", "", 10).value().empty());
  CHECK(place.store->list("", "\xff", 10).value().empty());
}
TEST_CASE_TEMPLATE_APPLY(bad_names, EveryPlace);

TEST_CASE_TEMPLATE_DEFINE("blob: a list is in byte order, in pages, of one prefix", Place,
                          listing) {
  Place place;
  std::vector<std::string> all = {"a-b", "a.b", "a/b", "a/c/d", "a0", "b", "b-/x", "b.", "c/1"};
  for (const std::string& name : all) REQUIRE(place.store->put(name, as_bytes(name)).ok());
  CHECK(names(*place.store, "", "", 100) == all);
  std::vector<std::string> paged;
  for (std::string after;;) {
    const auto page = names(*place.store, "", after, 2);
    if (page.empty()) break;
    CHECK(page.size() <= 2);
    paged.insert(paged.end(), page.begin(), page.end());
    after = page.back();
  }
  CHECK(paged == all);
  CHECK(names(*place.store, "a/", "", 100) == std::vector<std::string>{"a/b", "a/c/d"});
  CHECK(names(*place.store, "a", "a/b", 100) == std::vector<std::string>{"a/c/d", "a0"});
  CHECK(names(*place.store, "b", "a", 1) == std::vector<std::string>{"b"});
  CHECK(names(*place.store, "", "", 0).empty());
  CHECK(place.store->list("a0", "", 1).value().at(0).size_bytes == 2);
}
TEST_CASE_TEMPLATE_APPLY(listing, EveryPlace);

TEST_CASE_TEMPLATE_DEFINE("blob: pages of random names are what a sorted set gives", Place,
                          random_pages) {
  Place place;
  std::mt19937_64 random(test::seed());
  constexpr std::string_view kAlphabet = "ab-.0_";
  std::vector<std::string> all;
  for (int i = 0; i < 60; ++i) {
    std::string name = "p" + std::to_string(random() % 3);
    for (std::size_t parts = random() % 3; parts > 0; --parts) {
      name += "/q";
      for (std::size_t size = random() % 3; size > 0; --size)
        name += kAlphabet[random() % kAlphabet.size()];
    }
    const bool clashes = std::any_of(all.begin(), all.end(), [&](const std::string& other) {
      return other.starts_with(name + "/") || name.starts_with(other + "/");
    });
    if (!clashes && place.store->put(name, as_bytes(name)).ok()) all.push_back(name);
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  for (int i = 0; i < 50; ++i) {
    const std::string prefix = all[random() % all.size()].substr(0, random() % 5);
    const std::string after = random() % 3 == 0 ? "" : all[random() % all.size()];
    const std::size_t count_max = random() % 20;
    std::vector<std::string> expected;
    for (const std::string& name : all) {
      if (name.starts_with(prefix) && name > after && expected.size() < count_max)
        expected.push_back(name);
    }
    CHECK(names(*place.store, prefix, after, count_max) == expected);
  }
}
TEST_CASE_TEMPLATE_APPLY(random_pages, EveryPlace);

TEST_CASE_TEMPLATE_DEFINE("blob: concurrent puts of one name leave one of them, whole", Place,
                          same_name_at_once) {
  Place place;
  std::vector<std::thread> threads;
  std::atomic<int> failed = 0;
  for (char c = 'a'; c < 'e'; ++c) {
    threads.emplace_back([&, c] {
      const std::string bytes(100'000, c);
      for (int i = 0; i < 10; ++i) {
        if (!place.store->put("x/y/same", as_bytes(bytes)).ok()) ++failed;
        const std::string got = get_text(*place.store, "x/y/same");
        if (got != std::string(100'000, got[0])) ++failed;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(failed == 0);
  CHECK(names(*place.store, "", "", 10).size() == 1);
}
TEST_CASE_TEMPLATE_APPLY(same_name_at_once, EveryPlace);

TEST_CASE_TEMPLATE_DEFINE("blob: threads that put, list and remove do not disturb each other",
                          Place, all_at_once) {
  Place place;
  std::vector<std::thread> threads;
  std::mutex mutex;
  std::string failure;  // the first one
  const auto check = [&](const auto& done) {
    const std::lock_guard lock(mutex);
    if (!done.ok() && failure.empty()) failure = done.error().to_string();
  };
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 30; ++i) {
        const std::string name = "d" + std::to_string(i % 7) + "/" + std::to_string(t);
        check(place.store->put(name, as_bytes(name)));
        const auto got = place.store->get(name, 100);
        check(got);
        if (got.ok() && as_text(*got) != name)
          check(Status(Error{Code::corruption, "other bytes", name}));
        check(place.store->list("d", "", 100));
        check(place.store->remove(name));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(failure == "");
  CHECK(names(*place.store, "", "", 10).empty());
}
TEST_CASE_TEMPLATE_APPLY(all_at_once, EveryPlace);

}  // namespace
}  // namespace spind
