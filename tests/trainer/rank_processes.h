// Ranks of `ftok train` in real processes on the loopback interface: a small model on a small data set.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "core/file.h"
#include "shards/format.h"
#include "tests/support/test_data.h"
#include "trainer/checkpoint.h"
#include "trainer/random.h"

namespace ftok {

// A port that was free a moment ago.
inline int free_port() {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0) return 0;
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  close(fd);
  return ntohs(address.sin_port);
}

class RanksTrainTest : public ::testing::Test {
 protected:
  RanksTrainTest() {
    std::filesystem::create_directories(folder_.path() / "data");
    for (const auto& [name, count] : {std::pair{"x_train.bin", 4000}, std::pair{"x_val.bin", 500}}) {
      std::string bytes = encode_shard_header(2, static_cast<uint64_t>(count));
      for (int i = 0; i < count; ++i)
        bytes.push_back(static_cast<char>(random_bits(3, 1, static_cast<uint64_t>(i)) % 7 * 5)), bytes.push_back(0);
      write_file(folder_ / (std::string("data/") + name), bytes);
    }
  }

  // What it says goes to the file `messages` in the folder; "": nowhere.
  pid_t start(int rank, int size, int port, const std::vector<std::string>& flags,
              const std::string& messages = "") const {
    std::vector<std::string> arguments = {FTOK_BINARY, "train", "tiny", "--data", folder_ / "data"};
    for (const char* assignment :
         {"model.layers=2", "model.heads=2", "model.channels=16", "model.length=8", "model.vocabulary_size=61",
          "training.tokens_per_step=96", "run.micro_batch=2", "run.threads=1", "run.sample_every=5", "vocabulary=''"}) {
      arguments.insert(arguments.end(), {"--set", assignment});
    }
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    std::vector<std::string> variables = {"RANK=" + std::to_string(rank), "WORLD_SIZE=" + std::to_string(size),
                                          "MASTER_ADDR=127.0.0.1", "MASTER_PORT=" + std::to_string(port)};
    for (char** variable = environ; *variable != nullptr; ++variable) variables.push_back(*variable);
    std::vector<char*> argv, envp;
    for (std::string& text : arguments) argv.push_back(text.data());
    for (std::string& text : variables) envp.push_back(text.data());
    argv.push_back(nullptr), envp.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    const std::string path = messages.empty() ? "/dev/null" : folder_ / messages;
    posix_spawn_file_actions_addopen(&actions, 2, path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    pid_t pid = -1;
    EXPECT_EQ(posix_spawn(&pid, argv[0], &actions, nullptr, argv.data(), envp.data()), 0);
    posix_spawn_file_actions_destroy(&actions);
    return pid;
  }

  // Trains in `size` processes; all end well.
  void train(int size, const std::string& output, std::vector<std::string> flags = {}) const {
    const int port = free_port();
    flags.insert(flags.end(), {"--output", folder_ / output});
    std::vector<pid_t> processes;
    for (int rank = 0; rank < size; ++rank) processes.push_back(start(rank, size, port, flags));
    for (const pid_t pid : processes) {
      int status = 0;
      waitpid(pid, &status, 0);
      EXPECT_EQ(status, 0) << output;
    }
  }
  Checkpoint last(const std::string& output) const {
    return *read_latest_checkpoint(folder_ / (output + "/checkpoints"), [](LogLevel, const std::string&) {});
  }
  // The numbers of a key in log.jsonl.
  std::vector<double> logged(const std::string& output, const std::string& key) const {
    const std::string text = read_file(folder_ / (output + "/log.jsonl")), mark = "\"" + key + "\":";
    std::vector<double> numbers;
    for (size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at + 1))
      numbers.push_back(std::stod(text.substr(at + mark.size())));
    return numbers;
  }
  void expect_near(const std::string& a, const std::string& b, double most) const {
    for (const char* key : {"loss", "norm", "validation_loss"}) {
      const std::vector<double> x = logged(a, key), y = logged(b, key);
      ASSERT_EQ(x.size(), y.size()) << key;
      ASSERT_FALSE(x.empty()) << key;
      for (size_t i = 0; i < x.size(); ++i)
        EXPECT_NEAR(x[i], y[i], most * std::abs(x[i])) << a << ", " << b << ", " << key << " " << i;
    }
  }

  testing::TemporaryFolder folder_;
};

}  // namespace ftok
