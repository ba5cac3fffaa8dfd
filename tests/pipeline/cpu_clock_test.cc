// StageClock: what the figures by stage are made of.
#include "pipeline/run/cpu_clock.h"

#include <gtest/gtest.h>

namespace ftok {
namespace {

void use_cpu(uint64_t ns) {
  for (const uint64_t end = thread_cpu_ns() + ns; thread_cpu_ns() < end;) continue;
}

TEST(StageClock, SharesTheCpuTimeOfItsScopeOut) {
  std::atomic<uint64_t> counters[3] = {5, 0, 0};
  const uint64_t before = thread_cpu_ns();
  {
    StageClock clock(counters, 3);
    for (int document = 0; document < 4; ++document) {
      for (const size_t stage : {0, 2}) {
        clock.start_stage();
        use_cpu(stage == 0 ? 200'000 : 1'000'000);
        clock.end_stage(stage);
      }
    }
  }
  const uint64_t used = thread_cpu_ns() - before;
  EXPECT_GT(counters[0], 5U);  // added to what was there
  EXPECT_EQ(counters[1], 0U);  // never ran
  EXPECT_GT(counters[2], 0U);
  const uint64_t measured = counters[0] - 5 + counters[2];
  EXPECT_LE(measured, used);
  EXPECT_GE(measured, 4 * 1'200'000U - 2);  // all of it, each share rounded down
}

TEST(StageClock, MeasuresNothingWithoutCounters) {
  StageClock clock(nullptr, 2);
  clock.start_stage();
  clock.end_stage(1);
}

TEST(StageClock, AddsNothingWhereNoStageRan) {
  std::atomic<uint64_t> counter = 0;
  { const StageClock clock(&counter, 1); }
  EXPECT_EQ(counter, 0U);
}

}  // namespace
}  // namespace ftok
