// HTTP/1.1 on a connection, as small servers of tests speak it: requests and answers come whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace spind::test {

struct HttpRequestSeen {
  std::string method{}, target{};                // the target as it was sent, with its query
  std::map<std::string, std::string> headers{};  // names in lower case
  std::string body{};
};

// What a server answered. The head is as it came, without the empty line at its end.
struct HttpAnswerSeen {
  int status = 0;
  std::string head{};
  std::map<std::string, std::string> headers{};
  std::string body{};  // without the marks of chunks
};

// A connection to a port of 127.0.0.1, or -1.
int connect_to(std::uint16_t port);
// To "HOST:PORT".
int connect_to(const std::string& server);
// One that listens on a free port of 127.0.0.1, which is told.
int listen_on_free_port(std::uint16_t& port);

// Reads until `buffer` has at least so many bytes; false if the connection ends before.
bool fill(int connection, std::string& buffer, std::size_t size);
bool send_all(int connection, std::string_view bytes);

// Reads up to the empty line behind the headers, and takes it out of `buffer` with the line before.
std::optional<std::string> read_head(int connection, std::string& buffer);
// `buffer` holds what came after the last request, and then what comes after this one. `raw` gets
// all bytes of the request as they came.
std::optional<HttpRequestSeen> read_request(int connection, std::string& buffer,
                                            std::string* raw = nullptr);
// The answer to a request of that method.
std::optional<HttpAnswerSeen> read_answer(int connection, std::string& buffer,
                                          std::string_view method);

// The next farewell is a reset.
void reset_at_close(int connection);

}  // namespace spind::test
