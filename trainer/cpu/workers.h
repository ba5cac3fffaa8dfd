// Threads for loops over blocks. A loop's blocks are a function of its length alone, each block is worked on by one
// thread, and blocks write to places of their own: so the bits do not depend on the number of threads.
#pragma once

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>
#include <tbb/partitioner.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <cstdint>

namespace ftok::cpu {

class Workers {
 public:
  // No more threads than the process may run at once.
  explicit Workers(int threads)
      : threads_(std::clamp(threads, 1, tbb::this_task_arena::max_concurrency())), arena_(threads_) {}

  int threads() const { return threads_; }

  // Calls body(begin, end) for the blocks [0,block), [block,2 block), ... of [0,n).
  template <typename Body>
  void blocks(int64_t n, int64_t block, const Body& body) {
    const int64_t count = (n + block - 1) / block;
    const auto one = [&](int64_t i) { body(i * block, std::min(n, (i + 1) * block)); };
    if (threads_ == 1 || count <= 1) {
      for (int64_t i = 0; i < count; ++i) one(i);
      return;
    }
    arena_.execute([&] {
      tbb::parallel_for(
          tbb::blocked_range<int64_t>(0, count, 1),
          [&](const tbb::blocked_range<int64_t>& range) {
            for (int64_t i = range.begin(); i < range.end(); ++i) one(i);
          },
          tbb::simple_partitioner());
    });
  }

 private:
  int threads_;
  tbb::task_arena arena_;
};

// Elements a block of a cheap loop should hold: enough to outweigh handing it to a thread.
inline constexpr int64_t kBlockElements = 1 << 15;

constexpr int64_t rows_per_block(int64_t columns) { return std::max<int64_t>(1, kBlockElements / columns); }

}  // namespace ftok::cpu
