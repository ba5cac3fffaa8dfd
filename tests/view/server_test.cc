// Whom the server of `ftok view` answers: a real one, on loopback.
#include "view/server.h"

#include <gtest/gtest.h>
#include <httplib.h>

#include <chrono>
#include <optional>
#include <thread>

#include "core/error.h"
#include "tests/view/view_files.h"

namespace ftok {
namespace {

using httplib::Headers;
using testing::ViewFiles;

constexpr char kToken[] = "0123456789abcdef0123456789abcdef";

class ViewServerTest : public ::testing::Test {
 protected:
  explicit ViewServerTest(ViewServerOptions options = {}) {
    options.token = kToken;
    server.emplace(answers, std::move(options));
    thread = std::thread([this] { server->run(); });
    client.emplace("127.0.0.1", server->port());
    while (!client->Get("/")) std::this_thread::yield();  // it listens already; now it answers
    client->set_read_timeout(std::chrono::minutes(5));    // however slow the machine and the build
  }
  ~ViewServerTest() override {
    server->stop();
    thread.join();
  }

  std::string host() const { return "127.0.0.1:" + std::to_string(server->port()); }
  Headers with_token(Headers more = {}) const {
    more.emplace("X-Ftok-Token", kToken);
    return more;
  }
  int get(const std::string& path, const Headers& headers = {}) {
    const auto result = client->Get(path, headers);
    return result ? result->status : -1;
  }
  int post(const std::string& path, const Headers& headers, const std::string& body, const char* type = "text/plain") {
    const auto result = client->Post(path, headers, body, type);
    return result ? result->status : -1;
  }

  ViewFiles files;
  ViewAnswers answers{files.options()};
  std::optional<ViewServer> server;
  std::thread thread;
  std::optional<httplib::Client> client;
};

TEST_F(ViewServerTest, AnswersWhoKnowsTheToken) {
  EXPECT_EQ(get("/"), 403);
  EXPECT_EQ(get("/?token="), 403);
  EXPECT_EQ(get("/?token=0123456789abcdef0123456789abcdee"), 403);
  EXPECT_EQ(get("/?token=0123456789abcdef0123456789abcdef0"), 403);
  EXPECT_EQ(get("/api/overview"), 403);
  EXPECT_EQ(get("/api/overview", {{"X-Ftok-Token", "wrong"}}), 403);
  EXPECT_EQ(get("/api/overview?token=" + std::string(kToken), {{"X-Ftok-Token", "wrong"}}), 403);
  EXPECT_EQ(get("/?token=" + std::string(kToken)), 200);
  EXPECT_EQ(get("/api/overview", with_token()), 200);
  EXPECT_EQ(post("/api/encode?vocab=ftok-4k", with_token(), "a text"), 200);
  EXPECT_EQ(post("/api/encode?vocab=ftok-4k", {}, "a text"), 403);
  EXPECT_NE(server->address().find("127.0.0.1:" + std::to_string(server->port()) + "/?token=" + kToken),
            std::string::npos);
}

// A name that somebody points at this machine, and pages of other hosts.
TEST_F(ViewServerTest, AnswersItsOwnNameAndItsOwnPageAlone) {
  for (const std::string name : {"127.0.0.1", "localhost", "localhost:9999", "LOCALHOST", "[::1]:1"})
    EXPECT_EQ(get("/api/overview", with_token({{"Host", name}})), 200) << name;
  for (const std::string name :
       {"evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil.example", "", "[::2]"})
    EXPECT_EQ(get("/api/overview", with_token({{"Host", name}})), 403) << name;
  EXPECT_EQ(get("/api/overview", with_token({{"Host", "localhost"}, {"Host", "evil.example"}})), 403);
  EXPECT_EQ(get("/api/overview", with_token({{"Origin", "http://" + host()}})), 200);
  for (const std::string& origin :
       std::vector<std::string>{"http://evil.example", "null", "http://127.0.0.1:1", "file://",
                                "http://" + host() + ".evil.example", "ftp://" + host()})
    EXPECT_EQ(get("/api/overview", with_token({{"Origin", origin}})), 403) << origin;
}

TEST_F(ViewServerTest, NoAddressLeadsToAFile) {
  for (const std::string path : {"/secret", "/../secret", "/..%2fsecret", "/%2e%2e/secret", "//etc/passwd",
                                 "/api/../../secret", "/api/encode%00", "/api/documents?folder=1&kind=%2e%2e/secret"}) {
    const auto result = client->Get(path, with_token());
    ASSERT_TRUE(result) << path;
    EXPECT_GE(result->status, 400) << path;
    EXPECT_EQ(result->body.find("root:"), std::string::npos) << path;
    EXPECT_EQ(result->body.find("secret\n"), std::string::npos) << path;
  }
}

TEST_F(ViewServerTest, RefusesWhatIsNoPlainTextOfABoundedLength) {
  EXPECT_EQ(post("/api/encode?vocab=ftok-4k", with_token(), std::string(kViewTextBytesMax, 'a')), 200);
  const int status = post("/api/encode?vocab=ftok-4k", with_token(), std::string(kViewTextBytesMax + 1, 'a'));
  EXPECT_TRUE(status == 413 || status == -1) << status;  // it may hang up before all of it is sent
  EXPECT_EQ(post("/api/encode?vocab=ftok-4k", with_token({{"Content-Encoding", "gzip"}}), "x"), 415);
  EXPECT_EQ(post("/api/encode?vocab=ftok-4k", with_token(), "--x--", "multipart/form-data; boundary=x"), 415);
  const auto chunked = client->Post(
      "/api/encode?vocab=ftok-4k", with_token(),
      [](size_t, httplib::DataSink& sink) { return sink.write("a", 1), sink.done(), true; }, "text/plain");
  EXPECT_TRUE(!chunked || chunked->status == 415);
  EXPECT_EQ(client->Put("/api/encode?vocab=ftok-4k", with_token(), "x", "text/plain")->status, 405);
  EXPECT_EQ(client->Delete("/api/encode", with_token())->status, 405);
  EXPECT_EQ(get("/" + std::string(10'000, 'a'), with_token()) / 100, 4);
  EXPECT_EQ(get("/api/overview", with_token()), 200);  // it is still there
}

TEST_F(ViewServerTest, ThePageMayLoadNothing) {
  const auto page = client->Get("/?token=" + std::string(kToken));
  const std::string policy = page->get_header_value("Content-Security-Policy");
  for (const std::string part :
       {"default-src 'none'", "connect-src 'self'", "frame-ancestors 'none'", "form-action 'none'", "base-uri 'none'"})
    EXPECT_NE(policy.find(part), std::string::npos) << part;
  EXPECT_EQ(policy.find("unsafe"), std::string::npos);
  EXPECT_EQ(policy.find("http"), std::string::npos);
  const size_t at = policy.find("'nonce-") + 7;
  const std::string nonce = policy.substr(at, policy.find('\'', at) - at);
  EXPECT_EQ(nonce.size(), 32U);
  EXPECT_NE(page->body.find("<script nonce=\"" + nonce + "\">"), std::string::npos);
  EXPECT_EQ(page->body.find(kToken), std::string::npos);
  EXPECT_EQ(page->get_header_value("X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(page->get_header_value("Cache-Control"), "no-store");
  EXPECT_EQ(page->get_header_value("Referrer-Policy"), "no-referrer");
  EXPECT_FALSE(page->has_header("Access-Control-Allow-Origin"));
  const auto again = client->Get("/?token=" + std::string(kToken));
  EXPECT_NE(again->get_header_value("Content-Security-Policy"), policy);  // a nonce once
}

ViewServerOptions behind_a_proxy() {
  ViewServerOptions options;
  options.allow_hosts = {"Hub.Example"};
  options.base_path = "/user/me/proxy/8421/";
  return options;
}

class BehindAProxy : public ViewServerTest {
 protected:
  BehindAProxy() : ViewServerTest(behind_a_proxy()) {}
};

TEST_F(BehindAProxy, ItsNameAndPathAreTaken) {
  EXPECT_EQ(get("/user/me/proxy/8421/?token=" + std::string(kToken), {{"Host", "hub.example"}}), 200);
  EXPECT_EQ(get("/?token=" + std::string(kToken), {{"Host", "hub.example"}}), 200);  // some take their path off
  EXPECT_EQ(
      get("/user/me/proxy/8421/api/overview", with_token({{"Host", "hub.example"}, {"Origin", "https://hub.example"}})),
      200);
  EXPECT_EQ(get("/api/overview", with_token({{"Origin", "https://hub.example"}})), 200);  // some put another Host in
  EXPECT_EQ(get("/api/overview", with_token({{"Host", "other.example"}})), 403);
  EXPECT_EQ(get("/api/overview", with_token({{"Origin", "https://other.example"}})), 403);
  EXPECT_EQ(get("/user/me/proxy/84210/api/overview", with_token()), 404);
  EXPECT_NE(server->address().find("/user/me/proxy/8421/?token="), std::string::npos);
}

TEST(ViewServer, TakesItsPortAloneAndAFreeOneWhereNoneIsAskedFor) {
  const ViewFiles files;
  const ViewAnswers answers(files.options());
  ViewServer first(answers, {});
  ViewServer second(answers, {});
  EXPECT_NE(first.port(), second.port());
  EXPECT_NE(first.address(), second.address());
  ViewServerOptions options;
  options.port = first.port();
  EXPECT_THROW(ViewServer(answers, options), Error);
  options = {};
  options.base_path = "user";
  EXPECT_THROW(ViewServer(answers, options), UsageError);
}

TEST(SameInConstantTime, ComparesAllOfBoth) {
  EXPECT_TRUE(same_in_constant_time("", ""));
  EXPECT_TRUE(same_in_constant_time("abc", "abc"));
  EXPECT_FALSE(same_in_constant_time("abc", "abd"));
  EXPECT_FALSE(same_in_constant_time("abc", "ab"));
}

}  // namespace
}  // namespace ftok
