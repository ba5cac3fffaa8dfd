#include "pipeline/run/schedule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <thread>

namespace ftok {
namespace {

TEST(InOrder, CommitsInListedOrderForAnyOrderOfCompletion) {
  std::vector<size_t> order{0, 1, 2, 3, 4, 5};
  do {
    InOrder in_order(6, 0, {});
    std::vector<size_t> committed;
    for (const size_t input : order) in_order.finished(input, [&](size_t i) { committed.push_back(i); });
    ASSERT_EQ(committed, (std::vector<size_t>{0, 1, 2, 3, 4, 5}));
    ASSERT_EQ(in_order.next(), 6u);
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST(InOrder, BeginsBehindWhatIsCommittedAndTakesWhatIsReady) {
  InOrder order(5, 2, {true, true, false, true});
  std::vector<size_t> committed;
  const auto commit = [&](size_t i) { committed.push_back(i); };
  order.commit_ready(commit);
  EXPECT_EQ(committed, (std::vector<size_t>{}));
  order.finished(2, commit);
  EXPECT_EQ(committed, (std::vector<size_t>{2, 3}));
  EXPECT_EQ(order.next(), 4u);
}

TEST(InOrder, ACommitThatThrowsIsNotCounted) {
  InOrder order(2, 0, {true, true});
  EXPECT_THROW(order.commit_ready([](size_t) { throw 1; }), int);
  EXPECT_EQ(order.next(), 0u);
  size_t commits = 0;
  order.commit_ready([&](size_t) { ++commits; });
  EXPECT_EQ(commits, 2u);
}

TEST(TaskQueue, TriesAFailedTaskAgainAfterOthers) {
  TaskQueue queue(3);
  const TaskQueue::Turn first = *queue.take();
  EXPECT_EQ(first.task, 0u);
  EXPECT_EQ(first.attempt, 1);
  queue.put_back(first);
  EXPECT_EQ(queue.take()->task, 1u);
  EXPECT_EQ(queue.take()->task, 2u);
  const TaskQueue::Turn again = *queue.take();
  EXPECT_EQ(again.task, 0u);
  EXPECT_EQ(again.attempt, 2);
  queue.put_back(again);
  EXPECT_EQ(queue.take()->attempt, TaskQueue::kAttempts);
  EXPECT_FALSE(queue.take().has_value());
}

TEST(Schedule, CommitsEachInputOnceFromManyThreads) {
  constexpr size_t kInputs = 500;
  TaskQueue queue(kInputs);
  InOrder order(kInputs, 0, {});
  std::vector<size_t> committed;  // only the committing thread writes
  std::vector<std::thread> lanes;
  for (int lane = 0; lane < 4; ++lane) {
    lanes.emplace_back([&] {
      while (const auto turn = queue.take()) order.finished(turn->task, [&](size_t i) { committed.push_back(i); });
    });
  }
  for (std::thread& lane : lanes) lane.join();
  ASSERT_EQ(committed.size(), kInputs);
  EXPECT_TRUE(std::is_sorted(committed.begin(), committed.end()));
}

}  // namespace
}  // namespace ftok
