// TCP sockets of ranks: sockets that close themselves, and waits that end on a stop signal and at a deadline.
#pragma once

#include <netinet/in.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace ftok {

using RankClock = std::chrono::steady_clock;

// A file descriptor that closes itself.
class Socket {
 public:
  explicit Socket(int fd = -1) : fd_(fd) {}
  ~Socket() { close(); }
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  int fd() const { return fd_; }
  bool open() const { return fd_ >= 0; }
  void close();

 private:
  int fd_;
};

// The IPv4 address of a host. Throws Error naming it.
sockaddr_in resolve_rank_address(const std::string& host, int port);
// "127.0.0.1 port 29500".
std::string shown_address(const sockaddr_in& address);

// Listens on this address alone; port 0: on any. Throws Error naming it.
Socket listen_on(const sockaddr_in& address);
sockaddr_in own_address(const Socket& socket);

// All of the following return false, or a socket that is not open, at the deadline, and throw Stopped when waits are to
// end (core/signals.h) before that. Sockets do not block.

// Not open where nobody listens.
Socket connect_to(const sockaddr_in& address, RankClock::time_point deadline);
// Until the socket is ready for `events` (poll's), or has ended.
bool wait_for_socket(const Socket& socket, short events, RankClock::time_point deadline);
// Exactly n bytes; false also where the other side closed the connection.
bool send_all(const Socket& socket, const void* data, size_t n, RankClock::time_point deadline);
bool receive_all(const Socket& socket, void* data, size_t n, RankClock::time_point deadline);

// For a connection that lasts: small messages go at once, and a machine that is gone is noticed within about
// 15 seconds.
void prepare_connection(const Socket& socket);

// Whether a failed call on a socket that does not block is to be made again later.
bool is_not_ready(int error_number);

}  // namespace ftok
