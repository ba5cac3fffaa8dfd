// The one rule of errors (docs/architecture.md): bad data is a value (result.h), a failed run throws Error, a misuse of
// the command line or of a recipe throws UsageError, a bug asserts. Only tools/ftok/main.cc catches, prints and exits.
#pragma once

#include <stdexcept>
#include <string>

namespace ftok {

// A run that cannot continue: the message is one line that names what failed and where (file, offset, key).
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& message, int exit_code = 1) : std::runtime_error(message), exit_code_(exit_code) {}
  int exit_code() const { return exit_code_; }

 private:
  int exit_code_;
};

// A wrong flag, recipe key or argument: exit 2. The message names the flag or key, what was got and what was expected.
class UsageError : public Error {
 public:
  explicit UsageError(const std::string& message) : Error(message, 2) {}
};

// Error with the text of `error_number` (an errno) appended: "cannot write out/x: No space left on device".
[[noreturn]] void throw_errno(const std::string& what, int error_number);

}  // namespace ftok
