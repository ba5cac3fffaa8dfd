#include "core/memory_budget.h"

#include <algorithm>

namespace ftok {

void MemoryBudget::Share::resize(uint64_t bytes) {
  if (budget_ == nullptr || bytes == bytes_) return;
  if (bytes > bytes_) {
    budget_->grow(bytes_, bytes);
  } else {
    budget_->shrink(bytes_, bytes);
  }
  bytes_ = bytes;
}

// Those who wait are served in order, so that a large piece of work is never passed over.
void MemoryBudget::grow(uint64_t from, uint64_t to) {
  std::unique_lock lock(mutex_);
  if (from > 0) --holders_;
  const uint64_t ticket = next_ticket_++;
  if (holders_ == 0) changed_.notify_all();
  changed_.wait(lock, [&] { return ticket == first_wait_ && (holders_ == 0 || used_ - from + to <= bytes_); });
  ++first_wait_;
  ++holders_;
  used_ += to - from;
  used_most_ = std::max(used_most_, used_);
  changed_.notify_all();
}

void MemoryBudget::shrink(uint64_t from, uint64_t to) {
  const std::lock_guard lock(mutex_);
  used_ -= from - to;
  if (to == 0) --holders_;
  changed_.notify_all();
}

uint64_t MemoryBudget::used_most() const {
  const std::lock_guard lock(mutex_);
  return used_most_;
}

}  // namespace ftok
