#include "trainer/training/rank_meeting.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <list>
#include <memory>
#include <optional>
#include <utility>

#include "core/error.h"
#include "core/file.h"
#include "core/hex.h"
#include "core/signals.h"

namespace ftok {
namespace {

constexpr size_t kTokenBytes = 32;
constexpr size_t kTokenFileBytesMax = 4096;
constexpr size_t kUndecidedMax = 256;  // connections at a time that have not yet said who they are
constexpr std::chrono::milliseconds kRetryPause{100};

RankClock::time_point after(double seconds) {
  return RankClock::now() + std::chrono::duration_cast<RankClock::duration>(std::chrono::duration<double>(seconds));
}

// A new token in a file that only its owner can read; gone with this object.
class TokenFile {
 public:
  explicit TokenFile(const std::string& folder) : token_(to_hex(random_bytes(kTokenBytes))) {
    make_folder(folder);
    const std::string path = folder + "/" + kRanksTokenName;
    std::string temporary;
    const int fd = create_temporary_file(path, temporary);
    const bool is_written = ::fchmod(fd, S_IRUSR | S_IWUSR) == 0 &&
                            ::write(fd, token_.data(), token_.size()) == static_cast<ssize_t>(token_.size()) &&
                            ::fsync(fd) == 0 && std::rename(temporary.c_str(), path.c_str()) == 0;
    const int error = errno;
    ::close(fd);
    if (!is_written) {
      ::unlink(temporary.c_str());
      throw_errno("cannot write " + path, error);
    }
    path_ = path;
  }
  ~TokenFile() { ::unlink(path_.c_str()); }
  TokenFile(const TokenFile&) = delete;
  TokenFile& operator=(const TokenFile&) = delete;
  const std::string& token() const { return token_; }

 private:
  std::string token_, path_;
};

// A rank that has proven to be one.
struct Guest {
  Introduction introduction;
  sockaddr_in address{};  // that it connected from
  Socket socket;
};

// Accepts connections until they are ranks.
class Reception {
 public:
  Reception(Socket listener, std::string token, double answer_seconds)
      : listener_(std::move(listener)), token_(std::move(token)), answer_seconds_(answer_seconds) {}

  // Where it listens.
  std::string place() const { return shown_address(own_address(listener_)); }

  // The next rank; none at the deadline. Calls `look` whenever it has looked at its connections.
  template <typename Look>
  std::optional<Guest> next(RankClock::time_point deadline, const Look& look) {
    while (RankClock::now() < deadline) {
      if (waits_end()) throw Stopped();
      look();
      std::vector<pollfd> pollers = {{listener_.fd(), POLLIN, 0}};
      for (const Visitor& visitor : visitors_) pollers.push_back({visitor.socket.fd(), POLLIN, 0});
      const int ready = poll(pollers.data(), pollers.size(), static_cast<int>(kStopPollInterval.count()));
      if (ready < 0 && errno != EINTR) throw_errno("cannot wait for connections", errno);
      if (ready < 0) continue;
      size_t i = 1;
      for (auto visitor = visitors_.begin(); visitor != visitors_.end(); ++i) {
        const Trust trust = pollers[i].revents != 0 ? read(*visitor) : Trust::kUndecided;
        if (trust == Trust::kTrusted) return welcome(visitor);
        const bool goes = trust == Trust::kStranger || RankClock::now() >= visitor->deadline;
        visitor = goes ? visitors_.erase(visitor) : std::next(visitor);
      }
      if (pollers[0].revents != 0) accept_visitor();
    }
    return std::nullopt;
  }

 private:
  // Who has connected and not yet said who it is.
  struct Visitor {
    Socket socket;
    sockaddr_in address;
    RankClock::time_point deadline;
    RankAcceptor acceptor;
  };

  void accept_visitor() {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    Socket socket(accept4(listener_.fd(), reinterpret_cast<sockaddr*>(&address), &size, SOCK_CLOEXEC | SOCK_NONBLOCK));
    const bool is_out_of_descriptors = !socket.open() && (errno == EMFILE || errno == ENFILE);
    if (!visitors_.empty() && (is_out_of_descriptors || visitors_.size() >= kUndecidedMax)) visitors_.pop_front();
    if (is_out_of_descriptors) wait_for(kRetryPause);
    if (!socket.open()) return;
    RankAcceptor acceptor(token_, random_bytes(kNonceBytes));
    const std::string greeting = acceptor.greeting();  // fits into any socket's buffer
    if (send(socket.fd(), greeting.data(), greeting.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(greeting.size()))
      return;
    visitors_.push_back({std::move(socket), address, after(answer_seconds_), std::move(acceptor)});
  }

  static Trust read(Visitor& visitor) {
    char bytes[kIntroductionBytes + 1];
    const ssize_t got = recv(visitor.socket.fd(), bytes, sizeof bytes, 0);
    if (got < 0 && is_not_ready(errno)) return Trust::kUndecided;
    if (got <= 0) return Trust::kStranger;
    return visitor.acceptor.take({bytes, static_cast<size_t>(got)});
  }

  // None where it has gone in the meantime.
  std::optional<Guest> welcome(std::list<Visitor>::iterator visitor) {
    const std::string welcome = visitor->acceptor.welcome();
    Guest guest{visitor->acceptor.introduction(), visitor->address, std::move(visitor->socket)};
    visitors_.erase(visitor);
    if (send(guest.socket.fd(), welcome.data(), welcome.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(welcome.size()))
      throw Error(fmt::format("rank {} exited while the ranks were connecting", guest.introduction.rank));
    return guest;
  }

  Socket listener_;
  std::string token_;
  double answer_seconds_;
  std::list<Visitor> visitors_;
};

class Meeting {
 public:
  Meeting(const RankInfo& info, const MeetingOptions& options)
      : info_(info), options_(options), deadline_(after(options.seconds)), peers_(static_cast<size_t>(info.size)) {
    if (options.token.empty() && options.folder.empty())
      throw UsageError("ranks need a token, or a folder that all of them share");
    info.rank == 0 ? receive_ranks() : join();
    for (const RankConnections& peer : peers_) {
      if (peer.data.open()) prepare_connection(peer.data), prepare_connection(peer.word);
    }
  }

  std::vector<RankConnections> take() { return std::move(peers_); }

 private:
  // Where a rank listens, in network order.
  struct Place {
    uint32_t address = 0;
    uint16_t port = 0, unused = 0;
  };

  [[noreturn]] void fail(const std::string& what) const {
    throw Error(fmt::format("rank {} of {}: {} ({}:{})", info_.rank, info_.size, what, info_.address, info_.port));
  }

  RankConnections& peer(int rank) { return peers_[static_cast<size_t>(rank)]; }

  // The ranks from `first` on that are not connected.
  std::string missing_from(int first) const {
    std::vector<int> missing;
    for (int rank = first; rank < info_.size; ++rank) {
      const RankConnections& peer = peers_[static_cast<size_t>(rank)];
      if (!peer.data.open() || !peer.word.open()) missing.push_back(rank);
    }
    return missing.empty() ? "" : fmt::format("{}", fmt::join(missing, ", "));
  }

  // Throws where one of those that are connected has exited. (Between its introduction and the end of the meeting, only
  // rank 0 says anything, and not on this connection.)
  void check_present() const {
    for (int rank = 0; rank < info_.size; ++rank) {
      const RankConnections& peer = peers_[static_cast<size_t>(rank)];
      const Socket& socket = peer.word.open() ? peer.word : peer.data;
      char byte = 0;
      if (socket.open() && recv(socket.fd(), &byte, 1, MSG_PEEK) == 0)
        fail(fmt::format("rank {} exited while the ranks were connecting", rank));
    }
  }

  // Receives all ranks from `first` on; places[rank] is where each of them listens.
  void receive_from(int first, Reception& reception, std::vector<Place>& places) {
    for (std::string missing = missing_from(first); !missing.empty(); missing = missing_from(first)) {
      std::optional<Guest> guest = reception.next(deadline_, [&] { check_present(); });
      if (!guest) {
        fail(fmt::format("not all ranks connected to {} within {} s; missing: {}", reception.place(), options_.seconds,
                         missing));
      }
      const Introduction& other = guest->introduction;
      if (other.size != info_.size || other.rank < first || other.rank >= info_.size)
        fail(fmt::format("a process connected as rank {} of {}", other.rank, other.size));
      Socket& socket = other.channel == RankChannel::kData ? peer(other.rank).data : peer(other.rank).word;
      if (socket.open()) fail(fmt::format("two processes connected as rank {}", other.rank));
      socket = std::move(guest->socket);
      places[static_cast<size_t>(other.rank)] = {guest->address.sin_addr.s_addr, htons(other.port), 0};
    }
  }

  void receive_ranks() {
    const std::unique_ptr<TokenFile> file =
        options_.token.empty() ? std::make_unique<TokenFile>(options_.folder) : nullptr;
    Reception reception(listen_on(resolve_rank_address(info_.address, info_.port)),
                        file ? file->token() : options_.token, options_.answer_seconds);
    std::vector<Place> places(static_cast<size_t>(info_.size));
    receive_from(1, reception, places);
    for (int rank = 1; rank < info_.size; ++rank) {
      if (!send_all(peer(rank).data, places.data(), places.size() * sizeof places[0], deadline_))
        fail(fmt::format("rank {} exited while the ranks were connecting", rank));
    }
  }

  // The token as it is at this moment; "" where rank 0 has not left one.
  std::string read_token() const {
    if (!options_.token.empty()) return options_.token;
    const std::string path = options_.folder + "/" + kRanksTokenName;
    std::error_code code;
    if (!std::filesystem::exists(path, code)) return "";
    try {
      return read_file(path, kTokenFileBytesMax);
    } catch (const Error&) {  // replaced or removed in between
      return "";
    }
  }

  // A connection to another rank on which both sides have proven to know the token; not open where they have not.
  Socket try_join(const sockaddr_in& address, const Introduction& self, const std::string& token) {
    Socket socket = connect_to(address, deadline_);
    if (!socket.open()) return socket;
    RankJoiner joiner(token, random_bytes(kNonceBytes), self);
    Trust trust = Trust::kUndecided;
    while (trust == Trust::kUndecided) {
      char bytes[kGreetingBytes + kProofBytes];
      std::string answer;
      const size_t wanted = joiner.wanted();
      if (!receive_all(socket, bytes, wanted, deadline_)) return Socket();
      trust = joiner.take({bytes, wanted}, answer);
      if (!answer.empty() && !send_all(socket, answer.data(), answer.size(), deadline_)) return Socket();
    }
    return trust == Trust::kTrusted ? std::move(socket) : Socket();
  }

  // The first connection to rank 0, with whose token `token` is then set. Rank 0 may come later, and leave a new token
  // in place of an old run's.
  Socket join_first(const sockaddr_in& address, const Introduction& self, std::string& token) {
    while (RankClock::now() < deadline_) {
      token = read_token();
      Socket socket = token.empty() ? Socket() : try_join(address, self, token);
      if (socket.open()) return socket;
      wait_for(kRetryPause);
    }
    if (token.empty())
      fail(
          fmt::format("rank 0 left no token in {} within {} s; ranks that do not share this folder need one in "
                      "FTOK_RANKS_TOKEN",
                      options_.folder, options_.seconds));
    fail(fmt::format("rank 0 did not answer within {} s", options_.seconds));
  }

  void join() {
    const sockaddr_in first = resolve_rank_address(info_.address, info_.port);
    sockaddr_in own = route_to(first);
    own.sin_port = 0;
    Introduction self{info_.rank, info_.size, 0, RankChannel::kData};
    Socket listener = listen_on(own);
    self.port = ntohs(own_address(listener).sin_port);
    std::string token;
    peer(0).data = join_first(first, self, token);
    Reception reception(std::move(listener), token, options_.answer_seconds);
    self.channel = RankChannel::kWord;
    peer(0).word = join_known(0, first, self, token);
    std::vector<Place> places(static_cast<size_t>(info_.size));
    if (!receive_all(peer(0).data, places.data(), places.size() * sizeof places[0], deadline_))
      fail(RankClock::now() < deadline_ ? "rank 0 exited while the ranks were connecting" : "not all ranks connected");
    for (int rank = 1; rank < info_.rank; ++rank) {
      sockaddr_in address{};
      address.sin_family = AF_INET;
      address.sin_addr.s_addr = places[static_cast<size_t>(rank)].address;
      address.sin_port = places[static_cast<size_t>(rank)].port;
      self.channel = RankChannel::kData;
      peer(rank).data = join_known(rank, address, self, token);
      self.channel = RankChannel::kWord;
      peer(rank).word = join_known(rank, address, self, token);
    }
    receive_from(info_.rank + 1, reception, places);
  }

  // A connection to a rank that listens. In a crowd of strangers it may take several tries.
  Socket join_known(int rank, const sockaddr_in& address, const Introduction& self, const std::string& token) {
    while (RankClock::now() < deadline_) {
      Socket socket = try_join(address, self, token);
      if (socket.open()) return socket;
      check_present();
      wait_for(kRetryPause);
    }
    fail(fmt::format("rank {} did not answer within {} s", rank, options_.seconds));
  }

  // This machine's address on the way to another.
  static sockaddr_in route_to(const sockaddr_in& address) {
    const Socket socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));  // connecting it sends nothing
    if (!socket.open() || connect(socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      throw_errno("cannot find a way to rank 0 (MASTER_ADDR)", errno);
    return own_address(socket);
  }

  const RankInfo& info_;
  const MeetingOptions& options_;
  RankClock::time_point deadline_;
  std::vector<RankConnections> peers_;
};

}  // namespace

std::vector<RankConnections> meet_ranks(const RankInfo& info, const MeetingOptions& options) {
  return Meeting(info, options).take();
}

}  // namespace ftok
