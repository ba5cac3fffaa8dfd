// A host whose name has no address: this machine is offline, or reaches the network through a proxy alone. A fetch then
// ends after a few tries and not after FetchOptions::attempts_max, unless the host has answered this process before:
// then the name will be back.
#pragma once

#include <string>

#include "core/error.h"

namespace ftok {

inline constexpr int kNoHostTriesMax = 4;  // with the waits between them about seven seconds

// Thrown by read() of a source (fetch.h).
class HostNotFound : public Error {
 public:
  using Error::Error;
};

// Whether `host` ("name:port") has sent anything to this process. Thread-safe.
void note_answer_of(const std::string& host);
bool has_answered(const std::string& host);

}  // namespace ftok
