#include "support/http/chaos_proxy.h"

#include <strings.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

namespace spind::test {
namespace {

constexpr std::array<std::string_view, kChaosCount> kChaosNames = {"500",
                                                                   "503 SlowDown",
                                                                   "429",
                                                                   "400 RequestTimeout",
                                                                   "reset in headers",
                                                                   "reset in body",
                                                                   "not answered",
                                                                   "slow drip",
                                                                   "wrong length",
                                                                   "damaged body",
                                                                   "truncated xml",
                                                                   "answer for another key",
                                                                   "403",
                                                                   "expired token",
                                                                   "outage",
                                                                   "black hole"};

constexpr std::uint32_t kForbiddenInARow = 5;
// Of an answer that must not take minutes, and yet is too slow for any client.
constexpr std::chrono::milliseconds kDripPause{100};
constexpr std::size_t kDripBytes = 10;

bool is_object(const HttpAnswerSeen& answer) {
  const auto type = answer.headers.find("content-type");
  return (answer.status == 200 || answer.status == 206) && !answer.body.empty() &&
         answer.headers.contains("etag") &&
         (type == answer.headers.end() || type->second.find("xml") == std::string::npos);
}

bool is_xml(const HttpAnswerSeen& answer) { return answer.body.find("<?xml") == 0; }

// As it came, but for its length.
std::string with_length(const HttpAnswerSeen& answer, std::int64_t added = 0) {
  std::string out;
  for (std::size_t begin = 0; begin < answer.head.size();) {
    const std::size_t end = std::min(answer.head.find("\r\n", begin), answer.head.size());
    const std::string line = answer.head.substr(begin, end - begin);
    const std::string name = line.substr(0, line.find(':'));
    const bool of_length = ::strcasecmp(name.c_str(), "content-length") == 0 ||
                           ::strcasecmp(name.c_str(), "transfer-encoding") == 0;
    if (!of_length) out += line + "\r\n";
    begin = end + 2;
  }
  const auto length = static_cast<std::int64_t>(answer.body.size()) + added;
  return out + "Content-Length: " + std::to_string(length) + "\r\n\r\n";
}

// An answer to HEAD says how long the object is and brings none of it.
std::string as_sent(const HttpRequestSeen& request, const HttpAnswerSeen& answer) {
  if (request.method == "HEAD" || answer.status == 204) return answer.head + "\r\n\r\n";
  return with_length(answer) + answer.body;
}

struct Refusal {
  Chaos fault;
  std::string_view line, code, headers;
};
constexpr Refusal kRefusals[] = {
    {Chaos::internal_error, "500 Internal Server Error", "InternalError", ""},
    {Chaos::slow_down, "503 Slow Down", "SlowDown", ""},
    {Chaos::too_many, "429 Too Many Requests", "TooManyRequests", "Retry-After: 1\r\n"},
    {Chaos::request_timeout, "400 Bad Request", "RequestTimeout", ""},
    {Chaos::forbidden, "403 Forbidden", "AccessDenied", ""},
    {Chaos::expired_token, "400 Bad Request", "ExpiredToken", ""},
};

const Refusal* refusal_of(Chaos fault) {
  for (const Refusal& refusal : kRefusals)
    if (refusal.fault == fault) return &refusal;
  return nullptr;
}

}  // namespace

std::string_view chaos_name(Chaos fault) { return kChaosNames[static_cast<std::size_t>(fault)]; }

struct ChaosProxy::Way {
  explicit Way(int client_connection) : client(client_connection) {}
  ~Way() { leave_server(); }
  Way(const Way&) = delete;
  Way& operator=(const Way&) = delete;

  bool reach_server(const std::string& where) {
    if (server < 0) server = connect_to(where);
    return server >= 0;
  }
  void leave_server() {
    if (server >= 0) ::close(server);
    server = -1;
    from_server.clear();
  }
  // Sends it, and gets what is answered.
  std::optional<HttpAnswerSeen> ask(const std::string& where, const std::string& raw,
                                    std::string_view method) {
    for (const bool anew : {server < 0, true}) {
      if (!reach_server(where)) return std::nullopt;
      std::optional<HttpAnswerSeen> answer;
      if (send_all(server, raw)) answer = read_answer(server, from_server, method);
      if (answer) return answer;
      leave_server();  // it had closed what was kept open
      if (anew) break;
    }
    return std::nullopt;
  }
  bool reset() const {
    reset_at_close(client);
    return false;
  }

  const int client;
  int server = -1;
  std::string from_client{}, from_server{};
};

ChaosProxy::ChaosProxy(std::string server, std::uint64_t seed)
    : server_(std::move(server)),
      random_(seed),
      connections_([this](int client) { serve(client); }) {}

void ChaosProxy::set(Chaos fault, std::uint32_t of_a_thousand) {
  const std::lock_guard lock(mutex_);
  chances_[index(fault)] = of_a_thousand;
}

void ChaosProxy::set_all(std::uint32_t of_a_thousand) {
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < index(Chaos::outage); ++i) chances_[i] = of_a_thousand;
}

void ChaosProxy::begin_outage(Chaos outage_or_black_hole) {
  outage_ = static_cast<int>(outage_or_black_hole);
  connections_.break_all();
}

void ChaosProxy::stop() {
  outage_ = -1;
  const std::lock_guard lock(mutex_);
  chances_ = {};
  forbidden_left_ = 0;
}

std::uint64_t ChaosProxy::random() {
  const std::lock_guard lock(mutex_);
  return random_();
}

void ChaosProxy::wait_in_black_hole() {
  while (!connections_.ending() && outage_ == static_cast<int>(Chaos::black_hole))
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
}

void ChaosProxy::serve(int client) {
  Way way(client);
  while (!connections_.ending()) {
    if (outage_ == static_cast<int>(Chaos::outage)) {
      count(Chaos::outage);
      way.reset();
      return;
    }
    std::string raw;
    const std::optional<HttpRequestSeen> request = read_request(client, way.from_client, &raw);
    if (!request || !pass(way, *request, raw)) return;
  }
}

std::optional<Chaos> ChaosProxy::choose(const HttpRequestSeen& request) {
  const std::lock_guard lock(mutex_);
  if (forbidden_left_ > 0) {
    --forbidden_left_;
    return Chaos::forbidden;
  }
  std::uint64_t at = random_() % 1'000;
  for (std::size_t i = 0; i < kChaosCount; ++i) {
    if (at >= chances_[i]) {
      at -= chances_[i];
      continue;
    }
    const auto fault = static_cast<Chaos>(i);
    if (fault == Chaos::forbidden) forbidden_left_ = kForbiddenInARow - 1;
    // Only these have what can be spoilt so.
    if (fault == Chaos::damaged_body && request.method != "PUT" && request.method != "GET")
      return std::nullopt;
    return fault;
  }
  return std::nullopt;
}

bool ChaosProxy::pass(Way& way, const HttpRequestSeen& request, const std::string& raw) {
  if (outage_ >= 0) {
    count(static_cast<Chaos>(outage_.load()));
    wait_in_black_hole();
    return way.reset();
  }
  const std::optional<Chaos> fault = choose(request);
  if (fault == Chaos::reset_in_body && !request.body.empty()) return cut_request(way, raw);
  if (fault == Chaos::damaged_body && !request.body.empty())
    return damage_request(way, request, raw);
  const bool refused = fault && refusal_of(*fault) != nullptr;
  const bool done_all_the_same = fault == Chaos::internal_error && random() % 2 == 0;
  if (refused && !done_all_the_same) return refuse(way, *fault);

  std::optional<HttpAnswerSeen> answer = way.ask(server_, raw, request.method);
  if (!answer) return way.reset();
  if (refused) return refuse(way, *fault);
  remember(request, *answer);
  if (fault) return spoil(way, *fault, request, *std::move(answer));
  return send_all(way.client, as_sent(request, *answer));
}

bool ChaosProxy::refuse(Way& way, Chaos fault) {
  count(fault);
  const Refusal& refusal = *refusal_of(fault);
  const std::string body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>" +
                           std::string(refusal.code) + "</Code><Message>chaos</Message></Error>";
  const std::string head = "HTTP/1.1 " + std::string(refusal.line) +
                           "\r\nContent-Type: application/xml\r\n" + std::string(refusal.headers) +
                           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  return send_all(way.client, head + body);
}

bool ChaosProxy::cut_request(Way& way, const std::string& raw) {
  count(Chaos::reset_in_body);
  way.leave_server();
  const std::size_t body_begin = raw.find("\r\n\r\n") + 4;
  const std::size_t cut = body_begin + random() % (raw.size() - body_begin);
  if (way.reach_server(server_)) (void)send_all(way.server, std::string_view(raw).substr(0, cut));
  way.leave_server();
  return way.reset();
}

bool ChaosProxy::damage_request(Way& way, const HttpRequestSeen& request, std::string raw) {
  count(Chaos::damaged_body);
  char& spoilt = raw[raw.size() - 1 - random() % request.body.size()];
  spoilt = static_cast<char>(spoilt ^ static_cast<char>(1 + random() % 255));
  const std::optional<HttpAnswerSeen> answer = way.ask(server_, raw, request.method);
  return answer ? send_all(way.client, as_sent(request, *answer)) : way.reset();
}

bool ChaosProxy::spoil(Way& way, Chaos fault, const HttpRequestSeen& request,
                       HttpAnswerSeen answer) {
  const std::string whole = as_sent(request, answer);
  const std::size_t head_bytes = whole.find("\r\n\r\n") + 4;
  switch (fault) {
    case Chaos::reset_in_headers:
      count(fault);
      (void)send_all(way.client, whole.substr(0, random() % head_bytes));
      return way.reset();
    case Chaos::reset_in_body:
      if (whole.size() == head_bytes) break;
      count(fault);
      (void)send_all(way.client, whole.substr(0, head_bytes + random() % answer.body.size()));
      return way.reset();
    case Chaos::reset_after_body: count(fault); return way.reset();
    case Chaos::slow_drip: count(fault); return drip(way, whole);
    case Chaos::wrong_length: {
      if (request.method == "HEAD" || answer.body.empty()) break;
      count(fault);
      const std::int64_t added = random() % 2 == 0 ? 7 : -1;
      (void)send_all(way.client, with_length(answer, added) + answer.body);
      return false;
    }
    case Chaos::damaged_body: {
      if (!is_object(answer)) break;
      count(fault);
      char& spoilt = answer.body[random() % answer.body.size()];
      spoilt = static_cast<char>(spoilt ^ static_cast<char>(1 + random() % 255));
      return send_all(way.client, as_sent(request, answer));
    }
    case Chaos::truncated_xml:
      if (!is_xml(answer)) break;
      count(fault);
      answer.body.resize(random() % answer.body.size());
      return send_all(way.client, as_sent(request, answer));
    case Chaos::other_key: {
      const std::lock_guard lock(mutex_);
      const std::size_t kind = is_object(answer) ? 0 : 1;
      if (request.method != "GET" || earlier_[kind].status == 0) break;
      if (earlier_target_[kind] == request.target) break;
      count(fault);
      return send_all(way.client, as_sent(request, earlier_[kind]));
    }
    default: break;
  }
  return send_all(way.client, whole);
}

// One of them is answered to later questions, until the next takes its place.
void ChaosProxy::remember(const HttpRequestSeen& request, const HttpAnswerSeen& answer) {
  const bool object = is_object(answer), listing = is_xml(answer) && answer.status == 200;
  if (request.method != "GET" || (!object && !listing)) return;
  const std::lock_guard lock(mutex_);
  if (random_() % 4 != 0) return;
  earlier_[object ? 0 : 1] = answer;
  earlier_target_[object ? 0 : 1] = request.target;
}

// Until the client has had enough.
bool ChaosProxy::drip(const Way& way, const std::string& bytes) {
  for (std::size_t at = 0; at < bytes.size() && !connections_.ending(); at += kDripBytes) {
    if (!send_all(way.client, std::string_view(bytes).substr(at, kDripBytes))) return false;
    std::this_thread::sleep_for(kDripPause);
  }
  return !connections_.ending();
}

}  // namespace spind::test
