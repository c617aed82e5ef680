// A proxy as HTTPS_PROXY names one: it makes tunnels to ports of 127.0.0.1 and tells which were
// asked for.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "support/http/connections.h"

namespace spind::test {

// Thread-safe.
class ConnectProxy {
 public:
  explicit ConnectProxy(bool refuses = false)
      : refuses_(refuses), connections_([this](int client) { serve(client); }) {}

  std::string url() const { return "http://127.0.0.1:" + std::to_string(connections_.port()); }
  // As "localhost:9000".
  std::vector<std::string> asked_for() const;

 private:
  void serve(int client);

  const bool refuses_;
  mutable std::mutex mutex_;
  std::vector<std::string> asked_for_;
  Connections connections_;  // the last: they are served as soon as it is there
};

}  // namespace spind::test
