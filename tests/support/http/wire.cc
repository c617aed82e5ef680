#include "support/http/wire.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>

namespace spind::test {
namespace {

sockaddr_in on_loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

int connect_to(const sockaddr* address, socklen_t size) {
  const int connection = ::socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::connect(connection, address, size) == 0) {
    const int at_once = 1;
    ::setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
    return connection;
  }
  ::close(connection);
  return -1;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

// Of a head, the lines behind its first one.
std::map<std::string, std::string> headers_of(const std::string& head) {
  std::map<std::string, std::string> headers;
  std::size_t line_end = head.find("\r\n");
  while (line_end != std::string::npos) {
    const std::size_t begin = line_end + 2;
    line_end = head.find("\r\n", begin);
    const std::string line =
        head.substr(begin, line_end == std::string::npos ? line_end : line_end - begin);
    const std::size_t colon = line.find(": ");
    if (colon != std::string::npos) headers[lower(line.substr(0, colon))] = line.substr(colon + 2);
  }
  return headers;
}

std::size_t length_in(const std::map<std::string, std::string>& headers) {
  const auto length = headers.find("content-length");
  return length == headers.end() ? 0 : std::stoul(length->second);
}

HttpRequestSeen parse_request(const std::string& head) {
  HttpRequestSeen request;
  const std::string first = head.substr(0, head.find("\r\n"));
  const std::size_t space = first.find(' ');
  request.method = first.substr(0, space);
  request.target = first.substr(space + 1, first.rfind(' ') - space - 1);
  request.headers = headers_of(head);
  return request;
}

std::optional<std::string> read_chunks(int connection, std::string& buffer) {
  std::string body;
  for (;;) {
    std::size_t line_end = std::string::npos;
    while ((line_end = buffer.find("\r\n")) == std::string::npos)
      if (!fill(connection, buffer, buffer.size() + 1)) return std::nullopt;
    const std::size_t size = std::stoul(buffer.substr(0, line_end), nullptr, 16);
    if (!fill(connection, buffer, line_end + 2 + size + 2)) return std::nullopt;
    body += buffer.substr(line_end + 2, size);
    buffer.erase(0, line_end + 2 + size + 2);
    if (size == 0) return body;
  }
}

}  // namespace

int connect_to(std::uint16_t port) {
  const sockaddr_in address = on_loopback(port);
  return connect_to(reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

int connect_to(const std::string& server) {
  const std::size_t colon = server.rfind(':');
  addrinfo wanted{}, *found = nullptr;
  wanted.ai_socktype = SOCK_STREAM;
  const std::string host = server.substr(0, colon), port = server.substr(colon + 1);
  if (::getaddrinfo(host.c_str(), port.c_str(), &wanted, &found) != 0) return -1;
  int connection = -1;
  for (const addrinfo* one = found; one != nullptr && connection < 0; one = one->ai_next)
    connection = connect_to(one->ai_addr, one->ai_addrlen);
  ::freeaddrinfo(found);
  return connection;
}

int listen_on_free_port(std::uint16_t& port) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = on_loopback(0);
  socklen_t size = sizeof address;
  auto* const plain = reinterpret_cast<sockaddr*>(&address);
  if (listener < 0 || ::bind(listener, plain, size) != 0 || ::listen(listener, 128) != 0 ||
      ::getsockname(listener, plain, &size) != 0)
    throw std::runtime_error("cannot listen on 127.0.0.1");
  port = ntohs(address.sin_port);
  return listener;
}

bool fill(int connection, std::string& buffer, std::size_t size) {
  while (buffer.size() < size) {
    char part[16 * 1024];
    const ssize_t got = ::recv(connection, part, sizeof part, 0);
    if (got <= 0) return false;
    buffer.append(part, static_cast<std::size_t>(got));
  }
  return true;
}

bool send_all(int connection, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::optional<std::string> read_head(int connection, std::string& buffer) {
  std::size_t end = std::string::npos;
  while ((end = buffer.find("\r\n\r\n")) == std::string::npos) {
    if (!fill(connection, buffer, buffer.size() + 1)) return std::nullopt;
  }
  std::string head = buffer.substr(0, end);
  buffer.erase(0, end + 4);
  return head;
}

std::optional<HttpRequestSeen> read_request(int connection, std::string& buffer, std::string* raw) {
  const std::optional<std::string> head = read_head(connection, buffer);
  if (!head) return std::nullopt;
  HttpRequestSeen request = parse_request(*head);
  const std::size_t size = length_in(request.headers);
  if (!fill(connection, buffer, size)) return std::nullopt;
  request.body = buffer.substr(0, size);
  buffer.erase(0, size);
  if (raw != nullptr) *raw = *head + "\r\n\r\n" + request.body;
  return request;
}

std::optional<HttpAnswerSeen> read_answer(int connection, std::string& buffer,
                                          std::string_view method) {
  HttpAnswerSeen answer;
  do {  // what says that the answer is yet to come is none
    std::optional<std::string> head = read_head(connection, buffer);
    if (!head || head->size() < 12) return std::nullopt;
    answer.head = *std::move(head);
    answer.status = std::stoi(answer.head.substr(9, 3));
  } while (answer.status < 200);
  answer.headers = headers_of(answer.head);
  if (method == "HEAD" || answer.status == 204 || answer.status == 304) return answer;
  if (answer.headers.contains("transfer-encoding")) {
    std::optional<std::string> body = read_chunks(connection, buffer);
    if (!body) return std::nullopt;
    answer.body = *std::move(body);
    return answer;
  }
  const std::size_t size = length_in(answer.headers);
  if (!fill(connection, buffer, size)) return std::nullopt;
  answer.body = buffer.substr(0, size);
  buffer.erase(0, size);
  return answer;
}

void reset_at_close(int connection) {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(connection, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

}  // namespace spind::test
