// Writing the bytes of one file, as they come.
//
//   spind::Writer writer = space.writer("/video.mp4").value();
//   while (more) writer.write(chunk);
//   spind::Written w = writer.commit().value();        // durable; destroyed without: aborted
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "spind/types.h"

namespace spind {

// Writes one version, which nobody sees before commit. Preconditions are checked at commit. One
// thread at a time. After an error only abort and destruction are left.
class SPIND_EXPORT Writer {
 public:
  Status write(std::span<const std::uint8_t> bytes);
  Status write(std::string_view text);
  Result<Written> commit();
  void abort();

  struct State;
  explicit Writer(std::unique_ptr<State> state);
  Writer(Writer&&) noexcept;
  Writer& operator=(Writer&&) noexcept;
  ~Writer();

 private:
  std::unique_ptr<State> state_;
};

}  // namespace spind
