// One request of an HttpLoop, between its caller and libcurl.
#pragma once

#include <curl/curl.h>

#include <array>
#include <condition_variable>
#include <string_view>

#include "blob/s3/http_loop.h"

namespace spind::s3 {

// The caller waits for `done`, so it may lie on the caller's stack.
struct HttpLoop::Transfer {
  const HttpRequest& request;
  HttpOutcome outcome{};
  std::condition_variable& finished;
  bool done = false;  // under mutex_

  CURL* easy = nullptr;
  curl_slist* headers = nullptr;
  std::size_t sent = 0, header_bytes = 0, place = 0, in_place = 0;
  std::array<char, CURL_ERROR_SIZE> words{};

  static std::size_t send(char* out, std::size_t size, std::size_t count, void* self);
  static int rewind(void* self, curl_off_t offset, int origin);
  static std::size_t take_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t take_body(char* data, std::size_t size, std::size_t count, void* self);
  bool keep_header(std::string_view line);
  bool take(Bytes bytes);
  bool put_into_places(Bytes bytes);
  bool too_large();
};

}  // namespace spind::s3
