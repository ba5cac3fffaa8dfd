// AccessRefused: a server does not let us read or write (401, 403).
#pragma once

#include "core/error.h"

namespace ftok {

// No further try will do better, here or on another machine with the same rights.
class AccessRefused : public Error {
 public:
  using Error::Error;
};

}  // namespace ftok
