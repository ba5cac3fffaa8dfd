// LiveLine: one line on standard error that is redrawn while something long runs; where standard error is not a
// terminal, a plain line now and then. Never part of the output.
#pragma once

#include <chrono>
#include <functional>
#include <string>

namespace ftok {

// One thread at a time.
class LiveLine {
 public:
  explicit LiveLine(bool quiet);
  ~LiveLine();  // erases the line
  LiveLine(const LiveLine&) = delete;
  LiveLine& operator=(const LiveLine&) = delete;

  // Shows what `text` gives, when it is time again: every fifth of a second on a terminal, else every half minute.
  void show(const std::function<std::string()>& text);

  double seconds() const;  // since it was made

 private:
  bool quiet_, is_terminal_;
  bool is_drawn_ = false;
  std::chrono::steady_clock::time_point start_, last_;
};

}  // namespace ftok
