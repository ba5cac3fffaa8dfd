#include "crawl/fetch_session.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <random>

#include "core/error.h"
#include "crawl/access_refused.h"

namespace ftok {
namespace {

class SystemFetchClock : public FetchClock {
 public:
  SystemFetchClock() : random_(std::random_device{}()) {}

  double now_s() override {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
  }

  bool wait_s(double seconds, const std::stop_token& stop) override {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    never.wait_for(lock, stop, std::chrono::duration<double>(seconds), [] { return false; });
    return !stop.stop_requested();
  }

  double uniform() override {
    std::lock_guard lock(mutex_);
    return std::uniform_real_distribution<double>(0, 1)(random_);
  }

 private:
  std::mutex mutex_;
  std::mt19937_64 random_;
};

struct ProcessSession {
  std::mutex mutex;
  FetchLimits limits;
  std::shared_ptr<FetchSession> session;
};

ProcessSession& process_session() {
  static ProcessSession session;
  return session;
}

}  // namespace

std::shared_ptr<FetchClock> make_system_fetch_clock() { return std::make_shared<SystemFetchClock>(); }

double back_off_s(const BackOff& back_off, int failures, double uniform) {
  const double ceiling =
      std::min(back_off.wait_max_s, back_off.wait_min_s * std::exp2(std::min(std::max(failures, 1), 60)));
  return std::max(back_off.wait_min_s, uniform * ceiling);
}

double TokenBucket::take(uint64_t count, double now_s) {
  if (per_second_ <= 0) return 0;
  if (filled_at_s_ < 0) {
    tokens_ = per_second_;
  } else {
    tokens_ = std::min(per_second_, tokens_ + (now_s - filled_at_s_) * per_second_);
  }
  filled_at_s_ = now_s;
  if (tokens_ <= 0) return -tokens_ / per_second_ + 1e-3;
  tokens_ -= static_cast<double>(count);
  return 0;
}

FetchSession::Slot::~Slot() {
  if (session_ == nullptr) return;
  {
    std::lock_guard lock(session_->mutex_);
    --session_->connections_;
  }
  session_->slot_free_.notify_one();
}

FetchSession::Slot FetchSession::connect(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  if (!slot_free_.wait(lock, stop, [&] { return connections_ < limits_.connections_max; })) return Slot(nullptr);
  ++connections_;
  return Slot(this);
}

double FetchSession::take_bytes(uint64_t bytes) {
  if (limits_.bytes_per_second_max == 0) return 0;
  const double now = clock_->now_s();
  std::lock_guard lock(mutex_);
  return bucket_.take(bytes, now);
}

void FetchSession::throw_if_refused(const std::string& host) {
  std::lock_guard lock(mutex_);
  const auto found = refused_.find(host);
  if (found != refused_.end()) {
    throw AccessRefused("no more requests to " + host + ": it refused an earlier one (" + found->second + ")");
  }
}

void FetchSession::refuse(const std::string& host, const std::string& why) {
  std::lock_guard lock(mutex_);
  refused_.emplace(host, why);
}

double FetchSession::reserve_retry(const std::string& host, double wait_s, double pace_s) {
  const double now = clock_->now_s();
  std::lock_guard lock(mutex_);
  double& next = next_retry_s_[host];
  const double at = std::max(now + wait_s, next);
  next = at + pace_s;
  return at - now;
}

double FetchSession::reserve_retry(const std::string& host, const BackOff& back_off, int failures,
                                   double retry_after_s) {
  const double wait = std::max(back_off_s(back_off, failures, clock_->uniform()), retry_after_s);
  return reserve_retry(host, wait, back_off.wait_min_s);
}

std::shared_ptr<FetchSession> process_fetch_session() {
  ProcessSession& process = process_session();
  std::lock_guard lock(process.mutex);
  if (process.session == nullptr) {
    process.session = std::make_shared<FetchSession>(process.limits, make_system_fetch_clock());
  }
  return process.session;
}

void configure_process_fetch_session(const FetchLimits& limits) {
  if (limits.connections_max < 1) throw UsageError("the limit on connections must be at least 1");
  ProcessSession& process = process_session();
  std::lock_guard lock(process.mutex);
  if (process.session != nullptr) throw Error("the limits of the fetcher must be set before its first use");
  process.limits = limits;
}

}  // namespace ftok
