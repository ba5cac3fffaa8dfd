// AccessRefused: a server does not let us read or write (401, 403), or we have no credentials to ask it with.
#pragma once

#include "core/error.h"

namespace ftok {

// No further try will do better, here or on another machine with the same rights. Without credentials the exit code is
// UsageError's, for what is missing is in the environment.
class AccessRefused : public Error {
 public:
  using Error::Error;
};

}  // namespace ftok
