#include "core/memory_budget.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace ftok {
namespace {

TEST(MemoryBudget, ManyThreadsStayWithinIt) {
  MemoryBudget budget(100);
  std::atomic<int> done{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) {
        MemoryBudget::Share share(&budget);
        share.resize(40);
        share.resize(10);
        ++done;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(done, 4000);
  EXPECT_LE(budget.used_most(), 100u);
}

TEST(MemoryBudget, WhatIsLargerThanAllOfItGoesAlone) {
  MemoryBudget budget(100);
  std::atomic<int> large{0};
  std::atomic<bool> together{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        MemoryBudget::Share share(&budget);
        share.resize(1000);
        if (++large > 1) together = true;
        --large;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(together);
  EXPECT_EQ(budget.used_most(), 1000u);
}

// Shares that grow while all hold something: none can have what the others hold, so one goes over the budget after the
// other, and nobody waits for ever.
TEST(MemoryBudget, GrowingSharesDoNotBlockEachOther) {
  MemoryBudget budget(100);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) {
        MemoryBudget::Share share(&budget);
        share.resize(25);
        share.resize(90);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(budget.used_most(), 3 * 25u + 90);
}

TEST(MemoryBudget, WithoutABudgetNothingIsCounted) {
  MemoryBudget::Share share(nullptr);
  share.resize(UINT64_MAX);
  share.resize(0);
}

}  // namespace
}  // namespace ftok
