#include "tools/ftok/terminal.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "core/error.h"

namespace ftok::cli {

Log stderr_log(bool quiet) {
  return [quiet](LogLevel level, const std::string& message) {
    if (quiet && level == LogLevel::kInfo) return;
    const char* kind = level == LogLevel::kInfo ? "" : level == LogLevel::kWarning ? "warning: " : "error: ";
    std::fprintf(stderr, "ftok: %s%s\n", kind, message.c_str());
  };
}

bool wants_colour(std::FILE* stream) {
  const char* no_colour = std::getenv("NO_COLOR");  // https://no-color.org
  return ::isatty(::fileno(stream)) == 1 && (no_colour == nullptr || *no_colour == '\0');
}

void print_out(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
    throw_errno("cannot write to standard output", errno);
  }
}

}  // namespace ftok::cli
