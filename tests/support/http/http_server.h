// A small HTTP server for tests, on a free port of 127.0.0.1: it reads each request whole, and what
// it answers, down to the bytes and how the connection ends, is up to the test.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "support/http/connections.h"
#include "support/http/wire.h"

namespace spind::test {

struct HttpReply {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string body{};
  // What deviates from a good server.
  std::int64_t length_added = 0;      // to the header "content-length"
  bool without_length = false;        // the end of the connection is the end of the body
  std::size_t cut_after = SIZE_MAX;   // bytes of the whole answer; then the connection ends
  bool reset = false;                 // it ends with a reset instead of a farewell
  std::chrono::milliseconds drip{0};  // passes between two bytes of the body
  bool silent = false;                // nothing is ever said
};

// Thread-safe.
class HttpServer {
 public:
  using Handler = std::function<HttpReply(const HttpRequestSeen&)>;

  // The handler is called by many threads, one at a time.
  explicit HttpServer(Handler handler);
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  std::uint16_t port() const { return connections_.port(); }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port()); }
  std::vector<HttpRequestSeen> seen() const;
  std::size_t connections() const { return connections_.accepted(); }
  // How many requests have come whole that are never answered; and how many clients have ended their
  // connection then.
  std::size_t left_waiting() const { return left_waiting_; }
  std::size_t hung_up() const { return hung_up_; }

 private:
  void serve(int connection);
  bool answer(int connection, const HttpReply& reply);
  void say_nothing(int connection);

  const Handler handler_;
  mutable std::mutex mutex_;
  std::vector<HttpRequestSeen> seen_;
  std::atomic<std::size_t> left_waiting_ = 0, hung_up_ = 0;
  Connections connections_;  // the last: they are served as soon as it is there
};

}  // namespace spind::test
