// Requests over HTTP: all transfers of a store go through one thread that drives libcurl, and
// callers wait for theirs. Connections are kept and shared.
//
// It knows nothing of S3 and follows no redirect; what an answer may make us hold is bounded.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/threads.h"
#include "blob/s3/signature.h"
#include "spind/blob_store.h"
#include "spind/result.h"

namespace spind::s3 {

enum class HttpFailure : std::uint8_t {
  none,
  unreachable,  // no such host, or nobody answers there
  broken,       // the connection ended before the answer did, or made no sense
  timed_out,    // the request may have been carried out all the same
  certificate,  // the server is not who it should be, or not known to the authorities in use
  too_large,    // the answer has more bytes than asked for
  given_up,     // by the caller; the request may be carried out all the same
  here          // it could not even be tried
};

struct HttpRequest {
  std::string_view method{};
  std::string url{};
  Headers headers{};
  Bytes body{};  // borrowed, as the places are
  // Where the bytes of a partial answer (206) go; of any other, up to so many are held.
  std::span<const std::span<std::uint8_t>> places{};
  std::uint64_t body_bytes_max = 0;
  // Sent once. Where a connection that was in use before ends without an answer, libcurl sends the
  // request again by itself and does not say so.
  bool once = false;
};

struct HttpAnswer {
  int status = 0;
  Headers headers{};
  std::vector<std::uint8_t> body{};
  std::uint64_t placed_bytes = 0;
  std::optional<std::uint64_t> content_length{};

  std::string_view header(std::string_view name) const;  // empty if there is none
};

struct HttpOutcome {
  HttpFailure failure = HttpFailure::none;
  std::string text{};  // of the failure
  HttpAnswer answer{};
};

struct HttpOptions {
  std::string ca_file{};
  bool http2 = false;
  bool direct = false;  // never through a proxy
  std::uint32_t transfers_max = 64;
  std::chrono::milliseconds connect_timeout{5'000}, stall_timeout{20'000}, request_timeout{300'000};
  // An older connection takes no further request: a server that is always busy would else never
  // have its name looked up anew.
  std::chrono::seconds connection_age_max{300};
};

// Thread-safe.
class HttpLoop {
 public:
  // Borrows `threads`.
  static Result<std::unique_ptr<HttpLoop>> start(const HttpOptions& options, Threads& threads);
  // Nobody waits any more.
  ~HttpLoop();
  HttpLoop(const HttpLoop&) = delete;
  HttpLoop& operator=(const HttpLoop&) = delete;

  // Returns when the request is over, in whatever way. One whose interrupt says so is broken off.
  HttpOutcome perform(const HttpRequest& request, const Interrupt& interrupt = nullptr);
  // The same, and where it has not come to an end by then asks `again`, which may answer none: the
  // first good answer is given, and the other request broken off. `second` tells whose it is.
  using Again = std::function<std::optional<HttpRequest>()>;
  HttpOutcome perform_hedged(const HttpRequest& request, std::chrono::nanoseconds patience,
                             const Again& again, bool& second,
                             const Interrupt& interrupt = nullptr);

 private:
  struct Transfer;
  struct Handles;
  HttpLoop(const HttpOptions& options, std::unique_ptr<Handles> handles);

  void run();
  void submit(Transfer& transfer);  // under mutex_
  void give_up(Transfer& transfer, std::unique_lock<std::mutex>& lock);
  HttpOutcome outcome_of(Transfer& transfer, const Status& waited,
                         std::unique_lock<std::mutex>& lock);
  void break_off_given_up();
  bool take_waiting();  // false when the loop is to end
  void begin(Transfer& transfer);
  static void set_request(Transfer& transfer);
  void set_connection(void* handle) const;
  void finish_ended();
  void finish(Transfer& transfer);

  const HttpOptions options_;
  const std::unique_ptr<Handles> handles_;
  std::mutex mutex_;
  std::deque<Transfer*> waiting_;   // under mutex_
  std::deque<Transfer*> given_up_;  // under mutex_: their callers wait until they are done
  bool ending_ = false;             // under mutex_
  std::size_t running_ = 0;         // of the loop's thread, as the handles are
  std::unique_ptr<Thread> thread_;
};

}  // namespace spind::s3
