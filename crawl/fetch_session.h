// FetchSession: what all fetches of a process share, so that together they stay polite: a limit on open connections and
// on bytes per second, the pace of retries, and the hosts that refused us. Also the clock and the dice of waiting,
// which tests replace, so that no test sleeps and every wait is counted.
//
// The rules (Common Crawl's and the object stores' own advice): after a failure wait a random time of at most
// min(wait_max, wait_min * 2^failures) ("full jitter"), but never less than wait_min and never more than one retry
// per second for each host; wait as long as Retry-After asks; after a 403 send that host nothing more, for it does not
// recover.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <utility>

namespace ftok {

// Time and chance as the fetcher sees them. Thread-safe.
class FetchClock {
 public:
  virtual ~FetchClock() = default;

  // Seconds from some fixed point; never goes back.
  virtual double now_s() = 0;

  // Waits; returns false when `stop` ended the wait early.
  virtual bool wait_s(double seconds, const std::stop_token& stop) = 0;

  // A random number in [0, 1).
  virtual double uniform() = 0;
};

// The real clock. The random numbers are seeded by the system: they decide when to retry, never what is read.
std::shared_ptr<FetchClock> make_system_fetch_clock();

// How long the fetcher waits between tries.
struct BackOff {
  double wait_min_s = 1;     // the floor of every wait, and the pace of retries to one host
  double wait_max_s = 3600;  // the cap of the exponential; a longer Retry-After ends the fetch
};

// The wait before try number `failures` + 1, for `failures` >= 1: full jitter between the floor and the capped
// exponential.
double back_off_s(const BackOff& back_off, int failures, double uniform);

// A bucket of tokens, one per byte, refilled at a steady rate up to one second's worth. Not thread-safe.
class TokenBucket {
 public:
  explicit TokenBucket(uint64_t per_second) : per_second_(static_cast<double>(per_second)) {}

  // Takes `count` tokens when the bucket is not in debt (it may go into debt, so a big count passes too) and returns 0,
  // else takes nothing and returns the seconds until it would. A rate of 0 means no limit.
  double take(uint64_t count, double now_s);

 private:
  double per_second_;
  double tokens_ = 0;
  double filled_at_s_ = -1;
};

struct FetchLimits {
  int connections_max = 10;           // open at once, over all hosts (Common Crawl asks for few connections)
  uint64_t bytes_per_second_max = 0;  // over all connections; 0 means no limit
};

// Thread-safe. Must outlive nothing: sources hold it by shared_ptr.
class FetchSession {
 public:
  FetchSession(FetchLimits limits, std::shared_ptr<FetchClock> clock)
      : limits_(limits), clock_(std::move(clock)), bucket_(limits.bytes_per_second_max) {}

  FetchClock& clock() { return *clock_; }

  // A connection slot, given back when destroyed.
  class Slot {
   public:
    explicit Slot(FetchSession* session) : session_(session) {}
    Slot(Slot&& other) noexcept : session_(std::exchange(other.session_, nullptr)) {}
    Slot& operator=(Slot&&) = delete;
    ~Slot();
    explicit operator bool() const { return session_ != nullptr; }

   private:
    FetchSession* session_;
  };

  // Waits for a free connection; an empty slot when `stop` came first.
  Slot connect(std::stop_token stop);

  // Seconds until `bytes` may be taken in; 0 takes them.
  double take_bytes(uint64_t bytes);

  // Throws Error when `host` ("name:port") has refused us.
  void throw_if_refused(const std::string& host);
  void refuse(const std::string& host, const std::string& why);

  // How long the caller must wait before its next try of `host`: at least `wait_s`, and at least `pace_s` after the
  // last retry reserved for that host. Reserves the moment.
  double reserve_retry(const std::string& host, double wait_s, double pace_s);

  // The wait after the `failures`-th failure in a row (from 1), at least what the server asked for; reserves its end.
  double reserve_retry(const std::string& host, const BackOff& back_off, int failures, double retry_after_s);

 private:
  const FetchLimits limits_;
  const std::shared_ptr<FetchClock> clock_;
  std::mutex mutex_;
  std::condition_variable_any slot_free_;
  int connections_ = 0;
  TokenBucket bucket_;
  std::map<std::string, std::string> refused_;  // host -> why
  std::map<std::string, double> next_retry_s_;  // host -> the earliest moment of the next retry
};

// The session of this process, used where no other is given. `configure_process_fetch_session` sets its limits and must
// come before its first use; later calls throw Error.
std::shared_ptr<FetchSession> process_fetch_session();
void configure_process_fetch_session(const FetchLimits& limits);

}  // namespace ftok
