// Ctrl-C and SIGTERM end a run between two documents: what is committed stays, what is half-written goes.
#pragma once

#include "core/error.h"

namespace ftok {

// From now on SIGINT and SIGTERM only set the flag; a second one kills the process as usual.
void catch_stop_signals();
bool stop_requested();

// Thrown where a stop was asked for; exit 130.
class Stopped : public Error {
 public:
  Stopped() : Error("stopped; the same command resumes", 130) {}
};

}  // namespace ftok
