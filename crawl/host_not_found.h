// A host whose name has no address, or where nothing takes connections, or a proxy of which that is true: this machine
// is offline, or reaches the network through another proxy. A fetch then ends after a few tries and not after
// FetchOptions::attempts_max, and every later fetch from that host after one. Where the host has answered this process
// before, the name will be back, and all tries are made.
#pragma once

#include <string>

#include "core/error.h"

namespace ftok {

inline constexpr int kNoHostTriesMax = 3;
inline constexpr double kNoHostWaitS = 0.75;  // between them: with a resolver that answers, two seconds in all

// Thrown by read() of a source (fetch.h).
class HostNotFound : public Error {
 public:
  using Error::Error;
};

// `host` ("name:port") has sent something to this process; a fetch ended because it is not there. Thread-safe.
void note_answer_of(const std::string& host);
void note_not_found(const std::string& host);

// How many tries in a row to reach a `host` that is not there are worth it, of at most `tries_max`. Thread-safe.
int tries_to_find(const std::string& host, int tries_max);

}  // namespace ftok
