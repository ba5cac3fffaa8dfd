// Ranks over TCP: each pair has one connection. Rank 0 listens where all find it; the others tell it where they listen,
// it tells all of them, and each connects to the ranks below its own.
//
// In a reduction every rank sends each owner its part of the owner's slice and receives the parts of its own; pair by
// pair, both directions at once (poll), so that full buffers on both sides cannot block each other.
#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>
#include <vector>

#include "core/error.h"
#include "trainer/communicator.h"

namespace ftok {
namespace {

using Clock = std::chrono::steady_clock;

constexpr uint32_t kHello = 0x4B544631;           // "1FTK": both sides speak this version
constexpr int kSilenceMillisecondsMax = 600'000;  // a rank may be this long in validation or in writing a checkpoint

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
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
};

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

Address resolve(const std::string& host, int port) {
  addrinfo hints{}, *found = nullptr;
  hints.ai_family = AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  const int code = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (code != 0) throw Error(fmt::format("cannot resolve {} of rank 0: {}", host, gai_strerror(code)));
  Address address;
  std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
  address.size = found->ai_addrlen;
  freeaddrinfo(found);
  return address;
}

// Listens on `port` of all interfaces, 0: any.
Socket listen_on(int port, int backlog) {
  Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int yes = 1;
  setsockopt(socket.fd(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_ANY);
  address.sin_port = htons(static_cast<uint16_t>(port));
  if (!socket.open() || bind(socket.fd(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      listen(socket.fd(), backlog) != 0) {
    throw_errno(fmt::format("cannot listen on port {} (MASTER_PORT)", port), errno);
  }
  return socket;
}

uint16_t port_of(const Socket& socket) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  getsockname(socket.fd(), reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

// Waits until `socket` is ready for `events`; false when `deadline` has passed.
bool wait_for(const Socket& socket, short events, Clock::time_point deadline) {
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd poller{socket.fd(), events, 0};
    const int ready = poll(&poller, 1, static_cast<int>(std::clamp<int64_t>(left, 0, 1000)));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
    if (left <= 0) return false;
  }
}

// Tries again until the deadline: rank 0 may not listen yet. Not open when it never did.
Socket connect_to(const Address& address, Clock::time_point deadline) {
  for (;;) {
    Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (connect(socket.fd(), reinterpret_cast<const sockaddr*>(&address.storage), address.size) == 0) return socket;
    if (Clock::now() >= deadline) return Socket();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

class SocketCommunicator final : public Communicator {
 public:
  SocketCommunicator(const RankInfo& info, double seconds)
      : info_(info),
        deadline_(Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds))) {
    peers_.resize(static_cast<size_t>(info.size));
    info.rank == 0 ? gather_ranks() : join();
    for (Socket& peer : peers_) {
      if (!peer.open()) continue;
      const int yes = 1;
      setsockopt(peer.fd(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
      fcntl(peer.fd(), F_SETFL, fcntl(peer.fd(), F_GETFL) | O_NONBLOCK);
    }
  }

  int rank() const override { return info_.rank; }
  int size() const override { return info_.size; }

  void reduce_scatter(std::span<float> values) override {
    const int64_t n = static_cast<int64_t>(values.size());
    const Slice own = slice(n, rank());
    std::vector<std::vector<float>> parts(static_cast<size_t>(size()));
    for (int distance = 1; distance < size(); ++distance) {
      const int to = (rank() + distance) % size(), from = (rank() + size() - distance) % size();
      const Slice theirs = slice(n, to);
      std::vector<float>& part = parts[static_cast<size_t>(from)];
      part.resize(static_cast<size_t>(own.size()));
      exchange(to, values.data() + theirs.begin, theirs.size() * 4, from, part.data(), own.size() * 4);
    }
    parts[static_cast<size_t>(rank())].assign(values.begin() + own.begin, values.begin() + own.end);
    std::copy(parts[0].begin(), parts[0].end(), values.begin() + own.begin);
    for (size_t from = 1; from < parts.size(); ++from) {
      for (int64_t i = 0; i < own.size(); ++i)
        values[static_cast<size_t>(own.begin + i)] += parts[from][static_cast<size_t>(i)];
    }
  }

  void all_gather(std::span<float> values) override {
    const int64_t n = static_cast<int64_t>(values.size());
    const Slice own = slice(n, rank());
    for (int distance = 1; distance < size(); ++distance) {
      const int to = (rank() + distance) % size(), from = (rank() + size() - distance) % size();
      const Slice theirs = slice(n, from);
      exchange(to, values.data() + own.begin, own.size() * 4, from, values.data() + theirs.begin, theirs.size() * 4);
    }
  }

  void gather(std::span<const float> own, int64_t n, std::span<float> all) override {
    if (rank() != 0) return exchange(0, own.data(), static_cast<int64_t>(own.size_bytes()), 0, nullptr, 0);
    std::copy(own.begin(), own.end(), all.begin());
    for (int from = 1; from < size(); ++from) {
      const Slice theirs = slice(n, from);
      exchange(from, nullptr, 0, from, all.data() + theirs.begin, theirs.size() * 4);
    }
  }

  void all_reduce(std::span<double> values) override {
    std::vector<std::vector<double>> parts(static_cast<size_t>(size()), std::vector<double>(values.size()));
    const int64_t bytes = static_cast<int64_t>(values.size_bytes());
    for (int distance = 1; distance < size(); ++distance) {
      const int to = (rank() + distance) % size(), from = (rank() + size() - distance) % size();
      exchange(to, values.data(), bytes, from, parts[static_cast<size_t>(from)].data(), bytes);
    }
    parts[static_cast<size_t>(rank())].assign(values.begin(), values.end());
    for (size_t i = 0; i < values.size(); ++i) {
      values[i] = 0;
      for (const std::vector<double>& part : parts) values[i] += part[i];
    }
  }

  void broadcast(std::span<std::byte> bytes) override {
    const int64_t n = static_cast<int64_t>(bytes.size());
    if (rank() != 0) return exchange(0, nullptr, 0, 0, bytes.data(), n);
    for (int to = 1; to < size(); ++to) exchange(to, bytes.data(), n, to, nullptr, 0);
  }

 private:
  struct Introduction {
    uint32_t hello = kHello;
    int32_t rank = 0, size = 0;
    uint32_t address = 0;  // network order
    uint16_t port = 0;     // where the rank listens
  };

  [[noreturn]] void fail(const std::string& what) const {
    throw Error(fmt::format("rank {} of {}: {} ({}:{})", info_.rank, info_.size, what, info_.address, info_.port));
  }

  void send_all(const Socket& socket, const void* data, size_t n) const {
    for (size_t sent = 0; sent < n;) {
      const ssize_t now = send(socket.fd(), static_cast<const char*>(data) + sent, n - sent, MSG_NOSIGNAL);
      if (now <= 0) fail("a rank exited while the ranks were connecting");
      sent += static_cast<size_t>(now);
    }
  }
  void receive_all(const Socket& socket, void* data, size_t n) const {
    for (size_t received = 0; received < n;) {
      if (!wait_for(socket, POLLIN, deadline_)) fail("a rank did not answer while the ranks were connecting");
      const ssize_t now = recv(socket.fd(), static_cast<char*>(data) + received, n - received, 0);
      if (now <= 0) fail("a rank exited while the ranks were connecting");
      received += static_cast<size_t>(now);
    }
  }

  void check(const Introduction& other) const {
    if (other.hello != kHello) fail("something other than ftok connected");
    if (other.size != info_.size || other.rank < 0 || other.rank >= info_.size ||
        peers_[static_cast<size_t>(other.rank)].open()) {
      fail(fmt::format("a process connected as rank {} of {}", other.rank, other.size));
    }
  }

  // Accepts a connection and reads who it is.
  Introduction accept_rank(const Socket& listener) {
    if (!wait_for(listener, POLLIN, deadline_)) fail("not all ranks connected");
    sockaddr_in address{};
    socklen_t size = sizeof address;
    Socket socket(accept4(listener.fd(), reinterpret_cast<sockaddr*>(&address), &size, SOCK_CLOEXEC));
    if (!socket.open()) fail("cannot accept a connection");
    Introduction other;
    receive_all(socket, &other, sizeof other);
    check(other);
    other.address = address.sin_addr.s_addr;
    peers_[static_cast<size_t>(other.rank)] = std::move(socket);
    return other;
  }

  void gather_ranks() {
    const Socket listener = listen_on(info_.port, info_.size);
    std::vector<Introduction> all(static_cast<size_t>(info_.size));
    for (int i = 1; i < info_.size; ++i) {
      const Introduction other = accept_rank(listener);
      all[static_cast<size_t>(other.rank)] = other;
    }
    for (int i = 1; i < info_.size; ++i)
      send_all(peers_[static_cast<size_t>(i)], all.data(), all.size() * sizeof all[0]);
  }

  void join() {
    const Socket listener = listen_on(0, info_.size);
    Socket& first = peers_[0];
    first = connect_to(resolve(info_.address, info_.port), deadline_);
    if (!first.open()) fail("rank 0 is not listening");
    Introduction self;
    self.rank = info_.rank, self.size = info_.size, self.port = port_of(listener);
    send_all(first, &self, sizeof self);
    std::vector<Introduction> all(static_cast<size_t>(info_.size));
    receive_all(first, all.data(), all.size() * sizeof all[0]);
    for (int i = 1; i < info_.rank; ++i) {
      Address address;
      sockaddr_in* const in = reinterpret_cast<sockaddr_in*>(&address.storage);
      in->sin_family = AF_INET;
      in->sin_addr.s_addr = all[static_cast<size_t>(i)].address;
      in->sin_port = htons(all[static_cast<size_t>(i)].port);
      address.size = sizeof(sockaddr_in);
      peers_[static_cast<size_t>(i)] = connect_to(address, deadline_);
      if (!peers_[static_cast<size_t>(i)].open()) fail(fmt::format("cannot reach rank {}", i));
      send_all(peers_[static_cast<size_t>(i)], &self, sizeof self);
    }
    for (int i = info_.rank + 1; i < info_.size; ++i) accept_rank(listener);
  }

  // Sends `out_bytes` to one rank and receives `in_bytes` from another, whichever is ready.
  void exchange(int to, const void* out, int64_t out_bytes, int from, void* in, int64_t in_bytes) {
    int64_t sent = 0, received = 0;
    while (sent < out_bytes || received < in_bytes) {
      pollfd pollers[2] = {{sent < out_bytes ? peers_[static_cast<size_t>(to)].fd() : -1, POLLOUT, 0},
                           {received < in_bytes ? peers_[static_cast<size_t>(from)].fd() : -1, POLLIN, 0}};
      const int ready = poll(pollers, 2, kSilenceMillisecondsMax);
      if (ready < 0 && errno == EINTR) continue;
      if (ready <= 0) fail(fmt::format("rank {} does not answer", from));
      if (pollers[0].revents != 0) {
        const ssize_t now = send(pollers[0].fd, static_cast<const char*>(out) + sent,
                                 static_cast<size_t>(out_bytes - sent), MSG_NOSIGNAL);
        if (now < 0 && errno != EAGAIN && errno != EINTR) fail(fmt::format("the connection to rank {} was closed", to));
        sent += std::max<ssize_t>(0, now);
      }
      if (pollers[1].revents != 0) {
        const ssize_t now =
            recv(pollers[1].fd, static_cast<char*>(in) + received, static_cast<size_t>(in_bytes - received), 0);
        if (now == 0 || (now < 0 && errno != EAGAIN && errno != EINTR))
          fail(fmt::format("the connection to rank {} was closed", from));
        received += std::max<ssize_t>(0, now);
      }
    }
  }

  RankInfo info_;
  Clock::time_point deadline_;
  std::vector<Socket> peers_;  // by rank; the own is not open
};

}  // namespace

std::unique_ptr<Communicator> connect_ranks(const RankInfo& info, double seconds) {
  if (info.size == 1) return make_single_communicator();
  return std::make_unique<SocketCommunicator>(info, seconds);
}

}  // namespace ftok
