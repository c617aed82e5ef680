#include "support/http/http_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <utility>

namespace spind::test {
namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

// Reads until `buffer` has at least so many bytes; false if the connection ends before.
bool fill(int connection, std::string& buffer, std::size_t size) {
  while (buffer.size() < size) {
    char part[16 * 1024];
    const ssize_t got = ::recv(connection, part, sizeof part, 0);
    if (got <= 0) return false;
    buffer.append(part, static_cast<std::size_t>(got));
  }
  return true;
}

HttpRequestSeen parse_head(const std::string& head) {
  HttpRequestSeen request;
  std::size_t line_end = head.find("\r\n");
  const std::string first = head.substr(0, line_end);
  const std::size_t space = first.find(' ');
  request.method = first.substr(0, space);
  request.target = first.substr(space + 1, first.rfind(' ') - space - 1);
  while (line_end != std::string::npos && line_end + 2 < head.size()) {
    const std::size_t begin = line_end + 2;
    line_end = head.find("\r\n", begin);
    const std::string line = head.substr(begin, line_end - begin);
    const std::size_t colon = line.find(": ");
    if (colon != std::string::npos)
      request.headers[lower(line.substr(0, colon))] = line.substr(colon + 2);
  }
  return request;
}

// `buffer` holds what came after the last request, and then what comes after this one.
std::optional<HttpRequestSeen> read_request(int connection, std::string& buffer) {
  std::size_t end = std::string::npos;
  while ((end = buffer.find("\r\n\r\n")) == std::string::npos) {
    if (!fill(connection, buffer, buffer.size() + 1)) return std::nullopt;
  }
  HttpRequestSeen request = parse_head(buffer.substr(0, end + 2));
  const auto length = request.headers.find("content-length");
  const std::size_t size = length == request.headers.end() ? 0 : std::stoul(length->second);
  if (!fill(connection, buffer, end + 4 + size)) return std::nullopt;
  request.body = buffer.substr(end + 4, size);
  buffer.erase(0, end + 4 + size);
  return request;
}

bool send_all(int connection, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

}  // namespace

HttpServer::HttpServer(Handler handler) : handler_(std::move(handler)) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const plain = reinterpret_cast<sockaddr*>(&address);
  if (listener_ < 0 || ::bind(listener_, plain, size) != 0 || ::listen(listener_, 128) != 0 ||
      ::getsockname(listener_, plain, &size) != 0)
    throw std::runtime_error("cannot listen on 127.0.0.1");
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

HttpServer::~HttpServer() {
  ending_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  {
    const std::lock_guard lock(mutex_);
    for (const int connection : connections_) ::shutdown(connection, SHUT_RDWR);
  }
  for (std::thread& thread : threads_) thread.join();
  ::close(listener_);
}

std::vector<HttpRequestSeen> HttpServer::seen() const {
  const std::lock_guard lock(mutex_);
  return seen_;
}

void HttpServer::accept_all() {
  while (!ending_) {
    const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) continue;
    const std::lock_guard lock(mutex_);
    connections_.push_back(connection);
    threads_.emplace_back([this, connection] { serve(connection); });
  }
}

void HttpServer::serve(int connection) {
  std::string buffer;
  while (!ending_) {
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
  const std::lock_guard lock(mutex_);
  connections_.erase(std::find(connections_.begin(), connections_.end(), connection));
  ::close(connection);
}

// False if the connection is to end.
bool HttpServer::answer(int connection, const HttpReply& reply) const {
  std::string head = "HTTP/1.1 " + std::to_string(reply.status) + " Answer\r\n";
  for (const auto& [name, value] : reply.headers) head += name + ": " + value + "\r\n";
  const auto length = static_cast<std::int64_t>(reply.body.size()) + reply.length_added;
  if (!reply.without_length) head += "content-length: " + std::to_string(length) + "\r\n";
  head += "\r\n";
  bool sent = true;
  if (reply.drip.count() > 0) {
    sent = send_all(connection, head);
    for (std::size_t i = 0; i < reply.body.size() && sent && !ending_; ++i) {
      std::this_thread::sleep_for(reply.drip);
      sent = send_all(connection, reply.body.substr(i, 1));
    }
  } else {
    const std::string whole = head + reply.body;
    sent = send_all(connection, std::string_view(whole).substr(0, reply.cut_after));
  }
  if (reply.reset) {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(connection, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }
  return sent && !reply.reset && !reply.without_length && reply.cut_after == SIZE_MAX;
}

}  // namespace spind::test
