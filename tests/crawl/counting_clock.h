// A FetchClock that never waits: it counts the waits, moves its own time on by them, and draws what it is told to.
#pragma once

#include <mutex>
#include <vector>

#include "crawl/fetch_session.h"

namespace ftok::testing {

class CountingClock : public FetchClock {
 public:
  explicit CountingClock(double draw = 0.5) : draw_(draw) {}

  double now_s() override {
    std::lock_guard lock(mutex_);
    return now_s_;
  }
  bool wait_s(double seconds, const std::stop_token& stop) override {
    std::lock_guard lock(mutex_);
    waits_.push_back(seconds);
    now_s_ += seconds;
    return !stop.stop_requested();
  }
  double uniform() override { return draw_; }

  std::vector<double> waits() const {
    std::lock_guard lock(mutex_);
    return waits_;
  }

 private:
  const double draw_;
  mutable std::mutex mutex_;
  double now_s_ = 1000;
  std::vector<double> waits_;
};

}  // namespace ftok::testing
