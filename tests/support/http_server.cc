#include "tests/support/http_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string_view>
#include <thread>

namespace ftok::testing {
namespace {

std::string trimmed_lower(std::string text, bool lower) {
  while (!text.empty() && (text.back() == '\r' || text.back() == ' ')) text.pop_back();
  while (!text.empty() && text.front() == ' ') text.erase(0, 1);
  if (lower) std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

// Reads one request head; false when the client went away.
bool read_request(int fd, RecordedRequest& request) {
  std::string head;
  char c = 0;
  while (!head.ends_with("\r\n\r\n") && head.size() < 65536) {
    if (::recv(fd, &c, 1, 0) != 1) return false;
    head.push_back(c);
  }
  size_t at = head.find("\r\n");
  const std::string first = head.substr(0, at);
  request.method = first.substr(0, first.find(' '));
  request.path = first.substr(request.method.size() + 1);
  request.path = request.path.substr(0, request.path.find(' '));
  while (at + 2 < head.size()) {
    const size_t next = head.find("\r\n", at + 2);
    const std::string line = head.substr(at + 2, next - at - 2);
    at = next;
    const size_t colon = line.find(':');
    if (colon != std::string::npos) {
      request.headers[trimmed_lower(line.substr(0, colon), true)] = trimmed_lower(line.substr(colon + 1), false);
    }
  }
  return true;
}

bool send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

uint64_t range_start(const RecordedRequest& request) {
  const std::string range = request.header("range");
  uint64_t start = 0;
  if (range.starts_with("bytes=")) std::from_chars(range.data() + 6, range.data() + range.size(), start);
  return start;
}

std::string chunk(std::string_view bytes) {
  char size[32];
  std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
  return size + std::string(bytes) + "\r\n";
}

// Answers `request` as `how` says.
void answer(int fd, const RecordedRequest& request, const Behaviour& how) {
  int status = how.status;
  uint64_t start = 0;
  std::string_view body = how.body;
  std::string head;
  const std::string if_match = request.header("if-match");
  const std::string if_unmodified = request.header("if-unmodified-since");
  if (status == 200) {
    if (!if_match.empty() && if_match != how.etag) status = 412;
    if (if_match.empty() && !if_unmodified.empty() && if_unmodified != how.last_modified) status = 412;
    if (status == 412) body = "";
    if (status == 200 && how.ranges && !request.header("range").empty()) {
      start = range_start(request);
      const std::string total = std::to_string(how.body.size());
      if (start >= how.body.size()) {
        status = 416;
        body = "";
        head += "Content-Range: bytes */" + total + "\r\n";
      } else {
        status = 206;
        body.remove_prefix(start);
        head += "Content-Range: bytes " + std::to_string(start) + "-" + std::to_string(how.body.size() - 1) + "/" +
                total + "\r\n";
      }
    }
  }
  if (!how.etag.empty()) head += "ETag: " + how.etag + "\r\n";
  if (!how.last_modified.empty()) head += "Last-Modified: " + how.last_modified + "\r\n";
  for (const auto& [name, value] : how.headers) head += name + ": " + value + "\r\n";
  head += how.chunked ? std::string("Transfer-Encoding: chunked\r\n")
                      : "Content-Length: " + std::to_string(how.content_length.value_or(body.size())) + "\r\n";
  if (!send_all(fd, "HTTP/1.1 " + std::to_string(status) + " Status\r\n" + head + "Connection: close\r\n\r\n")) return;
  const bool cut = how.cut_at.has_value() && (status == 200 || status == 206);
  if (cut) body = body.substr(0, *how.cut_at > start ? *how.cut_at - start : 0);
  if (how.chunked) {
    while (!body.empty()) {
      const std::string_view part = body.substr(0, 10000);
      if (!send_all(fd, chunk(part))) return;
      body.remove_prefix(part.size());
    }
    if (!cut) send_all(fd, "0\r\n\r\n");
  } else {
    send_all(fd, body);
  }
  if (how.hang) {
    char c = 0;
    while (::recv(fd, &c, 1, 0) > 0) {
    }
  }
}

}  // namespace

struct HttpServer::State {
  int listener = -1;
  int port = 0;
  std::mutex mutex;
  std::map<std::string, std::vector<Behaviour>> script;
  std::map<std::string, size_t> served;
  std::vector<RecordedRequest> requests;
  std::set<int> open;
  bool stopping = false;
  std::thread acceptor;
  std::vector<std::thread> workers;  // the acceptor's, until it has ended

  void accept_all();
  void serve_one(int fd);
};

void HttpServer::State::serve_one(int fd) {
  RecordedRequest request;
  if (read_request(fd, request)) {
    Behaviour how;
    how.status = 404;
    {
      std::lock_guard lock(mutex);
      requests.push_back(request);
      const auto found = script.find(request.path);
      if (found != script.end()) {
        const size_t turn = std::min(served[request.path]++, found->second.size() - 1);
        how = found->second[turn];
      }
    }
    answer(fd, request, how);
  }
  ::shutdown(fd, SHUT_WR);
  // Unread bytes of the client would make close() send a reset, which could outrun the answer.
  char rest[4096];
  while (::recv(fd, rest, sizeof rest, 0) > 0) {
  }
  std::lock_guard lock(mutex);
  ::close(fd);
  open.erase(fd);
}

void HttpServer::State::accept_all() {
  while (true) {
    const int fd = ::accept(listener, nullptr, nullptr);
    std::lock_guard lock(mutex);
    if (fd < 0 || stopping) {
      if (fd >= 0) ::close(fd);
      if (stopping) return;
      continue;
    }
    open.insert(fd);
    workers.emplace_back([this, fd] { serve_one(fd); });
  }
}

HttpServer::HttpServer() : state_(std::make_unique<State>()) {
  ::setenv("no_proxy", "*", 1);
  state_->listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (state_->listener < 0 || ::bind(state_->listener, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::listen(state_->listener, 64) != 0 ||
      ::getsockname(state_->listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("cannot listen on loopback");
  }
  state_->port = ntohs(address.sin_port);
  state_->acceptor = std::thread([state = state_.get()] { state->accept_all(); });
}

HttpServer::~HttpServer() {
  {
    std::lock_guard lock(state_->mutex);
    state_->stopping = true;
    for (const int fd : state_->open) ::shutdown(fd, SHUT_RDWR);
  }
  ::shutdown(state_->listener, SHUT_RDWR);  // wakes accept()
  state_->acceptor.join();
  ::close(state_->listener);
  for (std::thread& worker : state_->workers) worker.join();
}

void HttpServer::serve(const std::string& path, std::vector<Behaviour> behaviours) {
  std::lock_guard lock(state_->mutex);
  state_->script[path] = std::move(behaviours);
  state_->served[path] = 0;
}

std::string HttpServer::host() const { return "127.0.0.1:" + std::to_string(state_->port); }
std::string HttpServer::base_url() const { return "http://" + host(); }

std::vector<RecordedRequest> HttpServer::requests() const {
  std::lock_guard lock(state_->mutex);
  return state_->requests;
}

std::vector<RecordedRequest> HttpServer::requests(const std::string& path) const {
  std::vector<RecordedRequest> out = requests();
  std::erase_if(out, [&](const RecordedRequest& request) { return request.path != path; });
  return out;
}

}  // namespace ftok::testing
