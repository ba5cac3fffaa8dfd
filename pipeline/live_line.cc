#include "pipeline/live_line.h"

#include <unistd.h>

#include <cstdio>

namespace ftok {

using std::chrono::steady_clock;

LiveLine::LiveLine(bool quiet)
    : quiet_(quiet), is_terminal_(::isatty(STDERR_FILENO) == 1), start_(steady_clock::now()), last_(start_) {}

LiveLine::~LiveLine() {
  if (is_drawn_) std::fputs("\r\x1b[K", stderr);
}

void LiveLine::show(const std::function<std::string()>& text) {
  if (quiet_) return;
  const steady_clock::time_point now = steady_clock::now();
  if (now - last_ < (is_terminal_ ? std::chrono::milliseconds(200) : std::chrono::milliseconds(30'000))) return;
  last_ = now;
  is_drawn_ = is_terminal_;
  std::fprintf(stderr, is_terminal_ ? "\r\x1b[K%s" : "ftok: %s\n", text().c_str());
  std::fflush(stderr);
}

double LiveLine::seconds() const { return std::chrono::duration<double>(steady_clock::now() - start_).count(); }

}  // namespace ftok
