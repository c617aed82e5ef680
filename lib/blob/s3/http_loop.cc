#include "blob/s3/http_loop.h"

#include <curl/curl.h>

#include <algorithm>
#include <utility>

#include "blob/interrupt.h"
#include "blob/s3/http_transfer.h"

namespace spind::s3 {
namespace {

constexpr int kPollMs = 1'000;
constexpr long kStallBytesASecond = 1'024;
constexpr std::size_t kIdleHandlesMax = 64;

HttpFailure failure_of(CURLcode code) {
  switch (code) {
    case CURLE_OK: return HttpFailure::none;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT: return HttpFailure::unreachable;
    case CURLE_OPERATION_TIMEDOUT: return HttpFailure::timed_out;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_ISSUER_ERROR: return HttpFailure::certificate;
    case CURLE_OUT_OF_MEMORY:
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_BAD_FUNCTION_ARGUMENT:
    case CURLE_FAILED_INIT: return HttpFailure::here;
    default: return HttpFailure::broken;
  }
}

std::once_flag curl_started;

}  // namespace

struct HttpLoop::Handles {
  CURLM* multi = nullptr;
  std::vector<CURL*> idle{};

  ~Handles() {
    for (CURL* const easy : idle) curl_easy_cleanup(easy);
    if (multi != nullptr) curl_multi_cleanup(multi);
  }
};

std::string_view HttpAnswer::header(std::string_view name) const {
  for (const auto& [known, value] : headers) {
    if (known == name) return value;
  }
  return {};
}

HttpLoop::HttpLoop(const HttpOptions& options, std::unique_ptr<Handles> handles)
    : options_(options), handles_(std::move(handles)) {}

Result<std::unique_ptr<HttpLoop>> HttpLoop::start(const HttpOptions& options, Threads& threads) {
  // It is never ended: others in the process may use libcurl too.
  std::call_once(curl_started, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  auto handles = std::make_unique<Handles>();
  handles->multi = curl_multi_init();
  if (handles->multi == nullptr) return Error{Code::unavailable, "libcurl cannot be started"};
  const long connections = static_cast<long>(options.transfers_max);
  curl_multi_setopt(handles->multi, CURLMOPT_MAXCONNECTS, connections);
  curl_multi_setopt(handles->multi, CURLMOPT_PIPELINING,
                    options.http2 ? CURLPIPE_MULTIPLEX : CURLPIPE_NOTHING);
  std::unique_ptr<HttpLoop> loop(new HttpLoop(options, std::move(handles)));
  loop->thread_ = threads.start("spind-s3", [loop = loop.get()] { loop->run(); });
  return loop;
}

HttpLoop::~HttpLoop() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  curl_multi_wakeup(handles_->multi);
  thread_.reset();
}

void HttpLoop::submit(Transfer& transfer) {
  waiting_.push_back(&transfer);
  curl_multi_wakeup(handles_->multi);
}

HttpOutcome HttpLoop::perform(const HttpRequest& request, const Interrupt& interrupt) {
  std::condition_variable finished;
  Transfer transfer{.request = request, .finished = finished};
  std::unique_lock lock(mutex_);
  submit(transfer);
  const Status waited = wait_unless(finished, lock, interrupt, [&] { return transfer.done; });
  return outcome_of(transfer, waited, lock);
}

HttpOutcome HttpLoop::outcome_of(Transfer& transfer, const Status& waited,
                                 std::unique_lock<std::mutex>& lock) {
  if (waited.ok()) return std::move(transfer.outcome);
  give_up(transfer, lock);
  return {.failure = HttpFailure::given_up, .text = waited.error().text};
}

HttpOutcome HttpLoop::perform_hedged(const HttpRequest& request, std::chrono::nanoseconds patience,
                                     const Again& again, bool& second, const Interrupt& interrupt) {
  const auto good = [](const Transfer& transfer) {
    const int status = transfer.outcome.answer.status;
    return transfer.done && transfer.outcome.failure == HttpFailure::none && status >= 200 &&
           status < 300;
  };
  second = false;
  std::condition_variable finished;
  Transfer one{.request = request, .finished = finished};
  std::unique_lock lock(mutex_);
  submit(one);
  const auto one_done = [&] { return one.done; };
  Status waited =
      wait_unless(finished, lock, interrupt, one_done, std::chrono::steady_clock::now() + patience);
  std::optional<HttpRequest> repeat;
  if (waited.ok() && !one.done) {
    lock.unlock();
    repeat = again();
    lock.lock();
  }
  if (!repeat) {
    if (waited.ok()) waited = wait_unless(finished, lock, interrupt, one_done);
    return outcome_of(one, waited, lock);
  }
  Transfer other{.request = *repeat, .finished = finished};
  submit(other);
  waited = wait_unless(finished, lock, interrupt,
                       [&] { return good(one) || good(other) || (one.done && other.done); });
  if (!waited.ok()) {
    give_up(other, lock);
    return outcome_of(one, waited, lock);
  }
  second = good(other) && !good(one);
  Transfer& loser = second ? one : other;
  give_up(loser, lock);
  return std::move(second ? other.outcome : one.outcome);
}

// It lies on the caller's stack, and the loop's thread may be using it.
void HttpLoop::give_up(Transfer& transfer, std::unique_lock<std::mutex>& lock) {
  if (transfer.done) return;
  given_up_.push_back(&transfer);
  curl_multi_wakeup(handles_->multi);
  transfer.finished.wait(lock, [&] { return transfer.done; });
  std::erase(given_up_, &transfer);  // it may have ended by itself
}

void HttpLoop::break_off_given_up() {
  std::unique_lock lock(mutex_);
  while (!given_up_.empty()) {
    Transfer& transfer = *given_up_.front();
    given_up_.pop_front();
    if (transfer.done) continue;
    if (std::erase(waiting_, &transfer) > 0) {
      transfer.done = true;
      transfer.finished.notify_all();
      continue;
    }
    lock.unlock();
    curl_multi_remove_handle(handles_->multi, transfer.easy);
    finish(transfer);
    lock.lock();
  }
}

void HttpLoop::run() {
  while (take_waiting()) {
    int running = 0;
    curl_multi_perform(handles_->multi, &running);
    finish_ended();
    break_off_given_up();
    const bool room = running_ < options_.transfers_max;
    {
      const std::lock_guard lock(mutex_);
      if (ending_ || (room && !waiting_.empty())) continue;
    }
    curl_multi_poll(handles_->multi, nullptr, 0, kPollMs, nullptr);
  }
}

bool HttpLoop::take_waiting() {
  while (running_ < options_.transfers_max) {
    Transfer* next = nullptr;
    {
      const std::lock_guard lock(mutex_);
      if (waiting_.empty()) break;
      next = waiting_.front();
      waiting_.pop_front();
    }
    begin(*next);
  }
  const std::lock_guard lock(mutex_);
  return !ending_ || running_ > 0;
}

void HttpLoop::set_request(Transfer& transfer) {
  CURL* const easy = transfer.easy;
  const HttpRequest& request = transfer.request;
  curl_slist*& headers = transfer.headers;
  for (const auto& [name, value] : request.headers) {
    if (name != "content-length")
      headers = curl_slist_append(headers, (name + ": " + value).c_str());
  }
  // The server's word before a body is sent would cost a round trip, or a second where it gives
  // none.
  headers = curl_slist_append(headers, "Expect:");
  curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer.headers);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer.words.data());
  curl_easy_setopt(easy, CURLOPT_PRIVATE, &transfer);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &Transfer::take_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Transfer::take_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &transfer);
  if (request.once) curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
  if (request.method == "HEAD") {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  } else if (request.method == "PUT" || request.method == "POST") {
    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, std::string(request.method).c_str());
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, &Transfer::send);
    curl_easy_setopt(easy, CURLOPT_READDATA, &transfer);
    curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, &Transfer::rewind);
    curl_easy_setopt(easy, CURLOPT_SEEKDATA, &transfer);
    curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  } else {
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, std::string(request.method).c_str());
  }
}

void HttpLoop::set_connection(void* handle) const {
  CURL* const easy = handle;
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
#if LIBCURL_VERSION_NUM >= 0x075700
  // Whoever gives up does not wait until the system has looked up a name; nor do all others.
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
  curl_easy_setopt(easy, CURLOPT_USERAGENT, "spind");
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
                   options_.http2 ? static_cast<long>(CURL_HTTP_VERSION_2TLS)
                                  : static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!options_.ca_file.empty()) {
    curl_easy_setopt(easy, CURLOPT_CAINFO, options_.ca_file.c_str());
    curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);
  }
  if (options_.direct) curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy, CURLOPT_MAXLIFETIME_CONN,
                   static_cast<long>(options_.connection_age_max.count()));
  curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 256L * 1024);
  curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, 256L * 1024);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(options_.connect_timeout.count()));
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(options_.request_timeout.count()));
  curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, kStallBytesASecond);
  curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME,
                   std::max(1L, static_cast<long>(options_.stall_timeout.count() / 1'000)));
}

void HttpLoop::begin(Transfer& transfer) {
  CURL* easy = nullptr;
  if (!handles_->idle.empty()) {
    easy = handles_->idle.back();
    handles_->idle.pop_back();
  } else {
    easy = curl_easy_init();
  }
  ++running_;
  transfer.easy = easy;
  if (easy == nullptr) {
    transfer.outcome.failure = HttpFailure::here;
    transfer.outcome.text = "libcurl has no memory";
    return finish(transfer);
  }
  set_request(transfer);
  set_connection(easy);
  if (curl_multi_add_handle(handles_->multi, easy) != CURLM_OK) {
    transfer.outcome.failure = HttpFailure::here;
    transfer.outcome.text = "libcurl takes no more transfers";
    finish(transfer);
  }
}

void HttpLoop::finish_ended() {
  int left = 0;
  while (const CURLMsg* const message = curl_multi_info_read(handles_->multi, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    char* pointer = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &pointer);
    Transfer& transfer = *static_cast<Transfer*>(static_cast<void*>(pointer));
    HttpOutcome& outcome = transfer.outcome;
    const CURLcode code = message->data.result;
    if (outcome.failure == HttpFailure::none) outcome.failure = failure_of(code);
    if (outcome.failure != HttpFailure::none)
      outcome.text = transfer.words[0] != 0 ? transfer.words.data() : curl_easy_strerror(code);
    long status = 0;
    curl_easy_getinfo(transfer.easy, CURLINFO_RESPONSE_CODE, &status);
    outcome.answer.status = static_cast<int>(status);
    curl_multi_remove_handle(handles_->multi, transfer.easy);
    finish(transfer);
  }
}

void HttpLoop::finish(Transfer& transfer) {
  --running_;
  curl_slist_free_all(transfer.headers);
  if (transfer.easy != nullptr) {
    curl_easy_reset(transfer.easy);  // it still points to the transfer, which goes
    if (handles_->idle.size() < kIdleHandlesMax) {
      handles_->idle.push_back(transfer.easy);
    } else {
      curl_easy_cleanup(transfer.easy);
    }
  }
  // Under the lock: as soon as it is let go of, the transfer is gone.
  const std::lock_guard lock(mutex_);
  transfer.done = true;
  transfer.finished.notify_all();
}

}  // namespace spind::s3
