// MemoryBudget: so many bytes for what several threads work on at a time. Who needs more waits until others have less.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>

namespace ftok {

// Thread-safe. It decides when something is done, never what comes of it.
class MemoryBudget {
 public:
  explicit MemoryBudget(uint64_t bytes) : bytes_(bytes) {}
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;

  // What one piece of work holds, by the thread that does it. Nothing at first and in the end.
  class Share {
   public:
    // Shares of a null budget are free.
    explicit Share(MemoryBudget* budget) : budget_(budget) {}
    ~Share() { resize(0); }
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;

    // To grow, it waits until the sum of all shares is within the budget. When every share waits, or there is only one,
    // the one that has waited longest is granted its size, so that a single piece of work may exceed the budget.
    void resize(uint64_t bytes);

   private:
    MemoryBudget* const budget_;
    uint64_t bytes_ = 0;
  };

  uint64_t used_most() const;  // the most that all shares have held at a time

 private:
  void grow(uint64_t from, uint64_t to);
  void shrink(uint64_t from, uint64_t to);

  const uint64_t bytes_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t used_ = 0, used_most_ = 0;
  size_t holders_ = 0;                         // shares that hold something and do not wait
  uint64_t next_ticket_ = 0, first_wait_ = 0;  // those who wait, in order: tickets, and which is next
};

}  // namespace ftok
