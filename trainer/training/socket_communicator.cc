// Ranks over TCP: each pair has two connections (rank_meeting.h), one for the numbers, one for word of ranks that go.
//
// In a reduction every rank sends each owner its part of the owner's slice and receives the parts of its own; pair by
// pair, both directions at once (poll), so that full buffers on both sides cannot block each other.
//
// A rank that goes in peace says so before it closes its connections. One that ends because another was lost names that
// one to all others first, so that all of them blame the same rank and not each other.
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <exception>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/signals.h"
#include "trainer/communicator.h"
#include "trainer/training/rank_meeting.h"
#include "trainer/training/rank_waits.h"

namespace ftok {
namespace {

// What a rank says last on a connection for word: this, or the number of the rank that was lost.
constexpr int32_t kPeace = -1;
constexpr int kLastWordMilliseconds = 1000;  // that it may take longer than the end of the other connection

class SocketCommunicator final : public Communicator {
 public:
  SocketCommunicator(const RankInfo& info, const MeetingOptions& options)
      : info_(info), peers_(meet_ranks(info, options)) {}

  ~SocketCommunicator() override {
    if (std::uncaught_exceptions() == 0) tell(kPeace);
  }
  SocketCommunicator(const SocketCommunicator&) = delete;
  SocketCommunicator& operator=(const SocketCommunicator&) = delete;

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

  void check_ranks() override {
    std::vector<pollfd> pollers;
    for (const RankConnections& peer : peers_) pollers.push_back({peer.word.fd(), POLLIN, 0});
    if (poll(pollers.data(), pollers.size(), 0) > 0) hear(pollers);
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw Error(fmt::format("rank {} of {}: {} ({}:{})", info_.rank, info_.size, what, info_.address, info_.port));
  }

  void tell(int32_t word) const {
    for (const RankConnections& peer : peers_) {
      if (peer.word.open()) send(peer.word.fd(), &word, sizeof word, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
  }

  // This run cannot go on without that rank.
  [[noreturn]] void lose(int rank, const char* why) {
    tell(rank);
    fail(fmt::format("rank {} {}", rank, why));
  }

  // That rank has closed its connection for numbers. It may have said why.
  [[noreturn]] void end_of(int rank) {
    std::vector<pollfd> pollers(peers_.size(), {-1, POLLIN, 0});
    pollers[static_cast<size_t>(rank)].fd = peers_[static_cast<size_t>(rank)].word.fd();
    const bool listens = pollers[static_cast<size_t>(rank)].fd >= 0;
    if (listens && poll(pollers.data(), pollers.size(), kLastWordMilliseconds) > 0) hear(pollers);
    lose(rank, "has exited");
  }

  // Takes what can be read on the ranks' connections for word; pollers[rank] says where that is something.
  void hear(const std::vector<pollfd>& pollers) {
    for (size_t rank = 0; rank < peers_.size(); ++rank) {
      if (pollers[rank].fd < 0 || pollers[rank].revents == 0) continue;
      int32_t word = 0;
      const ssize_t got = recv(pollers[rank].fd, &word, sizeof word, 0);
      if (got < 0 && is_not_ready(errno)) continue;
      if (got != sizeof word) lose(static_cast<int>(rank), "has exited");
      if (word != kPeace) lose(word, "has exited");
      peers_[rank].word.close();
    }
  }

  // Sends `out_bytes` to one rank and receives `in_bytes` from another, whichever is ready; hears of all ranks
  // meanwhile.
  void exchange(int to, const void* out, int64_t out_bytes, int from, void* in, int64_t in_bytes) {
    int64_t sent = 0, received = 0;
    RankPatience patience;
    std::vector<pollfd> pollers(peers_.size() + 2);
    while (sent < out_bytes || received < in_bytes) {
      for (size_t rank = 0; rank < peers_.size(); ++rank) pollers[rank] = {peers_[rank].word.fd(), POLLIN, 0};
      pollfd& sends = pollers[peers_.size()] = {sent < out_bytes ? data_of(to) : -1, POLLOUT, 0};
      pollfd& receives = pollers[peers_.size() + 1] = {received < in_bytes ? data_of(from) : -1, POLLIN, 0};
      const int ready = poll(pollers.data(), pollers.size(), static_cast<int>(kStopPollInterval.count()));
      if (ready < 0 && errno != EINTR) throw_errno("cannot wait for other ranks", errno);
      if (ready <= 0) {
        if (patience.is_over()) lose(received < in_bytes ? from : to, "does not answer");
        continue;
      }
      hear(pollers);
      const int64_t before = sent + received;
      if (sends.revents != 0) {
        sent += moved(
            send(sends.fd, static_cast<const char*>(out) + sent, static_cast<size_t>(out_bytes - sent), MSG_NOSIGNAL),
            to);
      }
      if (receives.revents != 0) {
        const ssize_t now =
            recv(receives.fd, static_cast<char*>(in) + received, static_cast<size_t>(in_bytes - received), 0);
        if (now == 0) end_of(from);
        received += moved(now, from);
      }
      if (sent + received > before) patience.renew();
    }
  }

  int data_of(int rank) const { return peers_[static_cast<size_t>(rank)].data.fd(); }

  // The bytes that a call on the connection to `rank` has moved.
  int64_t moved(ssize_t result, int rank) {
    if (result >= 0) return result;
    if (!is_not_ready(errno)) end_of(rank);
    return 0;
  }

  RankInfo info_;
  std::vector<RankConnections> peers_;  // by rank; the own are not open
};

}  // namespace

std::unique_ptr<Communicator> connect_ranks(const RankInfo& info, const MeetingOptions& options) {
  if (info.size == 1) return make_single_communicator();
  return std::make_unique<SocketCommunicator>(info, options);
}

}  // namespace ftok
