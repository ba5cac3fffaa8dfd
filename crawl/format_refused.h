// FormatRefused: an input can be read, but is not in a form that ftok reads, or has not the columns that are asked for.
#pragma once

#include "core/error.h"

namespace ftok {

// The same bytes are refused by every further try.
class FormatRefused : public Error {
 public:
  using Error::Error;
};

}  // namespace ftok
