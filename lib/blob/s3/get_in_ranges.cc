// Reading blobs: small ones by one request, larger ones in ranges, several at once.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <mutex>
#include <optional>
#include <utility>

#include "base/try.h"
#include "blob/blob_name.h"
#include "blob/s3/s3_blob_store.h"

namespace spind::s3 {
namespace {

constexpr int kRangeNotSatisfiable = 416;

std::optional<std::uint64_t> number_in(std::string_view text) {
  std::uint64_t number = 0;
  const auto [stop, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || failure != std::errc() || stop != text.data() + text.size())
    return std::nullopt;
  return number;
}

// Of "bytes FIRST-LAST/SIZE".
struct ContentRange {
  std::uint64_t first, last, size;
};
std::optional<ContentRange> parse_content_range(std::string_view text) {
  if (!text.starts_with("bytes ")) return std::nullopt;
  text.remove_prefix(6);
  const std::size_t dash = text.find('-'), slash = text.find('/');
  if (dash == std::string_view::npos || slash == std::string_view::npos || slash < dash)
    return std::nullopt;
  const auto first = number_in(text.substr(0, dash));
  const auto last = number_in(text.substr(dash + 1, slash - dash - 1));
  const auto size = number_in(text.substr(slash + 1));
  if (!first || !last || !size || *last < *first || *last >= *size) return std::nullopt;
  return ContentRange{*first, *last, *size};
}

// That a partial answer is the part that was asked for, whole.
Status check_range(const HttpAnswer& answer, std::uint64_t offset, std::uint64_t wanted) {
  if (answer.status == kRangeNotSatisfiable) return {};
  if (answer.status != 206) {
    // An empty blob has no parts; a server may give all of it.
    if (answer.body.empty() && answer.content_length == 0) return {};
    return Error{Code::unsupported, "S3 get: the server gives no ranges"};
  }
  const auto range = parse_content_range(answer.header("content-range"));
  if (!range || range->first != offset ||
      range->last - range->first + 1 != std::min(wanted, range->size - offset) ||
      answer.placed_bytes != range->last - range->first + 1)
    return bad_answer("get: another range than was asked for");
  return {};
}

// Of an answer to what asked for the first bytes of a blob: how long all of it is.
Result<std::uint64_t> size_told(const HttpAnswer& answer) {
  if (answer.status == kRangeNotSatisfiable) return std::uint64_t{0};
  if (answer.content_length != answer.body.size())
    return bad_answer("get: an answer that does not say how long it is");
  if (answer.status != 206) return std::uint64_t{answer.body.size()};
  const auto range = parse_content_range(answer.header("content-range"));
  if (!range || range->first != 0 || range->last + 1 != answer.body.size())
    return bad_answer("get: another range than was asked for");
  return range->size;
}

// The places of `size` bytes that begin `offset` bytes into them.
std::vector<std::span<std::uint8_t>> part_of(std::span<const std::span<std::uint8_t>> places,
                                             std::uint64_t offset, std::uint64_t size) {
  std::vector<std::span<std::uint8_t>> part;
  for (const std::span<std::uint8_t> place : places) {
    if (offset >= place.size()) {
      offset -= place.size();
      continue;
    }
    const std::size_t count = std::min<std::uint64_t>(place.size() - offset, size);
    if (count > 0) part.push_back(place.subspan(offset, count));
    offset = 0;
    size -= count;
  }
  return part;
}

}  // namespace

Result<std::vector<std::uint8_t>> ObjectStore::get(std::string_view name,
                                                   std::uint64_t size_bytes_max) {
  SPIND_TRY(check_blob_name(name));
  if (size_bytes_max <= options_.part_bytes) return get_whole(name, size_bytes_max);
  std::uint64_t size = 0;
  const Call first{.kind = Kind::get,
                   .method = "GET",
                   .action = "get",
                   .name = name,
                   .key = key_of(name),
                   .headers = {{"range", fmt::format("bytes=0-{}", options_.part_bytes - 1)}},
                   .body_bytes_max = options_.part_bytes,
                   .also_good = kRangeNotSatisfiable,
                   .accept = [&](const HttpAnswer& answer) -> Status {
                     SPIND_TRY_ASSIGN(size, size_told(answer));
                     return {};
                   }};
  auto answer = client_->send(first);
  // Of a server that gives no ranges.
  if (answer.code() == Code::limit_exceeded) return get_whole(name, size_bytes_max);
  if (!answer.ok()) return std::move(answer).error();
  if (size > size_bytes_max)
    return Error{Code::limit_exceeded, "the blob is too large", std::string(name), size_bytes_max,
                 size};
  std::vector<std::uint8_t> bytes = std::move(answer->body);
  if (answer->status == kRangeNotSatisfiable) bytes.clear();
  const std::size_t begin = bytes.size();
  if (begin == size) return bytes;
  bytes.resize(size);
  SPIND_TRY_ASSIGN(const std::size_t got, range(name, begin, std::span(bytes).subspan(begin)));
  if (got != size - begin) return bad_answer("get: a blob that is shorter than it was");
  return bytes;
}

Result<std::vector<std::uint8_t>> ObjectStore::get_whole(std::string_view name,
                                                         std::uint64_t size_bytes_max) {
  const Call call{.kind = Kind::get,
                  .method = "GET",
                  .action = "get",
                  .name = name,
                  .key = key_of(name),
                  .body_bytes_max = size_bytes_max,
                  // Where the answer does not say how long it is, nothing tells that it was cut.
                  .accept = [](const HttpAnswer& answer) -> Status {
                    if (answer.status == 200 && answer.content_length == answer.body.size())
                      return {};
                    return bad_answer("get: an answer that does not say how long it is");
                  }};
  SPIND_TRY_ASSIGN(HttpAnswer answer, client_->send(call));
  return std::move(answer.body);
}

Result<std::size_t> ObjectStore::range(std::string_view name, std::uint64_t offset,
                                       std::span<std::uint8_t> out) {
  const std::span<std::uint8_t> places[] = {out};
  return scatter(name, offset, places);
}

Result<std::size_t> ObjectStore::scatter(std::string_view name, std::uint64_t offset,
                                         std::span<const std::span<std::uint8_t>> places) {
  return scatter_unless(name, offset, places, nullptr);
}

Result<std::size_t> ObjectStore::scatter_unless(std::string_view name, std::uint64_t offset,
                                                std::span<const std::span<std::uint8_t>> places,
                                                const Interrupt& interrupt) {
  SPIND_TRY(check_blob_name(name));
  std::uint64_t wanted = 0;
  for (const std::span<std::uint8_t> place : places) wanted += place.size();
  if (wanted == 0) {  // no range says so
    SPIND_TRY(size_of(name, interrupt));
    return std::size_t{0};
  }
  if (wanted > options_.part_bytes) return scatter_parts(name, offset, places, wanted, interrupt);
  return scatter_one(name, offset, places, wanted, interrupt);
}

Result<std::size_t> ObjectStore::scatter_parts(std::string_view name, std::uint64_t offset,
                                               Places places, std::uint64_t wanted,
                                               const Interrupt& interrupt) {
  const std::uint64_t part_bytes = options_.part_bytes;
  std::vector<std::size_t> counts((wanted + part_bytes - 1) / part_bytes);
  std::mutex mutex;
  Status first;
  crew_.run(counts.size(), [&](std::size_t i) {
    {
      const std::lock_guard lock(mutex);
      if (!first.ok()) return;
    }
    const std::uint64_t begin = i * part_bytes, size = std::min(part_bytes, wanted - begin);
    auto count = scatter_one(name, offset + begin, part_of(places, begin, size), size, interrupt);
    const std::lock_guard lock(mutex);
    if (count.ok()) {
      counts[i] = *count;
    } else if (first.ok()) {
      first = std::move(count).error();
    }
  });
  if (!first.ok()) return std::move(first).error();
  std::size_t whole = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    // Behind the end of the blob there is nothing more.
    if (counts[i] > 0 && whole != i * part_bytes)
      return bad_answer("get: ranges of a blob that do not join");
    whole += counts[i];
  }
  return whole;
}

Result<std::size_t> ObjectStore::scatter_one(std::string_view name, std::uint64_t offset,
                                             Places places, std::uint64_t wanted,
                                             const Interrupt& interrupt) {
  const std::uint64_t last = offset + std::min(wanted - 1, ~std::uint64_t{0} - offset);
  const Call call{
      .kind = Kind::get,
      .method = "GET",
      .action = "get",
      .name = name,
      .key = key_of(name),
      .headers = {{"range", fmt::format("bytes={}-{}", offset, last)}},
      .places = places,
      .also_good = kRangeNotSatisfiable,
      .interrupt = interrupt,
      .accept = [&](const HttpAnswer& answer) { return check_range(answer, offset, wanted); }};
  SPIND_TRY_ASSIGN(const HttpAnswer answer, client_->send(call));
  return static_cast<std::size_t>(answer.placed_bytes);
}

Result<std::uint64_t> ObjectStore::size_of(std::string_view name, const Interrupt& interrupt) {
  SPIND_TRY_ASSIGN(const HttpAnswer answer, client_->send({.kind = Kind::head,
                                                           .method = "HEAD",
                                                           .action = "head",
                                                           .name = name,
                                                           .key = key_of(name),
                                                           .interrupt = interrupt}));
  if (!answer.content_length) return bad_answer("head: an answer without a length");
  return *answer.content_length;
}

}  // namespace spind::s3
