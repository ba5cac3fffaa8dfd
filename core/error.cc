#include "core/error.h"

#include <cstring>

namespace ftok {

void throw_errno(const std::string& what, int error_number) { throw Error(what + ": " + std::strerror(error_number)); }

}  // namespace ftok
