#include "core/signals.h"

#include <poll.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>

namespace ftok {
namespace {

volatile std::sig_atomic_t stop_flag = 0;
std::atomic<int> ends_of_waits{0};

// A terminal that closes may say so twice: the shell tells its jobs, and the system those in the foreground. And who
// reads what the command says (`2>&1 | tee log`) may have been stopped with it: a last message to nobody does not kill.
void on_signal(int signal) {
  stop_flag = 1;
  std::signal(signal, signal == SIGHUP ? SIG_IGN : SIG_DFL);
  std::signal(SIGPIPE, SIG_IGN);
}

bool is_ignored(int signal) {
  struct sigaction action {};
  return ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

}  // namespace

void catch_stop_signals() {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    if (signal == SIGHUP && is_ignored(signal)) continue;  // by nohup
    struct sigaction action {};
    action.sa_handler = on_signal;  // without SA_RESTART: system calls end with EINTR
    ::sigaction(signal, &action, nullptr);
  }
}

bool stop_requested() { return stop_flag != 0; }

EndOfWaits::EndOfWaits() { ++ends_of_waits; }
EndOfWaits::~EndOfWaits() { --ends_of_waits; }

bool waits_end() { return stop_requested() || ends_of_waits > 0; }

void wait_until_ready(int fd, short events) {
  for (;;) {
    pollfd wait{fd, events, 0};
    const int ready = ::poll(&wait, 1, 0);
    if (ready > 0) return;
    if (waits_end()) throw Stopped();
    if (ready < 0 && errno != EINTR) throw_errno("cannot wait", errno);
    if (::poll(&wait, 1, static_cast<int>(kStopPollInterval.count())) > 0) return;
  }
}

void wait_for(std::chrono::milliseconds duration) {
  const auto end = std::chrono::steady_clock::now() + duration;
  for (;;) {
    if (waits_end()) throw Stopped();
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (left.count() <= 0) return;
    ::poll(nullptr, 0, static_cast<int>(std::min(left, kStopPollInterval).count()));
  }
}

}  // namespace ftok
