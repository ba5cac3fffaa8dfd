#include "pipeline/run/schedule.h"

#include <algorithm>
#include <cassert>

namespace ftok {

TaskQueue::TaskQueue(size_t tasks) {
  for (size_t i = 0; i < tasks; ++i) waiting_.push_back({i, 1});
}

std::optional<TaskQueue::Turn> TaskQueue::take() {
  const std::lock_guard lock(mutex_);
  if (waiting_.empty()) return std::nullopt;
  const Turn turn = waiting_.front();
  waiting_.pop_front();
  return turn;
}

void TaskQueue::put_back(Turn turn) {
  assert(turn.attempt < kAttempts);
  ++turn.attempt;
  const std::lock_guard lock(mutex_);
  // Soon, but not at once: what failed may need a moment, and the commits behind it wait.
  constexpr ptrdiff_t kOthersFirst = 8;
  const auto others = std::min<ptrdiff_t>(kOthersFirst, static_cast<ptrdiff_t>(waiting_.size()));
  waiting_.insert(waiting_.begin() + others, turn);
}

InOrder::InOrder(size_t count, size_t first, std::vector<bool> ready) : ready_(std::move(ready)), next_(first) {
  ready_.resize(count, false);
}

void InOrder::finished(size_t number, const std::function<void(size_t)>& commit) {
  {
    const std::lock_guard lock(mutex_);
    ready_[number] = true;
  }
  commit_ready(commit);
}

void InOrder::commit_ready(const std::function<void(size_t)>& commit) {
  std::unique_lock lock(mutex_);
  if (committing_) return;
  committing_ = true;
  while (next_ < ready_.size() && ready_[next_]) {
    const size_t number = next_;
    lock.unlock();
    try {
      commit(number);
    } catch (...) {
      lock.lock();
      committing_ = false;
      throw;
    }
    lock.lock();
    ++next_;
  }
  committing_ = false;
}

}  // namespace ftok
