#include "pipeline/run/schedule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <thread>

namespace ftok {
namespace {

TEST(Schedule, CommitsInListedOrderForAnyOrderOfCompletion) {
  std::vector<size_t> order{0, 1, 2, 3, 4, 5};
  do {
    Schedule schedule(6, 0, {});
    std::vector<size_t> committed;
    for (size_t i = 0; i < 6; ++i) ASSERT_TRUE(schedule.take().has_value());
    for (const size_t input : order) schedule.finished(input, [&](size_t i) { committed.push_back(i); });
    ASSERT_EQ(committed, (std::vector<size_t>{0, 1, 2, 3, 4, 5}));
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST(Schedule, TriesAFailedInputAgainAfterOthersThenGivesUp) {
  Schedule schedule(3, 0, {});
  EXPECT_EQ(schedule.take(), 0u);
  EXPECT_TRUE(schedule.failed(0));
  EXPECT_EQ(schedule.take(), 1u);
  EXPECT_EQ(schedule.take(), 2u);
  EXPECT_EQ(schedule.take(), 0u);
  EXPECT_TRUE(schedule.failed(0));
  EXPECT_EQ(schedule.take(), 0u);
  EXPECT_FALSE(schedule.failed(0));
  EXPECT_EQ(schedule.take(), std::nullopt);
}

TEST(Schedule, ResumesBehindWhatIsCommittedAndSkipsWhatIsReady) {
  Schedule schedule(5, 2, {true, true, false, true, false});
  EXPECT_EQ(schedule.take(), 2u);
  EXPECT_EQ(schedule.take(), 4u);
  EXPECT_EQ(schedule.take(), std::nullopt);
  std::vector<size_t> committed;
  schedule.finished(2, [&](size_t i) { committed.push_back(i); });
  EXPECT_EQ(committed, (std::vector<size_t>{2, 3}));
}

TEST(Schedule, CommitsEachInputOnceFromManyThreads) {
  constexpr size_t kInputs = 500;
  Schedule schedule(kInputs, 0, {});
  std::vector<size_t> committed;  // only the committing thread writes
  std::vector<std::thread> lanes;
  for (int lane = 0; lane < 4; ++lane) {
    lanes.emplace_back([&] {
      while (const auto input = schedule.take()) schedule.finished(*input, [&](size_t i) { committed.push_back(i); });
    });
  }
  for (std::thread& lane : lanes) lane.join();
  ASSERT_EQ(committed.size(), kInputs);
  EXPECT_TRUE(std::is_sorted(committed.begin(), committed.end()));
}

}  // namespace
}  // namespace ftok
