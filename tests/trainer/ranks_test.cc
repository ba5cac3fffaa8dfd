// Data parallelism: the collectives over real sockets, and `ftok train` in several real processes on the loopback
// interface.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cmath>
#include <functional>
#include <map>
#include <thread>

#include "core/error.h"
#include "tests/trainer/rank_processes.h"
#include "trainer/communicator.h"
#include "trainer/random.h"

namespace ftok {
namespace {

const MeetingOptions kMeeting{20, "a secret", "", 10};

// Runs body(communicator) as each of `size` ranks, a thread each.
void as_ranks(int size, const std::function<void(Communicator&)>& body) {
  const int port = free_port();
  std::vector<std::thread> threads;
  for (int rank = 0; rank < size; ++rank) {
    threads.emplace_back([&, rank] {
      const auto communicator = connect_ranks({rank, size, "127.0.0.1", port}, kMeeting);
      body(*communicator);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

float value_of(int rank, size_t i) { return static_cast<float>(random_normal(1, static_cast<uint64_t>(rank), i)); }

TEST(Communicator, SumsInTheOrderOfTheRanks) {
  for (const int size : {1, 2, 3, 4}) {
    for (const size_t n : {size_t{1}, size_t{100}, size_t{300'000}}) {
      std::vector<float> expected(n);
      for (size_t i = 0; i < n; ++i) {
        expected[i] = value_of(0, i);
        for (int rank = 1; rank < size; ++rank) expected[i] += value_of(rank, i);
      }
      as_ranks(size, [&](Communicator& ranks) {
        std::vector<float> values(n);
        for (size_t i = 0; i < n; ++i) values[i] = value_of(ranks.rank(), i);
        ranks.all_reduce(std::span(values));
        EXPECT_EQ(values, expected) << size << " ranks, rank " << ranks.rank();
      });
    }
  }
}

TEST(Communicator, SlicesCoverEverything) {
  as_ranks(3, [](Communicator& ranks) {
    for (const int64_t n : {0, 1, 16, 17, 100, 1000}) {
      int64_t at = 0;
      for (int rank = 0; rank < 3; ++rank) {
        const Communicator::Slice slice = ranks.slice(n, rank);
        EXPECT_EQ(slice.begin, at);
        EXPECT_TRUE(slice.begin % 16 == 0 || slice.begin == n);
        at = slice.end;
      }
      EXPECT_EQ(at, n);
    }
  });
}

TEST(Communicator, GathersSlicesOnRank0Alone) {
  for (const int size : {1, 2, 3, 4}) {
    for (const int64_t n : {int64_t{1}, int64_t{17}, int64_t{100}, int64_t{300'000}}) {
      as_ranks(size, [&](Communicator& ranks) {
        const Communicator::Slice slice = ranks.slice(n, ranks.rank());
        std::vector<float> own, all, expected(static_cast<size_t>(n));
        for (int64_t i = slice.begin; i < slice.end; ++i) own.push_back(value_of(0, static_cast<size_t>(i)));
        for (size_t i = 0; i < expected.size(); ++i) expected[i] = value_of(0, i);
        if (ranks.rank() == 0) all.resize(expected.size());
        ranks.gather(own, n, all);
        if (ranks.rank() == 0) {
          EXPECT_EQ(all, expected) << size << " ranks";
        } else {
          EXPECT_TRUE(all.empty());
        }
      });
    }
  }
}

TEST(Communicator, BroadcastsAndAddsDoubles) {
  as_ranks(4, [](Communicator& ranks) {
    std::vector<uint64_t> numbers(100'000, static_cast<uint64_t>(ranks.rank() + 5));
    ranks.broadcast(std::as_writable_bytes(std::span(numbers)));
    EXPECT_EQ(numbers, std::vector<uint64_t>(100'000, 5));
    std::vector<double> values = {0.1 * (ranks.rank() + 1), 1.0};
    ranks.all_reduce(std::span(values));
    EXPECT_EQ(values, (std::vector<double>{((0.1 * 1 + 0.1 * 2) + 0.1 * 3) + 0.1 * 4, 4.0}));
  });
}

TEST(Communicator, SaysWhenARankHasGone) {
  as_ranks(3, [](Communicator& ranks) {
    if (ranks.rank() == 2) return;  // its connections close
    std::vector<double> values(1);
    EXPECT_THROW(ranks.all_reduce(std::span(values)), Error);
  });
}

TEST(Communicator, SaysWhenRanksDoNotCome) {
  const MeetingOptions short_meeting{0.1, "a secret", "", 10};
  EXPECT_THROW(connect_ranks({0, 2, "127.0.0.1", free_port()}, short_meeting), Error);
  EXPECT_THROW(connect_ranks({1, 2, "127.0.0.1", free_port()}, short_meeting), Error);
}

TEST(RankInfo, ComesFromTorchrunsAndSrunsVariables) {
  using Variables = std::map<std::string, std::string>;
  const auto info = [](const Variables& variables) {
    return rank_info_from([&](const char* name) {
      const auto at = variables.find(name);
      return at == variables.end() ? std::nullopt : std::optional<std::string>(at->second);
    });
  };
  EXPECT_EQ(info({}).size, 1);
  const RankInfo torchrun = info({{"RANK", "3"},
                                  {"WORLD_SIZE", "8"},
                                  {"MASTER_ADDR", "10.0.0.1"},
                                  {"MASTER_PORT", "1234"},
                                  {"SLURM_NTASKS", "2"}});
  EXPECT_EQ(torchrun.rank, 3);
  EXPECT_EQ(torchrun.size, 8);
  EXPECT_EQ(torchrun.address, "10.0.0.1");
  EXPECT_EQ(torchrun.port, 1234);
  const RankInfo srun = info({{"SLURM_PROCID", "1"}, {"SLURM_NTASKS", "4"}, {"SLURM_LAUNCH_NODE_IPADDR", "10.0.0.2"}});
  EXPECT_EQ(srun.rank, 1);
  EXPECT_EQ(srun.size, 4);
  EXPECT_EQ(srun.address, "10.0.0.2");
  EXPECT_EQ(srun.port, 29500);
  // torchrun's agent keeps MASTER_PORT to itself.
  EXPECT_EQ(
      info({{"RANK", "0"}, {"WORLD_SIZE", "2"}, {"MASTER_PORT", "1234"}, {"TORCHELASTIC_USE_AGENT_STORE", "True"}})
          .port,
      1235);
  EXPECT_EQ(
      info({{"RANK", "0"}, {"WORLD_SIZE", "2"}, {"MASTER_PORT", "65535"}, {"TORCHELASTIC_USE_AGENT_STORE", "True"}})
          .port,
      65534);
  EXPECT_EQ(
      info({{"RANK", "0"}, {"WORLD_SIZE", "2"}, {"MASTER_PORT", "1234"}, {"TORCHELASTIC_USE_AGENT_STORE", "False"}})
          .port,
      1234);
  // Rank 0 is on the first node of the step, which need not be where srun was called.
  const auto node_of = [&](const std::string& list, const std::string& count) {
    return info({{"SLURM_PROCID", "1"},
                 {"SLURM_NTASKS", "4"},
                 {"SLURM_LAUNCH_NODE_IPADDR", "10.0.0.2"},
                 {"SLURM_STEP_NODELIST", list},
                 {"SLURM_STEP_NUM_NODES", count}})
        .address;
  };
  EXPECT_EQ(node_of("gpu[01-04,7],login", "6"), "gpu01");
  EXPECT_EQ(node_of("gpu[7,9]-ib", "2"), "gpu7-ib");
  EXPECT_EQ(node_of("a,b[1-2]", "3"), "a");
  EXPECT_EQ(node_of("a", "1"), "127.0.0.1");
  EXPECT_EQ(info({{"SLURM_NTASKS", "4"}}).size, 1);  // in an allocation, not under srun
  EXPECT_THROW(info({{"WORLD_SIZE", "2"}}), UsageError);
  EXPECT_THROW(info({{"WORLD_SIZE", "2"}, {"RANK", "2"}}), UsageError);
  EXPECT_THROW(info({{"WORLD_SIZE", "two"}, {"RANK", "0"}}), UsageError);
  EXPECT_THROW(info({{"MASTER_PORT", "0"}}), UsageError);
}

// The stated rounding: losses, norms and validation losses within 1e-5 of each other, relatively, over 20 steps.
TEST_F(RanksTrainTest, OneTwoAndFourProcessesLearnTheSame) {
  train(1, "one", {"--steps", "20"});
  train(2, "two", {"--steps", "20"});
  train(4, "four", {"--steps", "20"});
  expect_near("one", "two", 1e-5);
  expect_near("one", "four", 1e-5);
  train(4, "again", {"--steps", "20"});
  EXPECT_EQ(last("four").parameters, last("again").parameters);  // the same size, the same bits
}

TEST_F(RanksTrainTest, ShardedOptimizerLearnsTheSame) {
  train(2, "whole", {"--steps", "12"});
  train(2, "sharded", {"--steps", "12", "--set", "run.shard_optimizer=true"});
  expect_near("whole", "sharded", 1e-6);
  const Checkpoint a = last("whole"), b = last("sharded");
  for (size_t i = 0; i < a.parameters.size(); ++i) {
    ASSERT_NEAR(a.parameters[i], b.parameters[i], 1e-5) << i;
    ASSERT_NEAR(a.second_moments[i], b.second_moments[i], 1e-6) << i;
  }
}

// Muon needs whole matrices, which lie in the slices of several ranks.
TEST_F(RanksTrainTest, ShardedMuonLearnsTheSame) {
  const std::vector<std::string> muon = {"--steps", "12", "--set", "optimizer.matrices=muon"};
  train(1, "alone", muon);
  train(3, "sharded", {"--steps", "12", "--set", "optimizer.matrices=muon", "--set", "run.shard_optimizer=true"});
  expect_near("alone", "sharded", 1e-5);
  train(3, "stopped",
        {"--steps", "5", "--set", "optimizer.matrices=muon", "--set", "run.shard_optimizer=true", "--set",
         "schedule.shape=constant"});
  train(3, "stopped",
        {"--steps", "12", "--set", "optimizer.matrices=muon", "--set", "run.shard_optimizer=true", "--set",
         "schedule.shape=constant"});
  train(3, "at once",
        {"--steps", "12", "--set", "optimizer.matrices=muon", "--set", "run.shard_optimizer=true", "--set",
         "schedule.shape=constant"});
  EXPECT_EQ(last("stopped").parameters, last("at once").parameters);
}

// A run goes on with another number of processes, sharded or not: its checkpoint holds everything.
TEST_F(RanksTrainTest, GoesOnWithOtherProcesses) {
  train(1, "alone", {"--steps", "12", "--set", "schedule.shape=constant"});
  train(2, "changed", {"--steps", "6", "--set", "schedule.shape=constant", "--set", "run.shard_optimizer=true"});
  train(3, "changed", {"--steps", "12", "--set", "schedule.shape=constant"});
  const std::vector<double> a = logged("alone", "loss"), b = logged("changed", "loss");
  ASSERT_EQ(b.size(), 12u);
  for (size_t i = 0; i < 12; ++i) EXPECT_NEAR(a[i], b[i], 1e-5 * a[i]) << i;
}

TEST_F(RanksTrainTest, AnErrorOfOneEndsAll) {
  const int port = free_port();
  const pid_t good = start(0, 2, port, {"--output", folder_ / "out", "--steps", "3"});
  const pid_t bad = start(1, 2, port, {"--output", folder_ / "out", "--steps", "3", "--data", "/no/such/folder"});
  int good_status = 0, bad_status = 0;
  waitpid(bad, &bad_status, 0);
  waitpid(good, &good_status, 0);
  EXPECT_EQ(WEXITSTATUS(bad_status), 1);
  EXPECT_EQ(WEXITSTATUS(good_status), 1);
}

}  // namespace
}  // namespace ftok
