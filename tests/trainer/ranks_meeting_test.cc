// How ranks meet and part: strangers at the port of rank 0, ranks that are killed, signals. In real processes, and the
// doorkeeping in one.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>

#include <chrono>
#include <csignal>
#include <functional>
#include <thread>

#include "core/error.h"
#include "tests/trainer/rank_processes.h"
#include "trainer/communicator.h"
#include "trainer/training/rank_meeting.h"

namespace ftok {
namespace {

using namespace std::chrono_literals;

// Whether `condition` came true within a minute.
bool comes_true(const std::function<bool()>& condition) {
  for (int i = 0; i < 6000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(10ms);
  }
  return false;
}

RankClock::time_point in(double seconds) {
  return RankClock::now() + std::chrono::duration_cast<RankClock::duration>(std::chrono::duration<double>(seconds));
}

// As soon as somebody listens there.
Socket connect_as_stranger(int port) {
  Socket socket;
  EXPECT_TRUE(comes_true([&] {
    socket = connect_to(resolve_rank_address("127.0.0.1", port), in(60));
    return socket.open();
  }));
  return socket;
}

void say(const Socket& socket, const std::string& bytes) {
  ASSERT_TRUE(send_all(socket, bytes.data(), bytes.size(), in(60)));
}

std::string greeting_of(const Socket& socket) {
  std::string greeting(kGreetingBytes, '\0');
  EXPECT_TRUE(receive_all(socket, greeting.data(), greeting.size(), in(60)));
  return greeting;
}

// Whether the other side has closed the connection, having said nothing more.
bool is_dropped(const Socket& socket, double seconds) {
  char byte = 0;
  pollfd poller{socket.fd(), POLLIN, 0};
  return poll(&poller, 1, static_cast<int>(seconds * 1000)) > 0 && recv(socket.fd(), &byte, 1, 0) <= 0;
}

// An introduction as rank 1 of 2 under a token of its own.
std::string introduction_with(const std::string& token, const std::string& greeting) {
  RankJoiner joiner(token, random_bytes(kNonceBytes), {1, 2, 1, RankChannel::kData});
  std::string answer;
  joiner.take(greeting, answer);
  return answer;
}

class RanksMeetingTest : public RanksTrainTest {
 protected:
  pid_t start_rank(int rank, int size, int port, const std::string& output, int steps = 6) const {
    return start(rank, size, port, {"--output", folder_ / output, "--steps", std::to_string(steps)}, messages(rank));
  }
  static std::string messages(int rank) { return "messages-" + std::to_string(rank); }
  std::string said_by(int rank) const { return read_file(folder_ / messages(rank)); }
  static int end_of(pid_t pid) {
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  std::string token_path(const std::string& output) const { return folder_ / (output + "/" + kRanksTokenName); }
};

TEST_F(RanksMeetingTest, StrangersNeitherEndNorBlockIt) {
  const int port = free_port();
  const pid_t first = start_rank(0, 2, port, "out");
  const Socket silent = connect_as_stranger(port), slow = connect_as_stranger(port);
  const Socket web = connect_as_stranger(port), impostor = connect_as_stranger(port), gone = connect_as_stranger(port);
  const std::string greeting = greeting_of(impostor);
  say(web, "GET / HTTP/1.1\r\nHost: here\r\n\r\n");
  say(slow, "ftok");  // as a rank begins, and then nothing
  say(impostor, introduction_with("another token", greeting));
  greeting_of(web);
  EXPECT_TRUE(is_dropped(web, 60));
  EXPECT_TRUE(is_dropped(impostor, 60));
  std::vector<Socket> crowd;
  for (int i = 0; i < 300; ++i) crowd.push_back(connect_as_stranger(port));  // more than are kept
  const pid_t second = start_rank(1, 2, port, "out");
  EXPECT_EQ(end_of(second), 0) << said_by(1);
  EXPECT_EQ(end_of(first), 0) << said_by(0);
  EXPECT_EQ(logged("out", "loss").size(), 6u);
}

TEST_F(RanksMeetingTest, TheTokenIsItsOwnersAloneAndGoes) {
  const int port = free_port();
  std::filesystem::create_directories(folder_.path() / "out");
  write_file(token_path("out"), "of a killed run");
  const pid_t second = start_rank(1, 3, port, "out");  // reads the old one first
  std::this_thread::sleep_for(300ms);
  const pid_t first = start_rank(0, 3, port, "out");  // and waits for rank 2
  connect_as_stranger(port);                          // it listens
  struct stat status {};
  ASSERT_EQ(stat(token_path("out").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  const pid_t third = start_rank(2, 3, port, "out");
  for (const pid_t rank : {first, second, third}) EXPECT_EQ(end_of(rank), 0) << said_by(0) << said_by(1) << said_by(2);
  EXPECT_FALSE(std::filesystem::exists(token_path("out")));
}

TEST_F(RanksMeetingTest, AnotherNumberOfRanksIsNamed) {
  const int port = free_port();
  const pid_t first = start_rank(0, 3, port, "out");
  connect_as_stranger(port);  // it listens
  const pid_t second = start_rank(1, 2, port, "out");
  EXPECT_EQ(end_of(first), 1);
  EXPECT_NE(said_by(0).find("a process connected as rank 1 of 2"), std::string::npos) << said_by(0);
  EXPECT_FALSE(std::filesystem::exists(token_path("out")));
  EXPECT_EQ(end_of(second), 1);
}

// Where rank 0 listens, and nowhere else: 127.0.0.2 is this machine too.
TEST_F(RanksMeetingTest, ListensOnTheNamedAddressAlone) {
  const int port = free_port();
  const pid_t first = start_rank(0, 2, port, "out");
  EXPECT_TRUE(connect_as_stranger(port).open());
  EXPECT_FALSE(connect_to(resolve_rank_address("127.0.0.2", port), in(0.3)).open());
  kill(first, SIGTERM);
  EXPECT_EQ(end_of(first), 130);
}

TEST_F(RanksMeetingTest, ASignalEndsTheWaitForRanks) {
  const int port = free_port();
  const pid_t first = start_rank(0, 3, port, "out");
  connect_as_stranger(port);
  kill(first, SIGINT);
  EXPECT_EQ(end_of(first), 130);
  EXPECT_FALSE(std::filesystem::exists(token_path("out")));
  const pid_t second = start_rank(1, 3, port, "out");
  EXPECT_TRUE(comes_true([&] { return std::filesystem::exists(folder_ / messages(1)); }));
  std::this_thread::sleep_for(500ms);
  kill(second, SIGTERM);
  const int end = end_of(second);
  EXPECT_TRUE(end == 130 || end == -SIGTERM) << end;  // before or after it could catch the signal
}

TEST_F(RanksMeetingTest, ALostRankIsNamedByAllOthers) {
  for (const int lost : {2, 0}) {
    const int port = free_port();
    const std::string output = "lost-" + std::to_string(lost);
    std::vector<pid_t> ranks;
    for (int rank = 0; rank < 4; ++rank) ranks.push_back(start_rank(rank, 4, port, output, 100'000));
    const std::string log = folder_ / (output + "/log.jsonl");
    EXPECT_TRUE(comes_true([&] { return std::filesystem::exists(log) && std::filesystem::file_size(log) > 200; }));
    kill(ranks[static_cast<size_t>(lost)], SIGKILL);
    for (int rank = 0; rank < 4; ++rank) {
      const int end = end_of(ranks[static_cast<size_t>(rank)]);
      if (rank == lost) continue;
      EXPECT_EQ(end, 1);
      EXPECT_NE(said_by(rank).find("rank " + std::to_string(lost) + " has exited"), std::string::npos) << said_by(rank);
    }
  }
}

TEST_F(RanksMeetingTest, AStopEndsAllInPeace) {
  const int port = free_port();
  std::vector<pid_t> ranks;
  for (int rank = 0; rank < 3; ++rank) ranks.push_back(start_rank(rank, 3, port, "out", 100'000));
  const std::string log = folder_ / "out/log.jsonl";
  EXPECT_TRUE(comes_true([&] { return std::filesystem::exists(log) && std::filesystem::file_size(log) > 200; }));
  kill(ranks[1], SIGTERM);
  for (int rank = 0; rank < 3; ++rank) EXPECT_EQ(end_of(ranks[static_cast<size_t>(rank)]), 130) << said_by(rank);
  EXPECT_GT(last("out").step, 0u);
}

// One that is silent is dropped when its time is over; one that answers within it is a rank.
TEST(RankDoor, SilenceHasADeadline) {
  const int port = free_port();
  std::thread first([&] {
    const auto ranks = connect_ranks({0, 2, "127.0.0.1", port}, {60, "a secret", "", 0.5});
    std::vector<double> values = {1};
    ranks->all_reduce(std::span(values));
    EXPECT_EQ(values[0], 3);
  });
  const Socket silent = connect_as_stranger(port);
  greeting_of(silent);
  EXPECT_TRUE(is_dropped(silent, 60));
  const auto ranks = connect_ranks({1, 2, "127.0.0.1", port}, {60, "a secret", "", 0.5});
  std::vector<double> values = {2};
  ranks->all_reduce(std::span(values));
  EXPECT_EQ(values[0], 3);
  first.join();
}

// Rank 0 takes the first connection and ends, so that the second has nobody to go to: by a last word, or by a reset, as
// a machine sends it for a process that is gone.
TEST(RankDoor, ARankThatEndsWhileOthersConnectIsNamed) {
  for (const bool resets : {false, true}) {
    sockaddr_in address = resolve_rank_address("127.0.0.1", 0);
    Socket listener = listen_on(address);
    const int port = ntohs(own_address(listener).sin_port);
    std::thread first([&] {
      ASSERT_TRUE(wait_for_socket(listener, POLLIN, in(60)));
      Socket socket(accept4(listener.fd(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
      RankAcceptor acceptor("a secret", random_bytes(kNonceBytes));
      say(socket, acceptor.greeting());
      std::string introduction(kIntroductionBytes, '\0');
      ASSERT_TRUE(receive_all(socket, introduction.data(), introduction.size(), in(60)));
      ASSERT_EQ(acceptor.take(introduction), Trust::kTrusted);
      say(socket, acceptor.welcome());
      listener.close();
      const linger at_once{resets ? 1 : 0, 0};
      setsockopt(socket.fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    });
    try {
      connect_ranks({1, 2, "127.0.0.1", port}, {20, "a secret", "", 10});
      ADD_FAILURE() << "there is no rank 0";
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find("rank 0 exited while the ranks were connecting"), std::string::npos)
          << error.what();
    }
    first.join();
  }
}

TEST(RankDoor, TellsWhoIsMissingAndWhoKnowsAnotherToken) {
  const int port = free_port();
  const auto error_of = [&](int rank, const MeetingOptions& options) -> std::string {
    try {
      connect_ranks({rank, 3, "127.0.0.1", port}, options);
      return "";
    } catch (const Error& error) {
      return error.what();
    }
  };
  std::string joined;
  std::thread other([&] { joined = error_of(1, {1, "another secret", "", 10}); });
  EXPECT_NE(error_of(0, {1, "a secret", "", 10}).find("missing: 1, 2"), std::string::npos);
  other.join();
  EXPECT_NE(joined.find("rank 0 did not answer"), std::string::npos) << joined;
  testing::TemporaryFolder folder;
  EXPECT_NE(error_of(1, {0.3, "", folder.path(), 10}).find("FTOK_RANKS_TOKEN"), std::string::npos);
  EXPECT_THROW(connect_ranks({0, 2, "127.0.0.1", port}, {1, "", "", 10}), UsageError);
}

}  // namespace
}  // namespace ftok
