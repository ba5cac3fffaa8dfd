// Ctrl-C, SIGTERM and a terminal that closes (SIGHUP) end a command between two documents: what is committed stays,
// what is half-written goes. They also end every wait: for a pipe, a server, a lock, a pause between two tries.
#pragma once

#include <chrono>

#include "core/error.h"

namespace ftok {

// From now on SIGINT, SIGTERM and SIGHUP only set the flag and end waits; a second one kills the process as usual, but
// for SIGHUP. One that nohup ignores stays ignored. After the first, writing to a pipe that nobody reads kills no more.
void catch_stop_signals();
bool stop_requested();

// While one of these lives, all waits of the process end as if a stop had been asked for: something else has failed,
// and what is waited for would come too late.
class EndOfWaits {
 public:
  EndOfWaits();
  ~EndOfWaits();
  EndOfWaits(const EndOfWaits&) = delete;
  EndOfWaits& operator=(const EndOfWaits&) = delete;
};

// Whether waits are to end: stop_requested(), or an EndOfWaits.
bool waits_end();

// Thrown where a stop was asked for; exit 130.
class Stopped : public Error {
 public:
  Stopped() : Error("stopped; the same command resumes", 130) {}
};

// Waits until reading from, or writing to, descriptor `fd` would not block (poll's POLLIN or POLLOUT; an end and an
// error count as ready). Throws Stopped where waits end before that.
void wait_until_ready(int fd, short events);

// Waits for so long; throws Stopped where waits end in the meantime.
void wait_for(std::chrono::milliseconds duration);

// How long any wait lasts before waits_end() is asked again.
inline constexpr std::chrono::milliseconds kStopPollInterval{100};

}  // namespace ftok
