#include "core/ordered_pipeline.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <vector>

namespace ftok {
namespace {

struct Number {
  int value = 0;
  int squared = 0;
};

TEST(OrderedPipeline, KeepsTheOrderAndTheBound) {
  for (const int threads : {1, 2, 8}) {
    oneapi::tbb::task_arena arena(threads);
    std::atomic<int> live{0}, live_most{0};
    std::vector<int> out;
    arena.execute([&] {
      int count = 0;
      ordered_pipeline<Number>(
          4,
          [&]() -> std::unique_ptr<Number> {
            if (count == 1000) return nullptr;
            const int now = ++live;
            int most = live_most;
            while (now > most && !live_most.compare_exchange_weak(most, now)) {
            }
            return std::make_unique<Number>(Number{count++, 0});
          },
          [](Number& n) { n.squared = n.value * n.value; },
          [&](Number& n) {
            out.push_back(n.squared);
            --live;
          });
    });
    ASSERT_EQ(out.size(), 1000u);
    for (int i = 0; i < 1000; ++i) ASSERT_EQ(out[static_cast<size_t>(i)], i * i);
    EXPECT_LE(live_most, 4);
  }
}

TEST(OrderedPipeline, RethrowsWhatItsPartsThrow) {
  for (const int where : {0, 1, 2}) {
    int count = 0;
    const auto run = [&] {
      ordered_pipeline<Number>(
          4,
          [&]() -> std::unique_ptr<Number> {
            if (where == 0 && count == 10) throw std::runtime_error("source");
            return count == 100 ? nullptr : std::make_unique<Number>(Number{count++, 0});
          },
          [&](Number& n) {
            if (where == 1 && n.value == 10) throw std::runtime_error("work");
          },
          [&](Number& n) {
            if (where == 2 && n.value == 10) throw std::runtime_error("sink");
          });
    };
    EXPECT_THROW(run(), std::runtime_error);
  }
}

}  // namespace
}  // namespace ftok
