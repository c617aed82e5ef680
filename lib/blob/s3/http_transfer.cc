#include "blob/s3/http_transfer.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

namespace spind::s3 {
namespace {

constexpr std::size_t kHeadersBytesMax = 64 * 1024;
constexpr std::uint64_t kErrorBodyBytesMax = 64 * 1024;

std::string_view trimmed_value(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

}  // namespace

std::size_t HttpLoop::Transfer::send(char* out, std::size_t size, std::size_t count, void* self) {
  Transfer& transfer = *static_cast<Transfer*>(self);
  const Bytes left = transfer.request.body.subspan(transfer.sent);
  const std::size_t part = std::min(left.size(), size * count);
  if (part > 0) std::memcpy(out, left.data(), part);
  transfer.sent += part;
  return part;
}

int HttpLoop::Transfer::rewind(void* self, curl_off_t offset, int origin) {
  Transfer& transfer = *static_cast<Transfer*>(self);
  if (origin != SEEK_SET || offset < 0 ||
      static_cast<std::size_t>(offset) > transfer.request.body.size())
    return CURL_SEEKFUNC_FAIL;
  transfer.sent = static_cast<std::size_t>(offset);
  return CURL_SEEKFUNC_OK;
}

bool HttpLoop::Transfer::too_large() {
  outcome.failure = HttpFailure::too_large;
  return false;
}

bool HttpLoop::Transfer::keep_header(std::string_view line) {
  HttpAnswer& answer = outcome.answer;
  if (line.starts_with("HTTP/")) {  // also of what comes before the answer itself, as 100
    answer.headers.clear();
    answer.content_length.reset();
    return true;
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return true;
  std::string name(line.substr(0, colon));
  std::transform(name.begin(), name.end(), name.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  const std::string_view value = trimmed_value(line.substr(colon + 1));
  if (name == "content-length") {
    std::uint64_t length = 0;
    const auto [stop, failure] = std::from_chars(value.data(), value.data() + value.size(), length);
    if (failure != std::errc() || stop != value.data() + value.size()) return false;
    answer.content_length = length;
  }
  answer.headers.emplace_back(std::move(name), value);
  return true;
}

std::size_t HttpLoop::Transfer::take_header(char* data, std::size_t size, std::size_t count,
                                            void* self) {
  Transfer& transfer = *static_cast<Transfer*>(self);
  const std::size_t bytes = size * count;
  transfer.header_bytes += bytes;
  if (transfer.header_bytes > kHeadersBytesMax) {
    transfer.too_large();
    return 0;
  }
  return transfer.keep_header({data, bytes}) ? bytes : 0;
}

bool HttpLoop::Transfer::put_into_places(Bytes bytes) {
  while (!bytes.empty()) {
    if (place == request.places.size()) return too_large();
    const std::span<std::uint8_t> room = request.places[place].subspan(in_place);
    const std::size_t part = std::min(room.size(), bytes.size());
    if (part > 0) std::memcpy(room.data(), bytes.data(), part);
    bytes = bytes.subspan(part);
    outcome.answer.placed_bytes += part;
    in_place += part;
    if (part == room.size()) {
      ++place;
      in_place = 0;
    }
  }
  return true;
}

bool HttpLoop::Transfer::take(Bytes bytes) {
  HttpAnswer& answer = outcome.answer;
  if (answer.status == 0) {
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    answer.status = static_cast<int>(status);
  }
  if (answer.status == 206 && !request.places.empty()) return put_into_places(bytes);
  const bool good = answer.status >= 200 && answer.status < 300;
  const std::uint64_t most = good ? request.body_bytes_max : kErrorBodyBytesMax;
  const std::uint64_t known = answer.content_length.value_or(0);
  if (known > most || answer.body.size() + bytes.size() > most) return too_large();
  if (answer.body.empty() && known > 0) answer.body.reserve(known);
  answer.body.insert(answer.body.end(), bytes.begin(), bytes.end());
  return true;
}

std::size_t HttpLoop::Transfer::take_body(char* data, std::size_t size, std::size_t count,
                                          void* self) {
  Transfer& transfer = *static_cast<Transfer*>(self);
  return transfer.take(as_bytes({data, size * count})) ? size * count : 0;
}

}  // namespace spind::s3
