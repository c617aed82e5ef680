#include "support/http/http_server.h"

#include <sys/socket.h>

#include <optional>
#include <utility>

namespace spind::test {

HttpServer::HttpServer(Handler handler)
    : handler_(std::move(handler)), connections_([this](int connection) { serve(connection); }) {}

std::vector<HttpRequestSeen> HttpServer::seen() const {
  const std::lock_guard lock(mutex_);
  return seen_;
}

void HttpServer::serve(int connection) {
  std::string buffer;
  while (!connections_.ending()) {
    std::optional<HttpRequestSeen> request = read_request(connection, buffer);
    if (!request) break;
    HttpReply reply;
    {
      const std::lock_guard lock(mutex_);
      seen_.push_back(*request);
      reply = handler_(*request);
    }
    if (request->method == "HEAD") {
      reply.length_added += static_cast<std::int64_t>(reply.body.size());
      reply.body.clear();
    }
    if (!answer(connection, reply)) break;
  }
}

void HttpServer::say_nothing(int connection) {
  ++left_waiting_;
  char byte = 0;
  while (::recv(connection, &byte, 1, 0) > 0) continue;
  if (!connections_.ending()) ++hung_up_;
}

// False if the connection is to end.
bool HttpServer::answer(int connection, const HttpReply& reply) {
  if (reply.silent) {
    say_nothing(connection);
    return false;
  }
  std::string head = "HTTP/1.1 " + std::to_string(reply.status) + " Answer\r\n";
  for (const auto& [name, value] : reply.headers) head += name + ": " + value + "\r\n";
  const auto length = static_cast<std::int64_t>(reply.body.size()) + reply.length_added;
  if (!reply.without_length) head += "content-length: " + std::to_string(length) + "\r\n";
  head += "\r\n";
  bool sent = true;
  if (reply.drip.count() > 0) {
    sent = send_all(connection, head);
    for (std::size_t i = 0; i < reply.body.size() && sent && !connections_.ending(); ++i) {
      std::this_thread::sleep_for(reply.drip);
      sent = send_all(connection, reply.body.substr(i, 1));
    }
  } else {
    const std::string whole = head + reply.body;
    sent = send_all(connection, std::string_view(whole).substr(0, reply.cut_after));
  }
  if (reply.reset) reset_at_close(connection);
  return sent && !reply.reset && !reply.without_length && reply.cut_after == SIZE_MAX;
}

}  // namespace spind::test
