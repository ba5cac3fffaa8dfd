#include "view/server.h"

#include <fmt/format.h>
#include <httplib.h>
#include <netinet/in.h>
#include <sys/random.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

#include "core/error.h"
#include "core/hex.h"
#include "core/json.h"
#include "view/page.h"

namespace ftok {
namespace {

constexpr size_t kThreads = 8;
constexpr time_t kReadSeconds = 10;
constexpr int kTokenBytes = 16;

std::string random_hex(size_t bytes) {
  std::string random(bytes, '\0');
  for (size_t at = 0; at < bytes;) {
    const ssize_t got = ::getrandom(random.data() + at, bytes - at, 0);
    if (got > 0) at += static_cast<size_t>(got);
  }
  return to_hex(random);
}

// "HOST:PORT" without the port.
std::string host_of(const std::string& authority) {
  if (authority.starts_with('[')) return authority.substr(0, authority.find(']') + 1);
  return authority.substr(0, authority.find(':'));
}

std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

void refuse(httplib::Response& response, int status, const char* why) {
  response.status = status;
  response.set_content(JsonWriter().begin_object().field("error", why).end_object().text(), "application/json");
}

// Without SO_REUSEPORT, which would let another process listen beside this one.
void set_socket_options(socket_t socket) {
  const int yes = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
}

}  // namespace

bool same_in_constant_time(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned char difference = 0;
  for (size_t i = 0; i < a.size(); ++i)
    difference =
        static_cast<unsigned char>(difference | (static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i])));
  return difference == 0;
}

struct ViewServer::State {
  const ViewAnswers& answers;
  ViewServerOptions options;
  httplib::Server server;
  int port = 0;
  std::vector<std::string> hosts;  // that requests may name
  std::atomic<bool> has_ended{false};

  State(const ViewAnswers& a, ViewServerOptions o) : answers(a), options(std::move(o)) {}

  void listen() {
    const auto shown = [&](int wanted) { return fmt::format("--host {} --port {}", options.host, wanted); };
    if (options.port > 0) {
      if (!server.bind_to_port(options.host, options.port)) throw Error("cannot listen on " + shown(options.port));
      port = options.port;
    } else if (server.bind_to_port(options.host, kViewPort)) {
      port = kViewPort;
    } else {
      port = server.bind_to_any_port(options.host);
      if (port <= 0) throw Error("cannot listen on " + shown(kViewPort));
    }
  }

  bool is_allowed(const std::string& host) const {
    return std::find(hosts.begin(), hosts.end(), lower(host)) != hosts.end();
  }

  bool is_own_origin(const std::string& origin, const std::string& host) const {
    const size_t at = origin.find("://");
    if (at == std::string::npos || (origin.substr(0, at) != "http" && origin.substr(0, at) != "https")) return false;
    const std::string authority = lower(origin.substr(at + 3));
    if (authority == lower(host)) return true;
    const std::string name = host_of(authority);  // a proxy may have put its own Host in
    return std::find(options.allow_hosts.begin(), options.allow_hosts.end(), name) != options.allow_hosts.end();
  }

  // Fills `response` and says so where the request is none that is answered.
  bool is_refused(const httplib::Request& request, httplib::Response& response) const {
    if (request.get_header_value_count("Host") != 1 || !is_allowed(host_of(request.get_header_value("Host")))) {
      refuse(response, 403, "this name is not served here; ftok view --allow-host NAME allows it");
    } else if (request.has_header("Origin") &&
               !is_own_origin(request.get_header_value("Origin"), request.get_header_value("Host"))) {
      refuse(response, 403, "requests of other pages are not answered");
    } else if (request.method != "GET" && request.method != "POST") {
      refuse(response, 405, "only GET and POST");
    } else if (request.has_header("Transfer-Encoding") || request.has_header("Content-Encoding") ||
               request.is_multipart_form_data()) {
      refuse(response, 415, "only a plain body with a Content-Length");
    } else if (!same_in_constant_time(request.has_header("X-Ftok-Token") ? request.get_header_value("X-Ftok-Token")
                                                                         : request.get_param_value("token"),
                                      options.token)) {
      refuse(response, 403, "the address has to have the token that ftok view printed");
    } else {
      return false;
    }
    response.set_header("Connection", "close");  // a body may follow that nobody reads
    return true;
  }

  void answer(const httplib::Request& request, httplib::Response& response) const {
    std::string path = request.path;
    const std::string& base = options.base_path;
    if (!base.empty() && (path == base || path.starts_with(base + "/"))) path.erase(0, base.size());
    if (path.starts_with('/')) path.erase(0, 1);
    if (path.empty()) return page(response);
    ViewRequest asked;
    asked.path = path;
    for (const auto& [name, value] : request.params) asked.parameters.emplace(name, value);
    asked.body = request.body;
    ViewAnswer given = answers.answer(asked);
    response.status = given.status;
    response.set_content(std::move(given.body), given.type);
  }

  static void page(httplib::Response& response) {
    const std::string nonce = random_hex(kTokenBytes);
    response.set_header("Content-Security-Policy",
                        fmt::format("default-src 'none'; script-src 'nonce-{0}'; style-src 'nonce-{0}'; img-src data:; "
                                    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
                                    nonce));
    response.set_content(view_page(nonce, ""), "text/html; charset=utf-8");
  }

  void set_up() {
    server.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };  // the library takes ownership
    server.set_payload_max_length(kViewTextBytesMax);
    server.set_read_timeout(kReadSeconds);
    server.set_write_timeout(kReadSeconds);
    server.set_keep_alive_max_count(100000);  // a page asks at every key
    server.set_tcp_nodelay(true);
    server.set_socket_options(set_socket_options);
    server.set_default_headers({{"X-Content-Type-Options", "nosniff"},
                                {"Referrer-Policy", "no-referrer"},
                                {"Cross-Origin-Resource-Policy", "same-origin"},
                                {"Cross-Origin-Opener-Policy", "same-origin"},
                                {"X-Frame-Options", "DENY"},
                                {"Cache-Control", "no-store"}});
    server.set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      using Outcome = httplib::Server::HandlerResponse;
      return is_refused(request, response) ? Outcome::Handled : Outcome::Unhandled;
    });
    const auto handler = [this](const httplib::Request& request, httplib::Response& response) {
      answer(request, response);
    };
    server.Get(".*", handler);
    server.Post(".*", handler);
    server.set_exception_handler([](const httplib::Request&, httplib::Response& response, std::exception_ptr) {
      refuse(response, 500, "it failed");
    });
  }
};

ViewServer::ViewServer(const ViewAnswers& answers, ViewServerOptions options)
    : state_(std::make_unique<State>(answers, std::move(options))) {
  ViewServerOptions& o = state_->options;
  if (o.token.empty()) o.token = random_hex(kTokenBytes);
  if (!o.base_path.empty() && !o.base_path.starts_with('/'))
    throw UsageError(fmt::format("--base-path: got '{}', expected a path that begins with /", o.base_path));
  while (o.base_path.ends_with('/')) o.base_path.pop_back();
  for (std::string& host : o.allow_hosts) host = lower(host);
  state_->hosts = {"127.0.0.1", "localhost", "[::1]", lower(o.host)};
  state_->hosts.insert(state_->hosts.end(), o.allow_hosts.begin(), o.allow_hosts.end());
  state_->set_up();
  state_->listen();
}

ViewServer::~ViewServer() = default;

int ViewServer::port() const { return state_->port; }

std::string ViewServer::address() const {
  const ViewServerOptions& o = state_->options;
  return fmt::format("http://{}:{}{}/?token={}", o.host == "0.0.0.0" ? "127.0.0.1" : o.host, state_->port, o.base_path,
                     o.token);
}

void ViewServer::run() {
  state_->server.listen_after_bind();
  state_->has_ended = true;
}

void ViewServer::stop() {
  while (!state_->server.is_running() && !state_->has_ended) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  if (state_->server.is_running()) state_->server.stop();
}

}  // namespace ftok
