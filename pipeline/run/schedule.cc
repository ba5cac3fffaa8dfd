#include "pipeline/run/schedule.h"

#include <algorithm>

namespace ftok {

Schedule::Schedule(size_t count, size_t first, const std::vector<bool>& ready)
    : ready_(ready), attempts_(count, 0), next_commit_(first) {
  ready_.resize(count, false);
  for (size_t i = first; i < count; ++i) {
    if (!ready_[i]) waiting_.push_back(i);
  }
}

std::optional<size_t> Schedule::take() {
  const std::lock_guard lock(mutex_);
  if (waiting_.empty()) return std::nullopt;
  const size_t input = waiting_.front();
  waiting_.pop_front();
  return input;
}

bool Schedule::failed(size_t input) {
  const std::lock_guard lock(mutex_);
  if (++attempts_[input] >= kAttempts) return false;
  // Soon, but not at once: what failed may need a moment, and the commits behind it wait.
  constexpr ptrdiff_t kOthersFirst = 8;
  const auto others = std::min<ptrdiff_t>(kOthersFirst, static_cast<ptrdiff_t>(waiting_.size()));
  waiting_.insert(waiting_.begin() + others, input);
  return true;
}

void Schedule::finished(size_t input, const std::function<void(size_t)>& commit) {
  {
    const std::lock_guard lock(mutex_);
    ready_[input] = true;
  }
  commit_ready(commit);
}

void Schedule::commit_ready(const std::function<void(size_t)>& commit) {
  std::unique_lock lock(mutex_);
  if (committing_) return;  // that thread looks again before it stops
  committing_ = true;
  while (next_commit_ < ready_.size() && ready_[next_commit_]) {
    const size_t input = next_commit_;
    lock.unlock();
    try {
      commit(input);
    } catch (...) {
      lock.lock();
      committing_ = false;
      throw;
    }
    lock.lock();
    ++next_commit_;
  }
  committing_ = false;
}

}  // namespace ftok
