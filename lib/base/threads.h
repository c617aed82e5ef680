// Where background threads come from, so that a host can name or count them and a test run them.
#pragma once

#include <functional>
#include <memory>
#include <string>

namespace spind {

// Joins when destroyed.
class Thread {
 public:
  virtual ~Thread() = default;
};

// Thread-safe.
class Threads {
 public:
  virtual ~Threads() = default;
  // `name` has at most 15 characters, as Linux shows them.
  virtual std::unique_ptr<Thread> start(std::string name, std::function<void()> body) = 0;

  static Threads& system();
};

}  // namespace spind
