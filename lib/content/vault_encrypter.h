// Encrypts what a vault holds from before its store had keys, and ends that state.
//
// Everything that is written since is sealed, so what is plain only gets less. Once a snapshot
// shows none, and nobody reads from before it, nothing plain has to be taken any more.
#pragma once

#include <functional>
#include <mutex>

#include "content/content.h"
#include "content/plain_rows.h"

namespace spind::content {

// One thread at a time, and one for a vault. Borrows everything.
class VaultEncrypter {
 public:
  struct Setup {
    VaultKeys& keys;
    SpaceRows& rows;
    kv::Store& sealing;
    Content& content;
    // Held by whoever copies rows and secrets: those of a copy must be of one time.
    std::mutex& copying;
    std::function<bool()> closing;
  };
  VaultEncrypter(const Setup& setup, const model::VaultId& vault, const EncryptOptions& options);

  Result<EncryptReport> run();

 private:
  Status step(std::uint64_t rows);
  Status seal_pieces();
  Status look_for_plain(kv::Ticket& ticket);
  Status wait_for_readers(kv::Ticket ticket);
  Result<std::vector<kv::Range>> replaced_ranges();

  const Setup setup_;
  const model::VaultId vault_;
  const EncryptOptions& options_;
  PlainRows plain_rows_;
  EncryptReport report_;
};

}  // namespace spind::content
