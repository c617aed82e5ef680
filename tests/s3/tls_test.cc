// What a store asks of a server's certificate, over a server that has one for "localhost"; and how
// its connections are used.
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "base/bytes.h"
#include "blob/s3/http_loop.h"
#include "s3/bucket.h"
#include "support/http/connect_proxy.h"
#include "support/http/free_port.h"
#include "support/http/http_server.h"

namespace spind {
namespace {

void check_refused(const S3Options& options, std::string_view why) {
  const auto refused = open_s3(options);
  REQUIRE(refused.code() == Code::unauthenticated);
  const std::string text = refused.error().to_string();
  CAPTURE(text);
  CHECK(text.find("certificate is refused") != std::string::npos);
  CHECK(text.find(why) != std::string::npos);
}

TEST_CASE("tls: a certificate of the authority that is named is trusted") {
  const test::Prefix prefix;
  REQUIRE(prefix.store()->put("a", as_bytes("hello")).ok());
  CHECK(as_text(prefix.store()->get("a", 10).value()) == "hello");
}

TEST_CASE("tls: another authority, or none, is refused") {
  S3Options options = test::given_bucket();
  options.tls_ca_file = test::from_environment("SPIND_TEST_S3_OTHER_CA");
  check_refused(options, "issuer");
  options.tls_ca_file = "";
  check_refused(options, "issuer");
}

TEST_CASE("tls: a certificate for another name is refused") {
  S3Options options = test::given_bucket();
  const std::string localhost = "localhost";
  options.endpoint.replace(options.endpoint.find(localhost), localhost.size(), "127.0.0.1");
  check_refused(options, "127.0.0.1");
}

// A server whose certificate has expired; it never gets to answer.
class ExpiredServer {
 public:
  ExpiredServer() {
    port_ = test::free_port();
    const std::string key = test::from_environment("SPIND_TEST_S3_EXPIRED_KEY");
    const std::string certificate = test::from_environment("SPIND_TEST_S3_EXPIRED_CRT");
    const std::string port = std::to_string(port_);
    child_ = ::fork();
    if (child_ == 0) {
      ::execlp("openssl", "openssl", "s_server", "-quiet", "-www", "-accept", port.c_str(), "-cert",
               certificate.c_str(), "-key", key.c_str(), static_cast<char*>(nullptr));
      ::_exit(127);
    }
    for (int i = 0; i < 200 && !test::listens(port_); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  ~ExpiredServer() {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
  }
  std::string url() const { return "https://localhost:" + std::to_string(port_); }

 private:
  std::uint16_t port_ = 0;
  pid_t child_ = -1;
};

TEST_CASE("tls: a certificate that has expired is refused") {
  const ExpiredServer server;
  S3Options options = test::given_bucket();
  options.endpoint = server.url();
  check_refused(options, "expired");
}

// Of this process, until it goes. Nobody else may be looking at the environment at both moments.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) {
    ::setenv(name, value.c_str(), 1);
  }
  ~Variable() { ::unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* const name_;
};

void put_and_get() {
  const test::Prefix prefix;
  REQUIRE(prefix.store()->put("a", as_bytes("hello")).ok());
  CHECK(as_text(prefix.store()->get("a", 10).value()) == "hello");
}

TEST_CASE("tls: HTTPS_PROXY is gone through, and NO_PROXY says where not") {
  const test::ConnectProxy proxy;
  const Variable through("HTTPS_PROXY", proxy.url());
  {
    const Variable but_not("NO_PROXY", "example.org,localhost");
    put_and_get();
    CHECK(proxy.asked_for().empty());
  }
  const Variable but_not("NO_PROXY", "example.org");
  put_and_get();
  REQUIRE(!proxy.asked_for().empty());
  for (const std::string& where : proxy.asked_for())
    CHECK("https://" + where == test::given_bucket().endpoint);
}

S3Options by_http2() {
  S3Options options = test::given_bucket();
  options.endpoint = test::from_environment("SPIND_TEST_S3_H2_ENDPOINT");
  options.http2 = true;
  options.part_bytes = 5u << 20;
  return options;
}

TEST_CASE("http2: requests at once share a connection") {
  const test::ConnectProxy proxy;
  const Variable through("HTTPS_PROXY", proxy.url());
  const test::Prefix prefix(by_http2());
  S3BlobStore& store = *prefix.store();
  std::string large((11u << 20) + 7, 'x');
  for (std::size_t i = 0; i < large.size(); i += 997) large[i] = static_cast<char>(i >> 10);
  REQUIRE(store.put("a", as_bytes(large)).ok());
  std::atomic<int> right = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      const auto got = store.get("a", large.size());
      if (got.ok() && as_text(*got) == large) ++right;
      if (store.put("small-" + std::to_string(t), as_bytes("hello")).ok()) ++right;
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(right.load() == 16);
  CHECK(store.list("", "", 100).value().size() == 9);
  // The completion of a put in parts is sent on one of its own, so that nobody repeats it.
  CHECK(proxy.asked_for().size() == 2);
}

TEST_CASE("http2: only who asks for it speaks it") {
  S3Options options = by_http2();
  options.http2 = false;
  const auto refused = open_s3(options);
  REQUIRE(!refused.ok());
  CHECK(refused.error().to_string().find("505") != std::string::npos);
}

TEST_CASE("http: a connection that is old takes no further request") {
  const test::HttpServer server([](const auto&) { return test::HttpReply{.body = "hello"}; });
  const auto loop =
      s3::HttpLoop::start({.connection_age_max = std::chrono::seconds(1)}, Threads::system());
  REQUIRE(loop.ok());
  const s3::HttpRequest request{.method = "GET", .url = server.url() + "/", .body_bytes_max = 10};
  for (const std::size_t connections : {1u, 1u, 2u}) {
    if (connections == 2) std::this_thread::sleep_for(std::chrono::milliseconds(2'100));
    CHECK((*loop)->perform(request).answer.status == 200);
    CHECK(server.connections() == connections);
  }
}

TEST_CASE("tls: the certificate behind a proxy is looked at as any") {
  const test::ConnectProxy proxy;
  const Variable through("HTTPS_PROXY", proxy.url());
  S3Options options = test::given_bucket();
  options.tls_ca_file = test::from_environment("SPIND_TEST_S3_OTHER_CA");
  check_refused(options, "issuer");
  CHECK(!proxy.asked_for().empty());
}

TEST_CASE("bad day: a proxy that refuses, or is not there, is told as such") {
  S3Options options = test::given_bucket();
  options.attempts_max = 2;
  const auto told = [&](const std::string& url) {
    const Variable through("HTTPS_PROXY", url);
    const auto refused = open_s3(options);
    REQUIRE(!refused.ok());
    return std::pair(refused.code(), refused.error().to_string());
  };
  const test::ConnectProxy proxy(true);
  const auto refused = told(proxy.url());
  CAPTURE(refused.second);
  CHECK(refused.first == Code::io_error);
  CHECK(refused.second.find("403") != std::string::npos);
  CHECK(told("http://127.0.0.1:" + std::to_string(test::free_port())).first == Code::unavailable);
}

}  // namespace
}  // namespace spind
