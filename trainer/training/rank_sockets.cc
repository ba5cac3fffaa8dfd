#include "trainer/training/rank_sockets.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/error.h"
#include "core/signals.h"

namespace ftok {
namespace {

constexpr int kKeepIdleSeconds = 5, kKeepIntervalSeconds = 2, kKeepProbes = 5;

Socket make_socket() { return Socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)); }

// Zero once connected.
int error_of(const Socket& socket) {
  int error = 0;
  socklen_t size = sizeof error;
  return getsockopt(socket.fd(), SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

}  // namespace

void Socket::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

bool is_not_ready(int error_number) { return error_number == EAGAIN || error_number == EINTR; }

sockaddr_in resolve_rank_address(const std::string& host, int port) {
  addrinfo hints{}, *found = nullptr;
  hints.ai_family = AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  const int code = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (code != 0) throw Error(fmt::format("cannot resolve {} of rank 0 (MASTER_ADDR): {}", host, gai_strerror(code)));
  sockaddr_in address{};
  std::memcpy(&address, found->ai_addr, std::min<size_t>(sizeof address, found->ai_addrlen));
  freeaddrinfo(found);
  return address;
}

std::string shown_address(const sockaddr_in& address) {
  char text[INET_ADDRSTRLEN] = "";
  inet_ntop(AF_INET, &address.sin_addr, text, sizeof text);
  return fmt::format("{} port {}", text, ntohs(address.sin_port));
}

Socket listen_on(const sockaddr_in& address) {
  Socket socket = make_socket();
  const int yes = 1;
  setsockopt(socket.fd(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (!socket.open() || bind(socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(socket.fd(), SOMAXCONN) != 0) {
    const int error = errno;
    throw_errno(fmt::format("cannot listen on {} (MASTER_ADDR, MASTER_PORT)", shown_address(address)), error);
  }
  return socket;
}

sockaddr_in own_address(const Socket& socket) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  getsockname(socket.fd(), reinterpret_cast<sockaddr*>(&address), &size);
  return address;
}

bool wait_for_socket(const Socket& socket, short events, RankClock::time_point deadline) {
  for (;;) {
    if (waits_end()) throw Stopped();
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - RankClock::now());
    if (left.count() <= 0) return false;
    pollfd poller{socket.fd(), events, 0};
    const int ready = poll(&poller, 1, static_cast<int>(std::min(left, kStopPollInterval).count()));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) throw_errno("cannot wait for a connection", errno);
  }
}

Socket connect_to(const sockaddr_in& address, RankClock::time_point deadline) {
  Socket socket = make_socket();
  if (!socket.open()) throw_errno("cannot make a socket", errno);
  const int code = connect(socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  if (code == 0) return socket;
  const bool is_under_way = errno == EINPROGRESS || errno == EINTR;
  return is_under_way && wait_for_socket(socket, POLLOUT, deadline) && error_of(socket) == 0 ? std::move(socket)
                                                                                             : Socket();
}

bool send_all(const Socket& socket, const void* data, size_t n, RankClock::time_point deadline) {
  for (size_t sent = 0; sent < n;) {
    if (!wait_for_socket(socket, POLLOUT, deadline)) return false;
    const ssize_t now = send(socket.fd(), static_cast<const char*>(data) + sent, n - sent, MSG_NOSIGNAL);
    if (now < 0 && !is_not_ready(errno)) return false;
    sent += static_cast<size_t>(std::max<ssize_t>(0, now));
  }
  return true;
}

bool receive_all(const Socket& socket, void* data, size_t n, RankClock::time_point deadline) {
  for (size_t received = 0; received < n;) {
    if (!wait_for_socket(socket, POLLIN, deadline)) return false;
    const ssize_t now = recv(socket.fd(), static_cast<char*>(data) + received, n - received, 0);
    if (now == 0 || (now < 0 && !is_not_ready(errno))) return false;
    received += static_cast<size_t>(std::max<ssize_t>(0, now));
  }
  return true;
}

void prepare_connection(const Socket& socket) {
  const int yes = 1, milliseconds = 1000 * (kKeepIdleSeconds + kKeepIntervalSeconds * kKeepProbes);
  setsockopt(socket.fd(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  setsockopt(socket.fd(), SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof yes);
  setsockopt(socket.fd(), IPPROTO_TCP, TCP_KEEPIDLE, &kKeepIdleSeconds, sizeof kKeepIdleSeconds);
  setsockopt(socket.fd(), IPPROTO_TCP, TCP_KEEPINTVL, &kKeepIntervalSeconds, sizeof kKeepIntervalSeconds);
  setsockopt(socket.fd(), IPPROTO_TCP, TCP_KEEPCNT, &kKeepProbes, sizeof kKeepProbes);
  setsockopt(socket.fd(), IPPROTO_TCP, TCP_USER_TIMEOUT, &milliseconds, sizeof milliseconds);
}

}  // namespace ftok
